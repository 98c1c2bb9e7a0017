"""Definitions of subgraphs in a UI file: canvases of their own, entered and left through doors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dnne_ros.workflow.node_head import read_id
from dnne_ros.workflow.ui_slots import Role, Slot

# The ids that links inside a definition give to its two doors.
INPUT_DOOR, OUTPUT_DOOR = "-10", "-20"


@dataclass(frozen=True)
class Definition:
    """A subgraph; ``raw`` is its entry.  Slots are those of the nodes that stand for it.

    ``fault`` says why it cannot be taken apart, where that is known before it is tried.
    """

    id: str
    name: str
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]
    input_door: str
    output_door: str
    raw: Mapping[str, Any]
    fault: str = ""


def read_definitions(document: Mapping[str, Any]) -> dict[str, Definition]:
    """Return a file's definitions by id, those that lie inside others too."""
    found: dict[str, Definition] = {}
    ahead: list[Any] = [document]
    while ahead:
        definitions = ahead.pop().get("definitions")
        entries = definitions.get("subgraphs") if isinstance(definitions, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            id_ = read_id(entry.get("id")) if isinstance(entry, dict) else None
            if id_ is not None and id_ not in found:
                found[id_] = _read_definition(id_, entry)
                ahead.append(entry)
    return found


def _read_definition(id_: str, entry: Mapping[str, Any]) -> Definition:
    name = entry.get("name")
    return Definition(
        id_, name if isinstance(name, str) and name else id_,
        _slots(entry.get("inputs")), _slots(entry.get("outputs")),
        _door(entry.get("inputNode"), INPUT_DOOR), _door(entry.get("outputNode"), OUTPUT_DOOR),
        entry)


def _slots(entries: Any) -> tuple[Slot, ...]:
    slots = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        fields = entry if isinstance(entry, dict) else {}
        name, type_ = fields.get("name"), fields.get("type")
        slots.append(Slot(name if isinstance(name, str) else f"slot {index}",
                          type_ if isinstance(type_, str) else "", Role.PORT))
    return tuple(slots)


def _door(entry: Any, usual: str) -> str:
    return (read_id(entry.get("id")) if isinstance(entry, dict) else None) or usual
