"""Links of a UI file with their slots turned into ports, one into each input."""

from __future__ import annotations

from dataclasses import dataclass

from dnne_ros.errors import Problems
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import listed
from dnne_ros.workflow.ui_canvas import UiCanvas
from dnne_ros.workflow.ui_link import UiLink
from dnne_ros.workflow.ui_node import Part, UiNode
from dnne_ros.workflow.ui_slots import DEAD_TYPE, Role, Slot

# Nodes that run, or hold a value: their slots have declared names.
_NAMED = (Part.ACTIVE, Part.CONSTANT)
# Stands for the source of a link that was refused, at whose other end there is nothing to claim.
_REFUSED = UiNode("", "", "", None, Part.REFUSED, None, None, {})
_NOWHERE = Slot("", "", Role.PORT)


@dataclass(frozen=True)
class Wire:
    """A link whose ends are known; virtual nodes may still be at either end."""

    id: str
    source: UiNode
    source_slot: int
    output: Slot
    target: UiNode
    target_slot: int
    input: Slot

    @property
    def origin(self) -> str:
        """Return the wire's source for a message."""
        return f"{self.source}, {self.output.name}" if self.output.name else str(self.source)


def connect(canvas: UiCanvas, problems: Problems) -> list[Wire]:
    """Return the wires that the links make, reporting those that lead nowhere.

    An input whose link was refused at the other end has a wire from a refused node.
    """
    wires: dict[tuple[str, Role, str | int], Wire] = {}
    for link in canvas.links.by_id.values():
        wire = _connect_one(canvas, link, problems)
        if wire is not None:
            _add(wires, wire, problems)
    for wire in _check_claims(canvas, problems):
        wires.setdefault(_place(wire), wire)
    return list(wires.values())


def _place(wire: Wire) -> tuple[str, Role, str | int]:
    named = wire.target.part in _NAMED
    return wire.target.id, wire.input.role, wire.input.name if named else wire.target_slot


def _add(wires: dict[tuple[str, Role, str | int], Wire], wire: Wire, problems: Problems) -> None:
    place = _place(wire)
    first = wires.setdefault(place, wire)
    if first is wire:
        return
    if first.source.part in (Part.MUTED, Part.REFUSED):
        wires[place] = wire
    elif wire.source.part in (Part.MUTED, Part.REFUSED):
        return
    elif (first.source.id, first.source_slot) == (wire.source.id, wire.source_slot):
        note(problems, f"links {first.id} and {wire.id} are the same: from {wire.origin} to "
                       f"{wire.target}, {wire.input.name}")
    else:
        wire.target.report(problems, f"expected one link, found two: from {first.origin} and from "
                                     f"{wire.origin}", port=wire.input.name or None)


def _connect_one(canvas: UiCanvas, link: UiLink, problems: Problems) -> Wire | None:
    source, target = canvas.nodes.get(link.source), canvas.nodes.get(link.target)
    if source is None or target is None:
        _report_missing(link, source, target, problems)
    if target is None or target.part in (Part.DISPLAY_ONLY, Part.REFUSED):
        return None
    if source is not None and source.part is Part.DISPLAY_ONLY:
        return None
    output = source.slot("outputs", link.source_slot) if source is not None else _NOWHERE
    target_slot = target.moved.get(link.target_slot, link.target_slot)
    input_ = target.slot("inputs", target_slot)
    if link.type == DEAD_TYPE and (output is None or input_ is None):
        return None
    if any(slot is not None and slot.role is Role.DEAD for slot in (output, input_)):
        return None
    # Both ends are looked at, so that a link that is wrong at both is reported in full.
    if source is not None:
        output = _usable(source, "outputs", link.source_slot, output, link, problems)
    input_ = _usable(target, "inputs", link.target_slot, input_, link, problems)
    if input_ is None:
        return None
    if target.part in (Part.REROUTE, Part.LABEL):
        target_slot = 0
    if source is None or output is None:
        return Wire(link.id, _REFUSED, 0, _NOWHERE, target, target_slot, input_)
    return Wire(link.id, source, link.source_slot, output, target, target_slot, input_)


def _usable(node: UiNode, side: str, index: int, slot: Slot | None, link: UiLink,
            problems: Problems) -> Slot | None:
    if slot is not None and slot.role is not Role.UNKNOWN:
        return slot
    if node.part in (Part.BYPASSED, Part.MUTED, Part.REFUSED):
        return _NOWHERE if side == "outputs" else None
    if slot is None:
        node.report(problems, f"link {link.id} is at slot {index} of its {side}, which does not "
                              f"exist; {_ports(node, side)}")
    else:
        node.report(problems, f"{node.type} has no {side[:-1]} {slot.name!r}, to which link "
                              f"{link.id} is attached; {_ports(node, side)}", port=slot.name)
    return None


def _ports(node: UiNode, side: str) -> str:
    known = node.signature if node.signature is not None else node
    return f"its {side} are: {listed(port.name for port in getattr(known, side) or ())}"


def _report_missing(link: UiLink, source: UiNode | None, target: UiNode | None,
                    problems: Problems) -> None:
    missing = [f"node {id_}" for id_, node in ((link.source, source), (link.target, target))
               if node is None]
    message = f"link {link.id} is attached to {' and '.join(missing)}, not found in the file"
    # Said at the end that does exist: there the link can be drawn again.
    present = source or target
    if present is None:
        note(problems, message)
    elif present.part not in (Part.MUTED, Part.DISPLAY_ONLY, Part.REFUSED):
        present.report(problems, message)


def _check_claims(canvas: UiCanvas, problems: Problems) -> list[Wire]:
    """Report inputs whose `link` id disagrees with the table of links; return refused wires."""
    refused = []
    links = canvas.links
    for node in canvas.nodes.values():
        if node.part is not Part.ACTIVE:
            continue
        for index, slot in enumerate(node.inputs or ()):
            if slot.link is None or slot.role not in (Role.PORT, Role.WIDGET):
                continue
            id_ = node.prefix + slot.link
            link = links.by_id.get(id_)
            if link is not None and (link.target, link.target_slot) == (node.id, index):
                continue
            refused.append(Wire(f"{id_} of {node.id}", _REFUSED, 0, _NOWHERE, node, index, slot))
            if link is not None:
                node.report(problems, f"this input (slot {index}) names link {id_}, but that link "
                                      f"leads to slot {link.target_slot} of node {link.target}",
                            port=slot.name)
            elif links.complete:
                node.report(problems, f"expected link {id_}, which this input names, among the "
                                      "file's links; it is not there", port=slot.name)
    return refused
