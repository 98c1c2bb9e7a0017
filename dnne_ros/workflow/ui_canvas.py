"""All nodes and links of a UI file: its own canvas, and one for each subgraph that it uses.

A node inside subgraph node 40 has the id ``40:6``, as in what the editor sends to a server.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.workflow.canvas import read_pair
from dnne_ros.workflow.group_nodes import without_group_nodes
from dnne_ros.workflow.signature import SignatureLookup
from dnne_ros.workflow.ui_definitions import Definition, read_definitions
from dnne_ros.workflow.ui_link import UiLinks, read_ui_links
from dnne_ros.workflow.ui_node import NodeReader, Part, UiNode
from dnne_ros.workflow.ui_slots import Slot

# Subgraphs that use each other twice, twenty levels deep, are a small file and a million nodes.
MOST_NODES = 100_000
DEEPEST = 100


@dataclass(frozen=True)
class Instance:
    """A use of a subgraph: the node that stands for it, and the ids of its two doors."""

    host: UiNode
    definition: Definition
    input_door: str
    output_door: str

    def host_input(self, index: int) -> int | None:
        """Return which input of the host is input ``index`` of the definition, if it lists it."""
        return _same_slot(self.definition.inputs, self.host.inputs, index)

    def inner_input(self, index: int) -> int | None:
        """Return which input of the definition is input ``index`` of the host."""
        return _same_slot(self.host.inputs, self.definition.inputs, index)

    def inner_output(self, index: int) -> int | None:
        """Return which output of the definition is output ``index`` of the host."""
        return _same_slot(self.host.outputs, self.definition.outputs, index)


@dataclass
class UiCanvas:
    """Nodes by their full ids, links, and uses of subgraphs by their host's and doors' ids."""

    nodes: dict[str, UiNode] = field(default_factory=dict)
    links: UiLinks = field(default_factory=UiLinks)
    instances: dict[str, Instance] = field(default_factory=dict)


def read_ui_canvas(document: Mapping[str, Any], signature_of: SignatureLookup,
                   problems: Problems) -> UiCanvas:
    """Return what is on the canvas of a UI file, its subgraphs taken apart."""
    document, faulty = without_group_nodes(document, signature_of, problems.source)
    definitions = {**read_definitions(document), **faulty}
    return _Expansion(signature_of, definitions, problems).expand(document)


@dataclass
class _Expansion:
    signature_of: SignatureLookup
    definitions: Mapping[str, Definition]
    problems: Problems
    canvas: UiCanvas = field(default_factory=UiCanvas)

    def expand(self, document: Mapping[str, Any]) -> UiCanvas:
        """Read the file's own canvas, then every subgraph that is used, outer ones first."""
        ahead: list[tuple[UiNode, tuple[str, ...]]] = []
        reader = NodeReader(self.signature_of, self.definitions, self.problems)
        self._take(reader.read(document["nodes"]), document.get("links"), "", (), ahead)
        while ahead:
            host, above = ahead.pop()
            definition = self.definitions[host.type]
            refusal = self._refusal(definition, above)
            if refusal is not None:
                host.report(self.problems, refusal)
                self.canvas.nodes[host.id] = replace(host, part=Part.REFUSED)
                continue
            self._open(host, definition, (*above, definition.id), ahead)
        return self.canvas

    def _refusal(self, definition: Definition, above: tuple[str, ...]) -> str | None:
        if definition.fault:
            return definition.fault
        if definition.id in above:
            return f"is the subgraph {definition.name!r}, inside itself; no graph can hold that"
        if len(above) >= DEEPEST:
            return f"lies more than {DEEPEST} subgraphs deep"
        entries = definition.raw.get("nodes")
        if not isinstance(entries, list):
            return f"is the subgraph {definition.name!r}, whose definition holds no list of nodes"
        if len(self.canvas.nodes) + len(entries) > MOST_NODES:
            return (f"is the subgraph {definition.name!r}, with which the graph has more than "
                    f"{MOST_NODES} nodes")
        return None

    def _open(self, host: UiNode, definition: Definition, path: tuple[str, ...],
              ahead: list[tuple[UiNode, tuple[str, ...]]]) -> None:
        prefix = f"{host.id}:"
        instance = Instance(host, definition, prefix + definition.input_door,
                            prefix + definition.output_door)
        entries = definition.raw["nodes"]
        reader = NodeReader(self.signature_of, self.definitions, self.problems, prefix,
                            _shift(host, entries))
        self._take(reader.read(entries), definition.raw.get("links"), prefix, path, ahead)
        for door in (instance.input_door, instance.output_door):
            entering = door == instance.input_door
            self.canvas.nodes[door] = UiNode(
                door, f"subgraph {definition.name!r}", "", None, Part.DOOR,
                () if entering else definition.outputs, definition.inputs if entering else (),
                {}, prefix)
        for id_ in (host.id, instance.input_door, instance.output_door):
            self.canvas.instances[id_] = instance

    def _take(self, nodes: dict[str, UiNode], links: Any, prefix: str, path: tuple[str, ...],
              ahead: list[tuple[UiNode, tuple[str, ...]]]) -> None:
        self.canvas.nodes.update(nodes)
        self.canvas.links.add(read_ui_links(links, self.problems, prefix))
        hosts = [node for node in nodes.values() if node.part is Part.SUBGRAPH]
        ahead += [(host, path) for host in reversed(hosts)]


def _same_slot(these: Sequence[Slot] | None, those: Sequence[Slot] | None, index: int
               ) -> int | None:
    """Return where the slot at ``index`` of ``these`` is among ``those``: by name, or renamed."""
    if these is None or those is None or index >= len(these):
        return index
    names = [slot.name for slot in those]
    if these[index].name in names:
        return names.index(these[index].name)
    renamed = index < len(those) and names[index] not in [slot.name for slot in these]
    return index if renamed else None


def _shift(host: UiNode, entries: list[Any]) -> tuple[float, float]:
    """Return what moves a subgraph's nodes to where the node that stands for them lies."""
    places = [place for entry in entries if isinstance(entry, dict)
              for place in [read_pair(entry.get("pos"))] if place is not None]
    target = read_pair(host.raw.get("pos"))
    if not places or target is None:
        return host.shift
    return (host.shift[0] + target[0] - min(place[0] for place in places),
            host.shift[1] + target[1] - min(place[1] for place in places))
