"""What the templates are told of a graph: names, values and topics, nothing to compute."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dnne_ros.exporting.carried import CarriedFiles
from dnne_ros.exporting.literals import plain, sentence, yaml_literal
from dnne_ros.exporting.package_names import class_name, module_name
from dnne_ros.graph.graph import Edge, Graph, GraphNode
from dnne_ros.node_api.answering import may_wait
from dnne_ros.node_api.fault_settings import FAULT_SETTINGS
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.widget import Widget
from dnne_ros.placement.leading import leading_process
from dnne_ros.placement.placement import Placement
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent
from dnne_ros.workflow.records import PortRef


@dataclass(frozen=True)
class ValueView:
    """A widget's value, with what a person should know of it.

    One that names a ``file`` of the package has its place below the Python package there.
    """

    name: str
    value: Any
    meaning: str
    legal: str
    file: str = ""


@dataclass(frozen=True)
class NodeView:
    """A node: its names, its class, and which method its type writes its behaviour in.

    ``faults`` are its settings of `dnne_ros.node_api.fault_settings` that say more than the
    default.
    """

    id: str
    ros_name: str
    title: str
    shown_title: str
    type_name: str
    module: str
    class_name: str
    base: str
    base_module: str
    summary: str
    values: tuple[ValueView, ...]
    faults: tuple[ValueView, ...]
    computes: bool
    waits: bool
    signature: str
    call: str
    replicas: Mapping[str, Any] | None
    priority: int


@dataclass(frozen=True)
class LinkView:
    """A link between ``node/port`` and ``node/port``."""

    source: str
    target: str
    policy: str
    capacity: int
    when_absent: str
    type: str


@dataclass(frozen=True)
class TopicView:
    """A topic below the namespace, and who uses it."""

    name: str
    about: str


@dataclass(frozen=True)
class EdgeTopicView:
    """A topic that carries an edge: its message type and whether late subscribers are served.

    One that ``waits`` has no messages before other ROS nodes feed the graph.
    """

    name: str
    message: str
    latched: bool
    waits: bool


@dataclass(frozen=True)
class ProcessView:
    """A process with its nodes, the topics of each by its ROS name, and its host, if any.

    The one that ``leads`` says when the graph runs.
    """

    name: str
    constant: str
    variable: str
    leads: bool
    nodes: tuple[NodeView, ...]
    topics: Mapping[str, tuple[TopicView, ...]]
    host: str


def node_views(graph: Graph, carried: CarriedFiles) -> tuple[NodeView, ...]:
    """Return all nodes in the order of the graph."""
    return tuple(_node(node, carried.named[node.id]) for node in graph.nodes.values())


def link_views(graph: Graph) -> tuple[LinkView, ...]:
    """Return all edges, those that follow from others included."""
    return tuple(LinkView(
        graph.topic(edge.source), graph.topic(edge.target), edge.policy.value, edge.capacity,
        "" if edge.when_absent is WhenAbsent.WAIT else edge.when_absent.value,
        plain(str(edge.type), 80) + (", follows from another link" if edge.implied else ""))
        for edge in graph.edges)


def edge_topics(graph: Graph, placement: Placement) -> tuple[EdgeTopicView, ...]:
    """Return the topics of all edges; a value that stays in its process has none."""
    topics = {}
    fed = _fed_from_outside(graph)
    for edge in graph.edges:
        if edge.type.wire is not None:
            name = graph.topic(edge.source)
            topics[name] = EdgeTopicView(
                name, codec_for(edge.type.wire).message, _latched(graph, edge),
                edge.source.node in fed)
    return tuple(topics.values())


def untrained_process(graph: Graph, placement: Placement) -> str:
    """Return a process that runs with a trained policy alone, '' if there is none.

    A policy that a node brings is there.
    """
    if any(node.type.trained_interface(node.values) for node in graph.nodes.values()):
        return ""
    return next((placement.process_of(node.id) for node in graph.nodes.values()
                 if node.type.needs_trained_policy(node.values)), "")


def _fed_from_outside(graph: Graph) -> set[str]:
    """Return the nodes that wait for other ROS nodes, directly or through others."""
    fed = {ref.node for ref in graph.external
           if not graph.nodes[ref.node].type.inputs[ref.port].optional}
    fed |= {id for id, node in graph.nodes.items() if node.type.awaits_topic(node.values)}
    waiting = list(fed)
    while waiting:
        for edges in graph.outgoing[waiting.pop()].values():
            reached = {edge.target.node for edge in edges} - fed
            fed |= reached
            waiting += reached
    return fed


def process_views(graph: Graph, placement: Placement, nodes: Iterable[NodeView]
                  ) -> tuple[ProcessView, ...]:
    """Return the processes of a placement of ``nodes``."""
    views = {node.id: node for node in nodes}
    return tuple(ProcessView(
        name, name.upper(), f"process_{name.lower()}", name == leading_process(graph, placement),
        tuple(views[id] for id in ids),
        {views[id].ros_name: tuple(_topics(graph, placement, id)) for id in ids},
        placement.host_of(name))
        for name, ids in placement.processes.items())


def _latched(graph: Graph, edge: Edge) -> bool:
    """Tell whether the topic keeps its last message, as `dnne_ros.runtime` decides it."""
    siblings = graph.outgoing[edge.source.node][edge.source.port]
    return {each.policy for each in siblings} == {EdgePolicy.LATEST}


def _topics(graph: Graph, placement: Placement, id: str) -> list[TopicView]:
    node = graph.nodes[id]
    topics = [TopicView(graph.topic(ref), f"input {ref.port} "
                        f"({codec_for(node.type.inputs[ref.port].type.sent_as()).message}) comes "
                        "from other ROS nodes")
              for ref in graph.external if ref.node == id]
    topics += [TopicView(graph.topic(edge.source), f"input {edge.target.port} comes from")
               for edges in graph.incoming[id].values() for edge in edges
               if placement.crosses(edge)]
    for port in node.type.outputs:
        type = graph.output_types.get(PortRef(id, port))
        if type is None or type.wire is None:
            continue
        takers = [graph.topic(edge.target) for edge in graph.outgoing[id].get(port, ())]
        topics.append(TopicView(
            f"{node.ros_name}/{port}",
            f"output {port} ({codec_for(type.wire).message}) goes to "
            f"{', '.join(takers) or 'nobody in this graph'}"))
    return topics


def _node(node: GraphNode, files: Mapping[str, str]) -> NodeView:
    base = node.type.__name__
    names = list(node.type.inputs)
    named = all(name.isidentifier() and not keyword.iskeyword(name)
                and not hasattr(builtins, name) and name != "self" for name in names)
    signature = ", ".join(names) if named and names else "**inputs"
    call = ", ".join(f"{name}={name}" for name in names) if named and names else "**inputs"
    if 8 + len("async def compute(self, ):") + max(len(signature), len(call)) + 12 > 99:
        signature = call = "**inputs"
    return NodeView(
        id=node.id, ros_name=node.ros_name, title=node.title,
        shown_title=plain(node.title, 60), type_name=node.type.type_name,
        module=module_name(node.ros_name), class_name=class_name(node.ros_name, base),
        base=base, base_module=node.type.__module__,
        summary=sentence(node.type.description(), 80),
        values=tuple(_value(name, widget, node.values[name], files.get(name, ""))
                     for name, widget in node.type.widgets.items()),
        faults=tuple(_value(name, widget, node.faults[name])
                     for name, widget in FAULT_SETTINGS.items()
                     if node.faults[name] != widget.default),
        computes=node.type.process is Node.process,
        waits=may_wait(node.type.compute), signature=signature, call=call,
        replicas=None if node.replicas is None else node.replicas.as_option(),
        priority=node.priority)


def _value(name: str, widget: Widget, value: Any, file: str = "") -> ValueView:
    change = "live" if widget.live else f"fixed while the graph runs: {widget.fixed_because}"
    legal = widget.expectation[:1].upper() + widget.expectation[1:]
    default = f"'{plain(widget.default, 60)}'" if isinstance(widget.default, str) \
        else yaml_literal(widget.default)
    return ValueView(name, value, widget.doc, f"{legal}. Default: {default}; {change}.", file)
