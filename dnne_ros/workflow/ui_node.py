"""The `nodes` of a UI file: who they are, what their slots mean, and how they take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.node_head import NodeHead, read_id
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_slots import Role, Slot, read_slots

MUTED, BYPASSED = 2, 4
MODES = (0, 1, MUTED, 3, BYPASSED)


class Part(Enum):
    """What part a node plays in the graph that runs."""

    ACTIVE = "active"
    REROUTE = "reroute"  # passes its input on
    BYPASSED = "bypassed"  # passes inputs on to outputs of a matching type
    PRIMITIVE = "primitive"  # gives its value to a widget
    ABSENT = "absent"  # takes its links with it


VIRTUAL = {
    "Reroute": Part.REROUTE,
    "PrimitiveNode": Part.PRIMITIVE,
    "Note": Part.ABSENT,
    "MarkdownNote": Part.ABSENT,
}


@dataclass(frozen=True)
class UiNode(NodeHead):
    """A node of a UI file; ``raw`` is its entry.  Slots are None where nobody knows them."""

    part: Part
    inputs: tuple[Slot, ...] | None
    outputs: tuple[Slot, ...] | None
    raw: Mapping[str, Any]

    def slot(self, side: str, index: int) -> Slot | None:
        """Return slot ``index`` of ``side`` ("inputs", "outputs"); None where there is none."""
        slots: tuple[Slot, ...] | None = getattr(self, side)
        if slots is None:
            # A reroute or a node of unknown type: any slot may be meant.
            return Slot("" if self.part is Part.REROUTE else f"{side[:-1]} {index}", "",
                        Role.PORT)
        return slots[index] if index < len(slots) else None


def read_ui_nodes(entries: list[Any], signature_of: SignatureLookup, subgraphs: Mapping[str, str],
                  problems: Problems) -> dict[str, UiNode]:
    """Return the nodes by id, absent ones too, so that links to them are understood.

    ``subgraphs`` has the names of the file's subgraph definitions by their ids.
    """
    nodes: dict[str, UiNode] = {}
    for index, entry in enumerate(entries):
        id_ = read_id(entry.get("id")) if isinstance(entry, dict) else None
        if id_ is None:
            problems.add(f"expected entry {index} of nodes to be an object with an id (a whole "
                         f"number or text), found "
                         f"{shown(entry.get('id') if isinstance(entry, dict) else entry)}")
            continue
        node = _read_node(id_, entry, signature_of, subgraphs, problems)
        if id_ in nodes:
            node.report(problems, f"its id is taken by {nodes[id_]} already; each id must be one "
                                  "node's own")
            continue
        nodes[id_] = node
    return nodes


def _read_node(id_: str, entry: Mapping[str, Any], signature_of: SignatureLookup,
               subgraphs: Mapping[str, str], problems: Problems) -> UiNode:
    found, title = entry.get("type"), entry.get("title")
    type_ = found if isinstance(found, str) else ""
    known = type_ != ""
    virtual = VIRTUAL.get(type_) if known else None
    head = NodeHead(
        id=id_,
        type=type_,
        title=title if isinstance(title, str) else "",
        signature=signature_of(type_) if known and virtual is None else None)
    part = _read_part(head, virtual, entry.get("mode", 0), problems)
    if not known and part is not Part.ABSENT:
        head.report(problems, f"expected a type (text), found {shown(found)}")
        part = Part.ABSENT
    if part is Part.ACTIVE and head.type in subgraphs:
        head.report(problems, f"is the subgraph {subgraphs[head.type]!r}, and subgraphs are not "
                              "supported: expand it in the editor and save again")
        part = Part.ABSENT
    has_slots = part in (Part.ACTIVE, Part.BYPASSED)
    # A bypassed node does not run, so what is odd about its ports is nobody's concern.
    told = problems if part is Part.ACTIVE else Problems(problems.source)
    return UiNode(
        id=head.id, type=head.type, title=head.title, signature=head.signature, part=part,
        inputs=read_slots(head, "inputs", entry.get("inputs"), told) if has_slots else None,
        outputs=read_slots(head, "outputs", entry.get("outputs"), told) if has_slots else None,
        raw=entry)


def _read_part(head: NodeHead, virtual: Part | None, mode: Any, problems: Problems) -> Part:
    if isinstance(mode, bool) or not isinstance(mode, int) or mode not in MODES:
        head.report(problems, f"expected its mode to be one of {MODES}, found {shown(mode)}")
        mode = 0
    if mode == MUTED or (mode == BYPASSED and virtual is Part.PRIMITIVE):
        return Part.ABSENT
    if virtual is not None:
        return virtual
    return Part.BYPASSED if mode == BYPASSED else Part.ACTIVE
