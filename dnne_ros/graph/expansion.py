"""Nodes of drawings alone are expanded into those that run in their place.

A part of node 26 has the id ``26:trainer``, as the nodes of a subgraph have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.drawn import CompositeNode, DrawnNode, Part, SettingsNode
from dnne_ros.node_api.fault_settings import default_fault_settings
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow

_COLUMN = 300.0
"""Pixels between the places of two parts."""


def expand(graph: Graph, workflow: Workflow, problems: Problems) -> Workflow:
    """Return ``workflow`` with the drawn nodes of its checked ``graph`` expanded.

    What they have to say that fits none of their parts goes to ``problems``.
    """
    return _Expansion(graph, workflow, problems).expand()


def is_drawn(graph: Graph, node: str) -> bool:
    """Tell whether a node of the file takes no part in the run."""
    return issubclass(graph.nodes[node].type, DrawnNode)


@dataclass
class _Expansion:
    graph: Graph
    workflow: Workflow
    problems: Problems
    nodes: list[NodeRecord] = field(default_factory=list)
    links: list[LinkRecord] = field(default_factory=list)
    outputs: dict[PortRef, PortRef] = field(default_factory=dict)

    def expand(self) -> Workflow:
        sources = {link.target: link.source for link in self.workflow.links}
        for record in self.workflow.nodes:
            node_type = self.graph.nodes[record.id].type
            if not issubclass(node_type, DrawnNode):
                self.nodes.append(record)
                continue
            self._check_options(record)
            if issubclass(node_type, CompositeNode):
                self._take_apart(record, node_type, sources)
        for link in self.workflow.links:
            self._relink(link)
        return replace(self.workflow, nodes=tuple(self.nodes), links=tuple(self.links))

    def _take_apart(self, record: NodeRecord, node_type: type[CompositeNode],
                    sources: Mapping[PortRef, PortRef]) -> None:
        settings = {name: self.graph.nodes[source.node].values
                    for name in node_type.inputs
                    for source in [sources.get(PortRef(record.id, name))] if source is not None}
        assembly = node_type.assemble(self.graph.nodes[record.id].values, settings)
        for index, (name, part) in enumerate(assembly.parts.items()):
            self._add(record, name, part, index)
        self.links += [LinkRecord(_inside(record.id, source), _inside(record.id, target))
                       for source, target in assembly.links]
        self.outputs |= {PortRef(record.id, name): _inside(record.id, source)
                         for name, source in assembly.outputs.items()}

    def _relink(self, link: LinkRecord) -> None:
        """Keep a link of the file, or draw what it means."""
        target, source_type = link.target, self.graph.nodes[link.source.node].type
        if is_drawn(self.graph, target.node):
            return
        if issubclass(source_type, CompositeNode):
            if link.source in self.outputs:
                self.links.append(LinkRecord(self.outputs[link.source], target))
            else:
                self._report(link.source.node, source_type.absent_outputs[link.source.port],
                             f"output {link.source.port!r}")
        elif issubclass(source_type, SettingsNode):
            self._stand_in(source_type, link)
        else:
            self.links.append(link)

    def _stand_in(self, node_type: type[SettingsNode], link: LinkRecord) -> None:
        stand_in = node_type.stand_in(self.graph.nodes[link.source.node].values)
        if stand_in is None:
            self._report(link.source.node, f"node {link.target.node} has no use for settings",
                         f"output {link.source.port!r}")
            return
        part, output = stand_in
        host = next(each for each in self.workflow.nodes if each.id == link.target.node)
        name = link.source.port
        self._add(host, name, part, -1)
        self.links.append(LinkRecord(_inside(host.id, f"{name}.{output}"), link.target))

    def _add(self, host: NodeRecord, name: str, part: Part, column: int) -> None:
        """Add a part of ``host``, beside its place; it is in the process that the host names."""
        place = host.position and (host.position[0] + _COLUMN * column, host.position[1])
        options: dict[str, Any] = {key: value for key, value in host.options.items()
                                   if key == "process"}
        self.nodes.append(NodeRecord(f"{host.id}:{name}", part.type.type_name, host.title,
                                     part.values, place, None, options))

    def _check_options(self, record: NodeRecord) -> None:
        """Report options that only a node that runs can have."""
        faults = self.graph.nodes[record.id].faults
        found = [name for name, value in default_fault_settings().items()
                 if faults[name] != value]
        found += [name for name in ("inputs", "replicas", "priority") if record.options.get(name)]
        if found:
            self._report(record.id, f"{', '.join(found)}: it does not run itself; set this on a "
                         f"node that runs for it, such as {record.id}:trainer")

    def _report(self, node: str, message: str, port: str | None = None) -> None:
        record = self.graph.nodes[node]
        self.problems.add(message, node=node, type=record.type.type_name, title=record.title,
                          port=port)


def _inside(host: str, end: str) -> PortRef:
    """Return port ``trainer.loss`` of a composite node's part."""
    part, _, port = end.partition(".")
    return PortRef(f"{host}:{part}", port)
