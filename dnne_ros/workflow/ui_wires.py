"""Links of a UI file with their slots turned into ports, one into each input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dnne_ros.errors import Problems
from dnne_ros.workflow.shown import listed
from dnne_ros.workflow.ui_link import UiLink
from dnne_ros.workflow.ui_node import Part, UiNode
from dnne_ros.workflow.ui_slots import DEAD_TYPE, Role, Slot


@dataclass(frozen=True)
class Wire:
    """A link whose ends are known; virtual nodes may still be at either end."""

    id: str
    source: UiNode
    output: Slot
    target: UiNode
    input: Slot


def connect(nodes: Mapping[str, UiNode], links: Mapping[str, UiLink],
            problems: Problems) -> list[Wire]:
    """Return the wires that the links make, reporting those that lead nowhere."""
    wires: dict[tuple[str, Role, str], Wire] = {}
    for link in links.values():
        wire = _connect_one(nodes, link, problems)
        if wire is None:
            continue
        place = (wire.target.id, wire.input.role, wire.input.name)
        first = wires.setdefault(place, wire)
        if first is not wire:
            wire.target.report(
                problems, f"expected one link, found two: from {_origin(first)} and from "
                          f"{_origin(wire)}",
                port=wire.input.name or None)
    for node in nodes.values():
        if node.part is Part.ACTIVE:
            _check_claims(node, links, problems)
    return list(wires.values())


def _connect_one(nodes: Mapping[str, UiNode], link: UiLink,
                 problems: Problems) -> Wire | None:
    source, target = nodes.get(link.source), nodes.get(link.target)
    if source is None or target is None:
        _report_missing(link, source, target, problems)
        return None
    if Part.ABSENT in (source.part, target.part):
        return None
    output = source.slot("outputs", link.source_slot)
    input_ = target.slot("inputs", link.target_slot)
    if link.type == DEAD_TYPE and (output is None or input_ is None):
        return None
    if any(slot is not None and slot.role is Role.DEAD for slot in (output, input_)):
        return None
    # Both ends are looked at, so that a link that is wrong at both is reported in full.
    output = _usable(source, "outputs", link.source_slot, output, link, problems)
    input_ = _usable(target, "inputs", link.target_slot, input_, link, problems)
    if output is None or input_ is None:
        return None
    return Wire(link.id, source, output, target, input_)


def _usable(node: UiNode, side: str, index: int, slot: Slot | None, link: UiLink,
            problems: Problems) -> Slot | None:
    if slot is not None and slot.role is not Role.UNKNOWN:
        return slot
    if node.part is Part.BYPASSED:
        return None
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


def _origin(wire: Wire) -> str:
    return f"{wire.source}, {wire.output.name}" if wire.output.name else str(wire.source)


def _report_missing(link: UiLink, source: UiNode | None, target: UiNode | None,
                    problems: Problems) -> None:
    missing = [f"node {id_}" for id_, node in ((link.source, source), (link.target, target))
               if node is None]
    message = f"link {link.id} is attached to {' and '.join(missing)}, not found in the file"
    # Said at the end that does exist: there the link can be drawn again.
    present = source or target
    if present is None:
        problems.add(message)
    elif present.part is not Part.ABSENT:
        present.report(problems, message)


def _check_claims(node: UiNode, links: Mapping[str, UiLink], problems: Problems) -> None:
    """Report inputs whose `link` id disagrees with the table of links."""
    for index, slot in enumerate(node.inputs or ()):
        if slot.link is None or slot.role not in (Role.PORT, Role.WIDGET):
            continue
        link = links.get(slot.link)
        if link is None:
            node.report(problems, f"expected link {slot.link}, which this input names, among the "
                                  "file's links; it is not there", port=slot.name)
        elif (link.target, link.target_slot) != (node.id, index):
            node.report(problems, f"this input (slot {index}) names link {link.id}, but that link "
                                  f"leads to slot {link.target_slot} of node {link.target}",
                        port=slot.name)
