"""A graph declared in Python, as in an exported package, rather than read from a workflow file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.flow import misfit, output_types, passed_on
from dnne_ros.graph.graph import Edge, Graph, GraphNode
from dnne_ros.graph.loops import find_stuck_loop
from dnne_ros.graph.replicas import Replicas, check_replicas
from dnne_ros.graph.state_keys import check_state_keys
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.node_api.widget import WidgetError, missing_values
from dnne_ros.transport.policy import DEFAULT_CAPACITY, EdgePolicy, WhenAbsent
from dnne_ros.workflow.records import LinkRecord, PortRef


@dataclass(frozen=True)
class NodeSpec:
    """A node: its id in the workflow (seeds and checkpoints go by it) and its class.

    The class has the node's values in ``VALUES``; what is not in it has the widget's default.
    ``replicas`` is what a workflow says of them, a number or an object.
    """

    id: str
    type: type[Node]
    title: str = ""
    replicas: Any = None
    priority: int = 0


@dataclass(frozen=True)
class LinkSpec:
    """A link between two ports, ``ppo_agent_3/model`` → ``ppo_trainer_6/model``."""

    source: str
    target: str
    policy: str
    capacity: int = DEFAULT_CAPACITY
    when_absent: str = WhenAbsent.WAIT.value


def declare_graph(name: str, namespace: str, nodes: Mapping[str, NodeSpec],
                  links: Iterable[LinkSpec]) -> Graph:
    """Return the graph of ``nodes`` (by ROS name) and ``links``.

    People edit such statements, so they are checked as a workflow is: `InputError` names
    everything that does not fit.
    """
    links = tuple(links)
    problems = Problems(name)
    values = {ros_name: _values(ros_name, node.type, problems) for ros_name, node in nodes.items()}
    nodes = _with_ports(nodes, values, problems)
    types = {node.id: node.type for node in nodes.values()}
    records = {link: record for link in links
               if (record := _record(link, nodes, problems)) is not None}
    flowing = output_types(types, records.values(), {})
    edges = []
    for link, record in records.items():
        target_type = types[record.target.node]
        carried = flowing.get(record.source)
        problem = misfit(target_type.inputs[record.target.port], carried,
                         passed_on(target_type, record.target, flowing))
        if carried is None or problem:
            problems.add(f"link {link.source} → {link.target}: {problem}".rstrip(" ,"))
        else:
            edges.append(Edge(record.source, record.target, carried, EdgePolicy(link.policy),
                              link.capacity, when_absent=WhenAbsent(link.when_absent)))
    _check_inputs(nodes, links, problems)
    graph_nodes = {
        node.id: GraphNode(node.id, node.type, node.title, ros_name, values[ros_name],
                           replicas=_replicas(ros_name, node, problems),
                           priority=node.priority)
        for ros_name, node in nodes.items()}
    loop = find_stuck_loop(types, {id: node.values for id, node in graph_nodes.items()},
                           tuple(edges))
    if loop is not None:
        problems.add("a loop that nothing starts: " + " → ".join(str(e.target) for e in loop))
    graph = Graph(name, name, namespace, graph_nodes, tuple(edges), flowing)
    for check in (check_replicas, check_state_keys):
        check(graph, lambda id, problem: problems.add(f"{graph_nodes[id].ros_name}: {problem}"))
    problems.raise_if_any()
    return graph


def _replicas(ros_name: str, node: NodeSpec, problems: Problems) -> Replicas | None:
    return None if node.replicas is None else Replicas.read(
        node.replicas, node.type.own_process,
        lambda problem: problems.add(f"{ros_name}: replicas: {problem}"))


def _with_ports(nodes: Mapping[str, NodeSpec], values: Mapping[str, Mapping[str, Any]],
                problems: Problems) -> dict[str, NodeSpec]:
    """Return the nodes with all ports that they have; nothing can be said of links without."""
    found = {}
    for ros_name, node in nodes.items():
        try:
            found[ros_name] = replace(node, type=type_with_ports(node.type, values[ros_name]))
        except InputError as error:
            for problem in error.problems:
                problems.add(f"{ros_name}: {error.source}: {problem}")
    if len(found) < len(nodes):
        problems.raise_if_any()
    return found


def _record(link: LinkSpec, nodes: Mapping[str, NodeSpec], problems: Problems
            ) -> LinkRecord | None:
    """Return the link by node ids; None, with a problem noted, if an end or option is wrong."""
    ends = []
    for end, side in ((link.source, "outputs"), (link.target, "inputs")):
        ros_name, _, port = end.partition("/")
        node = nodes.get(ros_name)
        if node is None or port not in getattr(node.type, side):
            problems.add(f"link {link.source} → {link.target}: no {side[:-1]} {end!r}")
        else:
            ends.append(PortRef(node.id, port))
    if link.policy not in [policy.value for policy in EdgePolicy] or link.capacity < 1 \
            or link.when_absent not in [known.value for known in WhenAbsent]:
        problems.add(f"link {link.source} → {link.target}: expected a policy of "
                     f"{', '.join(EdgePolicy)}, a capacity of at least 1 and when_absent of "
                     f"{', '.join(WhenAbsent)}, found {link.policy!r}, {link.capacity!r} and "
                     f"{link.when_absent!r}")
        return None
    return LinkRecord(ends[0], ends[1]) if len(ends) == 2 else None


def _values(ros_name: str, node_type: type[Node], problems: Problems) -> Mapping[str, Any]:
    values = dict(getattr(node_type, "VALUES", {}))
    known = len(problems)
    for name, value in values.items():
        widget = node_type.widgets.get(name)
        try:
            if widget is None:
                raise WidgetError(f"no such widget; there are {', '.join(node_type.widgets)}")
            values[name] = widget.check(value)
        except WidgetError as error:
            problems.add(f"{ros_name}, value {name!r:.60}: {error}")
    complete = node_type(values).values
    if len(problems) == known:
        for message in (*missing_values(node_type.widgets, complete),
                        *node_type.validate_parameters(complete)):
            problems.add(f"{ros_name}: {message}")
    return complete


def _check_inputs(nodes: Mapping[str, NodeSpec], links: tuple[LinkSpec, ...],
                  problems: Problems) -> None:
    targets = [link.target for link in links]
    for ros_name, node in nodes.items():
        for port in node.type.inputs.values():
            count = targets.count(f"{ros_name}/{port.name}")
            if count > 1 or (count == 0 and not (port.optional or port.external)):
                problems.add(f"input {ros_name}/{port.name}: {count} links to it; expected one")
