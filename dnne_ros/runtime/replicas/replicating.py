"""Gives a node of a graph the replicas that its workflow asks for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dnne_ros.runtime.replicas.replicated import Replicated
from dnne_ros.runtime.replicas.thread_replica import thread_replica

if TYPE_CHECKING:
    from dnne_ros.graph.graph import GraphNode
    from dnne_ros.runtime.edges.wiring import Wiring
    from dnne_ros.runtime.node.context import HostContext
    from dnne_ros.runtime.node.node_host import NodeHost


def replicate(node: GraphNode, host: NodeHost, context: HostContext, wiring: Wiring) -> None:
    """Let replicas work for ``node``, and its parameters reach them, if it is to have any."""
    if node.replicas is None:
        return
    inputs = {ref.port: source for ref, source in wiring.inputs.items() if ref.node == node.id}
    replicated = context.replicated = Replicated(
        node.replicas, host.replicas, context, inputs, partial(thread_replica, context))
    host.on_scaled = replicated.scale
    host.change_widget = replicated.change
