"""The `nodes` of a UI file: who they are, what their slots mean, and how they take part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.constants import constant_signature
from dnne_ros.workflow.foreign import DISPLAY_ONLY, LABELS, why_not_a_type
from dnne_ros.workflow.node_head import NodeHead, read_id
from dnne_ros.workflow.residue import note
from dnne_ros.workflow.shown import shown
from dnne_ros.workflow.signature import NodeSignature, SignatureLookup
from dnne_ros.workflow.ui_definitions import Definition
from dnne_ros.workflow.ui_slots import Role, Slot, read_passing_slots, read_slots, widget_slots

MUTED, BYPASSED = 2, 4
MODES = (0, 1, MUTED, 3, BYPASSED)


class Part(Enum):
    """What part a node plays in the graph that runs."""

    ACTIVE = "active"
    REROUTE = "reroute"  # passes its input on
    LABEL = "label"  # passes the input of the label of its name on
    BYPASSED = "bypassed"  # passes inputs on to outputs of a matching type
    SUBGRAPH = "subgraph"  # stands for the nodes of a definition
    DOOR = "door"  # where links enter and leave such a definition
    PRIMITIVE = "primitive"  # gives its value to a widget
    CONSTANT = "constant"  # the same, and its value is a widget of its own
    MUTED = "muted"  # takes its links with it
    DISPLAY_ONLY = "display only"  # of the editor alone
    REFUSED = "refused"  # what is wrong with it is reported


VIRTUAL = {
    "Reroute": Part.REROUTE,
    "PrimitiveNode": Part.PRIMITIVE,
    **dict.fromkeys(LABELS, Part.LABEL),
    **dict.fromkeys(DISPLAY_ONLY, Part.DISPLAY_ONLY),
}


@dataclass(frozen=True)
class UiNode(NodeHead):
    """A node of a UI file; ``raw`` is its entry.  Slots are None where nobody knows them.

    ``prefix`` is that of its canvas, before the ids of its nodes and links; ``shift`` is where
    the canvas lies on the file's own, in pixels.  ``moved`` says where an input of the file is
    among ``inputs``, if elsewhere.
    """

    part: Part
    inputs: tuple[Slot, ...] | None
    outputs: tuple[Slot, ...] | None
    raw: Mapping[str, Any]
    prefix: str = ""
    shift: tuple[float, float] = (0.0, 0.0)
    moved: Mapping[int, int] = field(default_factory=dict)

    def slot(self, side: str, index: int) -> Slot | None:
        """Return slot ``index`` of ``side`` ("inputs", "outputs"); None where there is none."""
        slots: tuple[Slot, ...] | None = getattr(self, side)
        if slots is None:
            # A reroute, a label or a node of unknown type: any slot may be meant.
            nameless = self.part in (Part.REROUTE, Part.LABEL)
            return Slot("" if nameless else f"{side[:-1]} {index}", "", Role.PORT)
        return slots[index] if index < len(slots) else None


@dataclass(frozen=True)
class NodeReader:
    """Reads the nodes of one canvas; ``definitions`` are the file's subgraphs by their ids."""

    signature_of: SignatureLookup
    definitions: Mapping[str, Definition]
    problems: Problems
    prefix: str = ""
    shift: tuple[float, float] = (0.0, 0.0)

    def read(self, entries: list[Any]) -> dict[str, UiNode]:
        """Return the nodes by id, absent ones too, so that links to them are understood."""
        nodes: dict[str, UiNode] = {}
        for index, entry in enumerate(entries):
            if entry is None:
                note(self.problems, f"entry {index} of nodes is null")
                continue
            id_ = read_id(entry.get("id")) if isinstance(entry, dict) else None
            if id_ is None:
                found = shown(entry.get("id") if isinstance(entry, dict) else entry)
                self.problems.add(f"expected entry {index} of nodes to be an object with an id "
                                  f"(a whole number or text), found {found}")
                continue
            node = self._read_node(self.prefix + id_, entry)
            if node.id in nodes:
                node.report(self.problems, f"its id is taken by {nodes[node.id]} already; each "
                                           "id must be one node's own")
                continue
            nodes[node.id] = node
        return nodes

    def _read_node(self, id_: str, entry: Mapping[str, Any]) -> UiNode:
        type_, title = entry.get("type"), entry.get("title")
        type_ = type_ if isinstance(type_, str) else ""
        head = NodeHead(id_, type_, title if isinstance(title, str) else "",
                        self._signature(type_, entry))
        part = self._part(head, entry)
        inputs = outputs = None
        moved: Mapping[int, int] = {}
        if part in (Part.ACTIVE, Part.CONSTANT):
            inputs = read_slots(head, "inputs", entry.get("inputs"), self.problems)
            outputs = read_slots(head, "outputs", entry.get("outputs"), self.problems)
        elif part in (Part.BYPASSED, Part.MUTED, Part.SUBGRAPH):
            inputs, moved = self._passing_inputs(head, entry.get("inputs"))
            outputs = read_passing_slots(head, "outputs", entry.get("outputs"))
            if outputs is None and head.type in self.definitions:
                outputs = self.definitions[head.type].outputs
        return UiNode(head.id, head.type, head.title, head.signature, part, inputs, outputs,
                      entry, self.prefix, self.shift, moved)

    def _signature(self, type_: str, entry: Mapping[str, Any]) -> NodeSignature | None:
        if type_ in VIRTUAL or type_ in self.definitions or not type_:
            return None
        signature = self.signature_of(type_) or constant_signature(type_, self.signature_of)
        if signature is None or not signature.namesakes:
            return signature
        slots = [slot for side in ("inputs", "outputs") if isinstance(entry.get(side), list)
                 for slot in entry[side] if isinstance(slot, dict)]
        return signature.meant_by([slot["name"] for slot in slots
                                   if isinstance(slot.get("name"), str)])

    def _passing_inputs(self, head: NodeHead, entries: Any
                        ) -> tuple[tuple[Slot, ...] | None, Mapping[int, int]]:
        """Return a node's inputs as the editor counts them, and where those of the file went.

        It has a slot for each widget, and a subgraph's node one for each input of its
        definition, whether or not the file lists them.
        """
        slots = read_passing_slots(head, "inputs", entries)
        first: tuple[Slot, ...] = ()
        if head.type in self.definitions:
            known = self.definitions[head.type].inputs
        elif head.signature is not None:
            known = widget_slots(head.signature)
            first = tuple(slot for slot in slots or () if slot.role is not Role.WIDGET)
        elif slots is None and head.type in VIRTUAL:
            return (Slot("", "*", Role.PORT),), {}
        else:
            return slots, {}
        listed = {slot.name: slot for slot in slots or () if slot not in first}
        ordered = (*first, *(listed.pop(slot.name, slot) for slot in known), *listed.values())
        moved = {index: ordered.index(slot) for index, slot in enumerate(slots or ())
                 if slot in ordered}
        return ordered, moved

    def _part(self, head: NodeHead, entry: Mapping[str, Any]) -> Part:
        mode = entry.get("mode", 0)
        if isinstance(mode, bool) or not isinstance(mode, int) or mode not in MODES:
            head.report(self.problems, f"expected its mode to be one of {MODES}, found "
                                       f"{shown(mode)}")
            mode = 0
        virtual = VIRTUAL.get(head.type)
        if virtual in (Part.DISPLAY_ONLY, Part.LABEL):
            return virtual
        if mode == MUTED or (mode == BYPASSED and virtual is Part.PRIMITIVE):
            return Part.MUTED
        if not head.type:
            head.report(self.problems, f"expected a type (text), found {shown(entry.get('type'))}")
            return Part.REFUSED
        if mode == BYPASSED:
            return Part.BYPASSED
        if virtual is not None:
            return virtual
        if head.type in self.definitions:
            return Part.SUBGRAPH
        reason = why_not_a_type(head.type) if head.signature is None else None
        if reason is not None:
            head.report(self.problems, reason)
            return Part.REFUSED
        if constant_signature(head.type, self.signature_of) is not None:
            return Part.CONSTANT
        return Part.ACTIVE
