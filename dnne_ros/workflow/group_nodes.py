"""Group nodes, an old way of grouping that hides nodes: made into subgraphs, as the editor does.

The node's type is ``workflow>NAME`` (once ``workflow/NAME``).  ``extra.groupNodes[NAME]`` has its
``nodes``, whose ids are their places in the list; ``links`` (from node, slot, to node, slot);
``external``, the outputs that show although they are linked inside; and ``config``, other names of
ports and widgets and which are hidden.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.foreign import group_name
from dnne_ros.workflow.group_definition import GroupDefinition, damage
from dnne_ros.workflow.group_host import as_host
from dnne_ros.workflow.group_ports import InnerNode, inner_node
from dnne_ros.workflow.node_head import read_slot
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_definitions import Definition, read_definitions
from dnne_ros.workflow.ui_node import NodeReader
from dnne_ros.workflow.ui_widgets import read_ui_widgets


def without_group_nodes(document: Mapping[str, Any], signature_of: SignatureLookup,
                        source: str, *, id_of: Callable[[str], str] = str
                        ) -> tuple[Mapping[str, Any], dict[str, Definition]]:
    """Return a UI file with subgraphs in the place of group nodes, and those that cannot be so.

    These are by their type, each with its fault.  ``source`` names the file in warnings; ``id_of``
    makes a subgraph's id of a type.
    """
    canvases = [document, *(each.raw for each in read_definitions(document).values())]
    if not any(_is_group(node) for canvas in canvases for node in _nodes_of(canvas)):
        return document, {}
    changed: dict[str, Any] = copy.deepcopy(dict(document))
    definitions = read_definitions(changed)
    groups = _Groups(changed, signature_of, source, definitions, id_of)
    for canvas in (changed, *(each.raw for each in definitions.values())):
        groups.replace_in(canvas)
    kept = changed.get("definitions")
    kept = kept if isinstance(kept, dict) else {}
    subgraphs = kept.get("subgraphs")
    changed["definitions"] = {**kept, "subgraphs": [
        *(subgraphs if isinstance(subgraphs, list) else []), *groups.subgraphs()]}
    if isinstance(changed.get("extra"), dict):
        changed["extra"].pop("groupNodes", None)
    return changed, groups.faulty


@dataclass
class _Groups:
    """The group nodes of a file, each read when it is first met."""

    document: Mapping[str, Any]
    signature_of: SignatureLookup
    source: str
    definitions: Mapping[str, Definition]
    id_of: Callable[[str], str]
    faulty: dict[str, Definition] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    found: dict[str, GroupDefinition] = field(default_factory=dict)
    ahead: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Find the definitions, and numbers that no node has: the editor wants them distinct."""
        extra = self.document.get("extra")
        raw = extra.get("groupNodes") if isinstance(extra, dict) else None
        self.raw = raw if isinstance(raw, dict) else {}
        self.numbers: Iterator[int] = itertools.count(1 + max((
            number for canvas in (self.document, *(each.raw for each in self.definitions.values()))
            for number in (canvas.get("last_node_id"), *(
                node.get("id") for node in _nodes_of(canvas)))
            if read_slot(number) is not None), default=0))

    def subgraphs(self) -> list[dict[str, Any]]:
        """Return the definitions of those that were met."""
        entries = [group.as_subgraph(self.id_of(f"workflow>{name}"))
                   for name, group in self.found.items()]
        for entry in entries:
            self.replace_in(entry)
        return entries

    def replace_in(self, canvas: Mapping[str, Any]) -> None:
        """Make the group nodes of a canvas into those of subgraphs."""
        nodes = canvas.get("nodes")
        if not isinstance(nodes, list):
            return
        for index, node in enumerate(nodes):
            name = group_name(node.get("type")) if isinstance(node, dict) else None
            group = None if name is None else self.find(name, node["type"])
            if group is not None:
                nodes[index] = as_host(node, group, self.id_of(f"workflow>{name}"), canvas)

    def find(self, name: str, type: str) -> GroupDefinition | None:
        """Return a definition; None for one that is not there, damaged or inside itself."""
        if name in self.found:
            return self.found[name]
        reason = self.faults.get(name) or self._fault(name)
        if not reason:
            self.ahead.append(name)
            nodes = [self._inner(index, node) for index, node in enumerate(
                self.raw[name]["nodes"])]
            self.ahead.pop()
            reason = self.faults.get(name, "")  # it may have been met inside itself
        if reason:
            self.faults[name] = reason
            self.faulty[type] = Definition(type, name, (), (), "", "", {}, fault=(
                f"is the group node {name!r}, {reason}"))
            return None
        self.found[name] = GroupDefinition(name, self.raw[name], nodes)
        return self.found[name]

    def _fault(self, name: str) -> str:
        if name in self.ahead:
            return "inside itself; no graph can hold that"
        if name not in self.raw:
            return "which this file does not define"
        wrong = damage(self.raw[name])
        return f"whose definition is damaged: it {wrong}" if wrong else ""

    def _inner(self, index: int, raw: Mapping[str, Any]) -> InnerNode:
        number = next(self.numbers)
        type_ = raw["type"]
        name = group_name(type_)
        group = None if name is None else self.find(name, type_)
        if group is not None:
            return inner_node(index, number, raw, None, (group.inputs, group.outputs))
        reader = NodeReader(self.signature_of, {}, problems := Problems(self.source))
        node, = reader.read([{**raw, "id": number}]).values()
        read = inner_node(index, number, raw, node.signature, None)
        # Positions of values go by the slots that the file lists, which are more from now on.
        values = read_ui_widgets(node, problems)
        if values and not problems:
            read.entry["widgets_values_named"] = values
        return read


def _nodes_of(canvas: Mapping[str, Any]) -> list[Any]:
    nodes = canvas.get("nodes")
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []


def _is_group(node: Mapping[str, Any]) -> bool:
    return group_name(node.get("type")) is not None
