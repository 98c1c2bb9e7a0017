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
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import PortSignature

DEAD_TYPE = "CONTEXT"


class Role(Enum):
    """What a slot turned out to be."""

    PORT = "port"
    WIDGET = "widget"
    DEAD = "dead"  # of a type that is no more, or reported already: its links are ignored
    UNKNOWN = "unknown"  # a problem as soon as something is linked to it


@dataclass(frozen=True)
class Slot:
    """A port or widget of one node: its declared name and type where it has a declaration."""

    name: str
    type: str
    role: Role
    link: str | None = None


def declared_slots(ports: Iterable[PortSignature]) -> tuple[Slot, ...]:
    """Return the slots of a node whose ports the file does not list."""
    return tuple(Slot(port.name, port.type, Role.PORT) for port in ports)


def read_slots(node: NodeHead, side: str, entries: Any,
               problems: Problems) -> tuple[Slot, ...] | None:
    """Return the slots on one ``side`` ("inputs", "outputs") of a node, in the file's order.

    None when neither the file nor a signature tells them.
    """
    if entries is not None and not isinstance(entries, list):
        node.report(problems, f"expected its {side} to be a list, found {shown(entries)}")
    if not isinstance(entries, list):
        return declared_slots(getattr(node.signature, side)) if node.signature else None
    return tuple(_read_slot(node, side, index, entry, problems)
                 for index, entry in enumerate(entries))


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
        return Slot(port.name, port.type, Role.PORT, link)
    if type_ == DEAD_TYPE:
        return Slot(name, type_, Role.DEAD)
    if side == "inputs" and any(widget.name == name for widget in node.signature.widgets):
        # Some editors turn a widget into an input without marking it as one.
        return Slot(name, type_, Role.WIDGET, link)
    return Slot(name, type_, Role.UNKNOWN, link)
