"""Ports and widgets of a node inside a group node, in the order in which the editor has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dnne_ros.workflow.constants import VALUE
from dnne_ros.workflow.foreign import DISPLAY_ONLY, LABELS
from dnne_ros.workflow.signature import NodeSignature, PortSignature

PRIMITIVE, REROUTE = "PrimitiveNode", "Reroute"
_SEEDS = ("seed", "noise_seed")


class InnerPort(NamedTuple):
    """A port or widget of an inner node; ``slot`` is its place in the node's list.

    ``listed`` tells whether the file has it there.  ``controlled`` widgets may have a second value
    behind theirs, which says what becomes of them after a run.
    """

    name: str
    type: str
    slot: int
    listed: bool = True
    is_widget: bool = False
    controlled: bool = False


@dataclass
class InnerNode:
    """A node of a group's definition: ``entry`` is that of a subgraph, with all of its slots."""

    index: int
    entry: dict[str, Any]
    ports: list[InnerPort] = field(default_factory=list)
    widgets: list[InnerPort] = field(default_factory=list)
    outputs: list[InnerPort] = field(default_factory=list)

    @property
    def id(self) -> int:
        """Return its number in the subgraph."""
        return int(self.entry["id"])

    @property
    def type(self) -> Any:
        """Return its type's name, or what the file has for it."""
        return self.entry.get("type")

    @property
    def title(self) -> str:
        """Return what the editor tells it apart by."""
        title = self.entry.get("title")
        return title if isinstance(title, str) and title else str(self.type)

    def label(self, side: str, port: InnerPort) -> str:
        """Return what its author called a port, else the port's name."""
        listed = self.entry[side]
        label = listed[port.slot].get("label") if port.slot < len(listed) else None
        return label if isinstance(label, str) and label else port.name

    @property
    def is_primitive(self) -> bool:
        """Tell whether it is a value alone, which the group node shows as a widget."""
        return bool(self.type == PRIMITIVE)


def inner_node(index: int, id: int, raw: Mapping[str, Any], signature: NodeSignature | None,
               nested: tuple[Iterable[InnerPort], Iterable[InnerPort]] | None) -> InnerNode:
    """Return a node of a definition; ``nested`` has a group node's own inputs and outputs."""
    entry = {**raw, "id": id, "order": index, "mode": raw.get("mode", 0),
             "inputs": _copied(raw.get("inputs")), "outputs": _copied(raw.get("outputs"))}
    entry.setdefault("flags", {})
    entry.setdefault("properties", {})
    node = InnerNode(index, entry)
    if nested is not None:
        for port in nested[0]:
            (node.widgets if port.is_widget else node.ports).append(_input(
                entry, port.name, port.type, is_widget=port.is_widget, controlled=port.controlled))
        node.outputs += [_listed(entry, "outputs", port.name, port.type, port.name.__eq__)
                         for port in nested[1]]
    elif signature is not None:
        _add_declared(node, signature)
    elif node.is_primitive:
        node.widgets.append(InnerPort(
            VALUE, type_at(entry["outputs"], 0), 0, False, True, True))
        node.outputs += _unknown(entry["outputs"])
    elif node.type not in DISPLAY_ONLY | LABELS:
        node.ports += [port for port in _unknown(entry["inputs"]) if not port.is_widget]
        node.widgets += [port for port in _unknown(entry["inputs"]) if port.is_widget]
        node.outputs += _unknown(entry["outputs"])
    return node


def _add_declared(node: InnerNode, signature: NodeSignature) -> None:
    # What the file does not list the type did not have when the group was made; a definition
    # without lists leaves it to the type.
    entry = node.entry
    taken, given = ([each["name"] for each in entry[side] if isinstance(each, dict)
                     and isinstance(each.get("name"), str)] for side in ("inputs", "outputs"))
    saved = entry.get("widgets_values")
    if saved is None and (taken or given):
        saved = []
    widgets = signature.widgets[:len(saved)] if isinstance(saved, list) else signature.widgets
    node.ports += [_input(entry, port.name, port.type, port.answers_to)
                   for port in signature.inputs if not taken or any(map(port.answers_to, taken))]
    node.widgets += [_input(entry, widget.name, widget.type, is_widget=True,
                            controlled=widget.is_seed or widget.name in _SEEDS)
                     for widget in widgets]
    node.outputs += [_output(entry, port) for port in signature.outputs
                     if not given or any(map(port.answers_to, given))]
    if signature.own_ports:
        for side, known in (("inputs", node.ports + node.widgets), ("outputs", node.outputs)):
            slots = {port.slot for port in known}
            (node.ports if side == "inputs" else node.outputs).extend(
                port for port in _unknown(entry[side])
                if port.slot not in slots and not port.is_widget)


def _output(entry: dict[str, Any], port: PortSignature) -> InnerPort:
    return _listed(entry, "outputs", port.name, port.type, port.answers_to)


def _input(entry: dict[str, Any], name: str, type: str,
           answers: Callable[[str], bool] | None = None, *, is_widget: bool = False,
           controlled: bool = False) -> InnerPort:
    """Return an input of a node, which it lists from now on."""
    found = _listed(entry, "inputs", name, type, answers or name.__eq__)
    if is_widget:
        listed = entry["inputs"][found.slot]
        listed.setdefault("widget", {"name": name})
    return found._replace(is_widget=is_widget, controlled=controlled)


def _listed(entry: dict[str, Any], side: str, name: str, type: str,
            answers: Callable[[str], bool]) -> InnerPort:
    for slot, each in enumerate(entry[side]):
        known = each.get("name") if isinstance(each, dict) else None
        if isinstance(known, str) and answers(known):
            return InnerPort(known, type, slot)
    entry[side].append({"name": name, "type": type})
    return InnerPort(name, type, len(entry[side]) - 1, listed=False)


def _unknown(entries: list[Any]) -> list[InnerPort]:
    return [InnerPort(each["name"], type_at(entries, slot), slot,
                      is_widget=isinstance(each.get("widget"), dict))
            for slot, each in enumerate(entries)
            if isinstance(each, dict) and isinstance(each.get("name"), str)]


def type_at(entries: list[Any], slot: int) -> str:
    """Return the type of an entry of a list of slots; `*` where it has none."""
    entry = entries[slot] if slot < len(entries) else None
    type_ = entry.get("type") if isinstance(entry, dict) else None
    return type_ if isinstance(type_, str) and type_ else "*"


def _copied(entries: Any) -> list[Any]:
    return [dict(each) if isinstance(each, dict) else each
            for each in (entries if isinstance(entries, list) else [])]
