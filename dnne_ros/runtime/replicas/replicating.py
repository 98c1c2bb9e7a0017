"""Gives a node of a graph the replicas that its workflow asks for."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dnne_ros.graph.replicas import PROCESSES
from dnne_ros.runtime.replicas.process_replica import ReplicaProcesses
from dnne_ros.runtime.replicas.replicated import Make, Replicated
from dnne_ros.runtime.replicas.thread_replica import thread_replica

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph, GraphNode
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost


def replica_processes(graph: Graph, nodes: Iterable[str]) -> ReplicaProcesses | None:
    """Return what starts the replicas of ``nodes`` that are to have processes, if any are.

    To be called while the calling process has no threads.
    """
    if any(asked is not None and asked.within == PROCESSES
           for asked in (graph.nodes[id].replicas for id in nodes)):
        return ReplicaProcesses(graph)
    return None


def replicate(node: GraphNode, host: NodeHost, context: HostContext, wiring: Wiring,
              processes: ReplicaProcesses | None) -> None:
    """Let replicas work for ``node``, and its parameters reach them, if it is to have any."""
    if node.replicas is None:
        return
    make: Make = partial(thread_replica, context)
    if node.replicas.within == PROCESSES:
        assert processes is not None  # it was made for such nodes
        make = partial(processes.start, context)
    inputs = {ref.port: source for ref, source in wiring.inputs.items() if ref.node == node.id}
    replicated = context.replicated = Replicated(
        node.replicas, host.replicas, context, inputs, make, node.replicas.item_key(node.type))
    host.on_scaled = replicated.scale
    host.change_widget = partial(_change, host, replicated, node.replicas.within == PROCESSES)


def _change(host: NodeHost, replicated: Replicated, apart: bool, name: str, value: Any) -> None:
    """Let the replicas have a widget's other value; ``apart``: the node is none of them."""
    if apart:
        assert host.node is not None  # it is what changes are served for
        host.node.values[name] = value
    replicated.change(name, value)
