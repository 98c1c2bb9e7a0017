"""Which processes can be started again alone, without a loss, when they are killed."""

from __future__ import annotations

from collections.abc import Iterator

from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.node_api.node import Node
from dnne_ros.placement.leading import leading_process
from dnne_ros.placement.placement import Placement
from dnne_ros.transport.policy import EdgePolicy


def restartable(graph: Graph, placement: Placement) -> list[str]:
    """Return the processes that can be started again alone: nothing is lost with them."""
    return [process for process in placement.processes
            if not obstacles(graph, placement, process)]


def returning(graph: Graph, placement: Placement, *, lifecycle: bool, respawn: bool) -> list[str]:
    """Return the processes that are started again when they are killed, in a run so asked for.

    Of a managed graph (``lifecycle``) these are all but the one with the managed node: what they
    did is stopped in all processes then, and made anew.
    """
    if lifecycle:
        leader = leading_process(graph, placement)
        return [process for process in placement.processes if process != leader]
    return restartable(graph, placement) if respawn else []


def obstacles(graph: Graph, placement: Placement, process: str) -> list[str]:
    """Return why ``process`` cannot be started again alone, node by node; [] if it can."""
    return [f"{graph.nodes[node].ros_name} {reason}" for node in placement.processes[process]
            for reason in _reasons(graph, placement, node)]


def followed_inputs(graph: Graph, placement: Placement, node: str) -> list[str]:
    """Return the inputs of which a node takes one item each a round, and every one counts.

    What the node sends is made of these, so another one can make it again; see `Lineage`.
    """
    return [edge.target.port for edge in _taken(graph, node) if placement.crosses(edge)] \
        if _computes(graph, node) else []


def _reasons(graph: Graph, placement: Placement, node: str) -> Iterator[str]:
    """Say what would be lost with a node."""
    type = graph.nodes[node].type
    if type.keeps_state():
        yield "keeps a state"
        return
    taken = _taken(graph, node)
    sent = [edge for edges in graph.outgoing[node].values() for edge in edges
            if _every_item_counts(graph, edge)]
    inside = [edge for edge in sent if not placement.crosses(edge)]
    if inside:
        yield (f"hands items to {_target(graph, inside[0])} in the same process, which would be "
               "lost with it")
        return
    replicas = graph.nodes[node].replicas
    if any(type.inputs[edge.target.port].priority for edge in taken):
        yield "takes items in the order of a priority"
    elif replicas is not None and replicas.unordered and sent:
        yield "gives results as its replicas are done, each time in another order (unordered)"
    elif _computes(graph, node):
        if sent and not taken:
            yield f"sends items to {_target(graph, sent[0])} that are made of none that are kept"
    elif sent and not (type.resumes and not taken):
        yield (f"sends items to {_target(graph, sent[0])} that it could not send again: it "
               "neither resumes nor leaves process() to compute()")
    elif len(taken) > 1:
        yield "takes items of several inputs in a way of its own"


def _target(graph: Graph, edge: Edge) -> str:
    return graph.nodes[edge.target.node].ros_name


def _computes(graph: Graph, node: str) -> bool:
    return graph.nodes[node].type.process is Node.process


def _taken(graph: Graph, node: str) -> list[Edge]:
    """Return the edges of which a node takes every item, in the order of its inputs."""
    incoming = graph.incoming[node]
    return [edge for port in graph.nodes[node].type.inputs for edge in incoming.get(port, ())
            if _every_item_counts(graph, edge)]


def _every_item_counts(graph: Graph, edge: Edge) -> bool:
    """Tell whether an edge may lose nothing; a held value is sent again anyway."""
    port = graph.nodes[edge.target.node].type.inputs[edge.target.port]
    return edge.policy is EdgePolicy.LOSSLESS and not port.type.held
