"""Which nodes of a recording run again, and whether they can."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.recording.about import ports_of
from dnne_ros.recording.recording import RecordedNode, Recording

ALL = "all"
_UNWRITTEN = "its process has ended before it wrote anything"


@dataclass(frozen=True)
class Plan:
    """The ids of the nodes that run again, in the graph's order.

    ``along``: those nobody named, with what the others have of them that no recording holds.
    """

    nodes: tuple[str, ...]
    along: dict[str, str]


def plan(graph: Graph, recording: Recording, names: str, path: str) -> Plan:
    """Return which nodes run again: those named, with commas; all; or "" for those that can.

    `InputError` for names that there are not, nodes that cannot, and a recording that is of
    another graph.
    """
    chosen = _chosen(graph, names, path)
    along: dict[str, str] = {}
    waiting = list(chosen)
    while waiting:
        for edges in graph.incoming[waiting.pop()].values():
            source = edges[0].source
            if is_handed_on(edges[0]) and source.node not in {*chosen, *along}:
                along[source.node] = graph.topic(source)
                waiting.append(source.node)
    nodes = tuple(id for id in graph.nodes if id in chosen or id in along)
    problems = [problem for id in nodes for problem in _problems(graph, recording, id)]
    if problems:
        raise InputError(path, problems)
    return Plan(nodes, along)


def is_handed_on(edge: Edge) -> bool:
    """Tell whether what an edge carries must come from its node: an object, a gradient."""
    return edge.type.wire is None or not edge.type.leaves_process


def _chosen(graph: Graph, names: str, path: str) -> list[str]:
    if names in ("", ALL):
        able = [id for id in graph.nodes if not _listens(graph, id)
                and (names == ALL or _has_inputs(graph, id))]
        if not able:
            raise InputError(path, ["it has no node that could run again: --nodes names those "
                                    "without inputs"])
        return able
    by_name = {node.ros_name: id for id, node in graph.nodes.items()}
    given = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in given if name not in by_name]
    if unknown or not given:
        raise InputError("--nodes", [
            f"expected {ALL}, or some of {', '.join(by_name)}; found "
            f"{', '.join(f'{name!r:.80}' for name in unknown) or 'none'}"])
    chosen = [by_name[name] for name in given]
    listening = [f"{graph.nodes[id].ros_name} listens to topics or services of other programs: "
                 "what came of them is recorded at its outputs, not before" for id in chosen
                 if _listens(graph, id)]
    if listening:
        raise InputError("--nodes", listening)
    return chosen


def _has_inputs(graph: Graph, id: str) -> bool:
    return bool(graph.incoming[id]) or any(ref.node == id for ref in graph.external)


def _listens(graph: Graph, id: str) -> bool:
    """Tell whether a node hears of more than what comes to its inputs."""
    node = graph.nodes[id]
    return bool(node.type.awaits_topic(node.values) or node.type.ros_services(node.values)
                or node.type.ros_actions(node.values)
                or any(not use.publishes for use in node.type.ros_topics(node.values)))


def _problems(graph: Graph, recording: Recording, id: str) -> Collection[str]:
    """Return what stands in the way of running a node again."""
    node = graph.nodes[id]
    recorded = recording.nodes.get(node.ros_name)
    if recorded is None and _is_of(graph, recording):
        return [f"{node.ros_name}: nothing of it is in the recording: {_UNWRITTEN}"]
    if recorded is None:
        return [f"expected a node {node.ros_name}, found {', '.join(recording.nodes) or 'none'}: "
                "it is a recording of another graph"]
    problems = list(_other_ports(graph, id, recorded))
    for port, edges in graph.incoming[id].items():
        source = edges[0].source
        if not problems and not is_handed_on(edges[0]) \
                and not recording.holds(graph.nodes[source.node].ros_name, source.port):
            sender = graph.nodes[source.node].ros_name
            why = "--record-edges" if sender in recording.nodes \
                else _UNWRITTEN
            problems.append(f"{node.ros_name}/{port}: the items of {graph.topic(source)} are not "
                            f"in the recording ({why})")
    return problems


def _is_of(graph: Graph, recording: Recording) -> bool:
    """Tell whether all nodes of a recording are in ``graph``."""
    return bool(recording.nodes) and recording.nodes.keys() <= {
        node.ros_name for node in graph.nodes.values()}


def _other_ports(graph: Graph, id: str, recorded: RecordedNode) -> Iterator[str]:
    node = graph.nodes[id]
    ports = ports_of(graph, node)
    if recorded.type != node.type.type_name:
        yield f"{node.ros_name}: expected a {node.type.type_name}, found a {recorded.type}"
    for kind, found in (("input", recorded.inputs), ("output", recorded.outputs)):
        expected = ports[f"{kind}s"]
        for port in sorted({*expected, *found}):
            if expected.get(port) != found.get(port):
                yield (f"{node.ros_name}: {kind} {port}: expected {_port(expected.get(port))}, "
                       f"found {_port(found.get(port))} in the recording")


def _port(port: Mapping[str, str] | None) -> str:
    if port is None:
        return "none"
    return port["type"] + (f" from {port['from']}" if port.get("from") else "")
