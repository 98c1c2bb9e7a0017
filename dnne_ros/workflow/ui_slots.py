"""What a slot index of a UI file means: the file's own port lists, read with the signature.

The index counts in the list that the file was saved with, which may hold ports that are gone
today; so the file's name is looked up by index, and the declared port by that name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.node_head import NodeHead, read_id
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import NodeSignature, PortSignature

DEAD_TYPE = "CONTEXT"


class Role(Enum):
    """What a slot turned out to be."""

    PORT = "port"
    WIDGET = "widget"
    DEAD = "dead"  # of a type that is no more, or reported already: its links are ignored
    UNKNOWN = "unknown"  # a problem as soon as something is linked to it


@dataclass(frozen=True)
class Slot:
    """A port or widget of one node: its declared name where it has a declaration.

    ``type`` is the file's, by which the editor tells what a bypassed node passes on; the declared
    one where the file has none.
    """

    name: str
    type: str
    role: Role
    link: str | None = None


def read_slots(node: NodeHead, side: str, entries: Any,
               problems: Problems) -> tuple[Slot, ...] | None:
    """Return the slots on one ``side`` ("inputs", "outputs") of a node, in the file's order.

    None when neither the file nor a signature tells them.
    """
    if entries is not None and not isinstance(entries, list):
        node.report(problems, f"expected its {side} to be a list, found {shown(entries)}")
    if not isinstance(entries, list):
        return _declared(getattr(node.signature, side)) if node.signature else None
    slots = tuple(_read_slot(node, side, index, entry, problems)
                  for index, entry in enumerate(entries))
    if side == "outputs" and len(slots) == 1 and slots[0].role is Role.UNKNOWN:
        return (_sole_output(node, slots[0], problems),)
    return slots


def read_passing_slots(node: NodeHead, side: str, entries: Any) -> tuple[Slot, ...] | None:
    """Return the slots of a node that only passes data on, which goes by their types alone."""
    nowhere = Problems("")  # such a node does not run: what is odd about it is nobody's concern
    anonymous = NodeHead(node.id, node.type, node.title, None)
    slots = read_slots(anonymous, side, entries if isinstance(entries, list) else None, nowhere)
    if node.signature is None:
        return slots
    ports: tuple[PortSignature, ...] = getattr(node.signature, side)
    if slots is None:
        return _declared(ports)
    types = {name: port.type for port in ports for name in (port.name, *port.aliases)}
    return tuple(
        slot if slot.type else Slot(slot.name, types.get(slot.name, ""), slot.role, slot.link)
        for slot in slots)


def widget_slots(signature: NodeSignature) -> tuple[Slot, ...]:
    """Return the slots that the editor gives to the widgets of a node, behind all others."""
    return tuple(Slot(widget.name, widget.type, Role.WIDGET) for widget in signature.widgets)


def _declared(ports: Iterable[PortSignature]) -> tuple[Slot, ...]:
    return tuple(Slot(port.name, port.type, Role.PORT) for port in ports)


def _read_slot(node: NodeHead, side: str, index: int, entry: Any, problems: Problems) -> Slot:
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str):
        node.report(problems, f"expected entry {index} of its {side} to be an object with a "
                              f"name, found {shown(entry)}")
        return Slot(f"{side} {index}", "", Role.DEAD)
    type_ = entry.get("type") if isinstance(entry.get("type"), str) else ""
    link = read_id(entry.get("link"))
    if side == "inputs" and entry.get("widget") is not None:
        widget = entry["widget"].get("name") if isinstance(entry["widget"], dict) else None
        return Slot(widget if isinstance(widget, str) else name, type_, Role.WIDGET, link)
    if node.signature is None:
        return Slot(name, type_, Role.DEAD if type_ == DEAD_TYPE else Role.PORT, link)
    port = node.signature.input(name) if side == "inputs" else node.signature.output(name)
    if port is not None:
        return Slot(port.name, type_ or port.type, Role.PORT, link)
    if type_ == DEAD_TYPE:
        return Slot(name, type_, Role.DEAD)
    if side == "inputs" and node.signature.widget(name) is not None:
        # Some editors turn a widget into an input without marking it as one.
        return Slot(name, type_, Role.WIDGET, link)
    role = Role.PORT if node.signature.own_ports else Role.UNKNOWN
    return Slot(name, type_, role, link)


def _sole_output(node: NodeHead, slot: Slot, problems: Problems) -> Slot:
    """Return a node's only output with the one declared name that its type allows, if one is."""
    signature = node.signature
    suiting = [port for port in signature.outputs if _may_be(signature, slot.type, port.type)] \
        if signature is not None else []
    if len(suiting) != 1:
        return slot
    note(problems, f"{node}: its output {slot.name!r} is taken for {suiting[0].name!r}, the only "
                   f"one of type {slot.type}")
    return Slot(suiting[0].name, slot.type, Role.PORT, slot.link)


def _may_be(signature: NodeSignature, saved: str, declared: str) -> bool:
    return saved != "" and (signature.types_match(saved, declared)
                            or signature.types_match(declared, saved))
