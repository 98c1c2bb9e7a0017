"""Follows items through the nodes of one process, and makes the spans of its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.graph.graph import Graph
from dnne_ros.options.limits import EPOCHS_WIDGET
from dnne_ros.runtime.edges.wiring import Wiring
from dnne_ros.spans.checkpoint_spans import CheckpointSpans
from dnne_ros.spans.node_spans import NodeSpans, Roots
from dnne_ros.spans.ports import FollowedInput, FollowedOutput
from dnne_ros.spans.telemetry import Telemetry
from dnne_ros.transport.tails import Tails
from dnne_ros.workflow.records import PortRef

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from dnne_ros.runtime.coordination.status import StatusChannel
    from dnne_ros.runtime.node.context import HostContext

_MOST_HOPS = 255


class ProcessSpans:
    """The spans of the nodes of a process, from when they are made until they are closed."""

    def __init__(self, telemetry: Telemetry, tracer: Tracer, graph: Graph, wiring: Wiring,
                 contexts: Mapping[str, HostContext], status: StatusChannel):
        """Follow items through the nodes of ``contexts``, by id."""
        self._graph = graph
        self._wiring = wiring
        self._status = status
        self._tails = {ref: Tails() for ref in wiring.outputs}
        self._spans: list[NodeSpans] = []
        self._checkpoints = CheckpointSpans(tracer, graph.namespace, telemetry.parent)
        status.listeners.append(self._checkpoints.note)
        for id, context in contexts.items():
            type = graph.nodes[id].type
            spans = NodeSpans(
                tracer, graph.namespace, graph.nodes[id].ros_name,
                min(len(graph.nodes), _MOST_HOPS),
                Roots(_begins(graph, id), telemetry.samples_itself),
                "epoch" if EPOCHS_WIDGET in type.widgets else "update", telemetry.parent)
            self._spans.append(spans)
            self._follow(id, context, spans)

    def close(self) -> None:
        """End the spans that are open."""
        self._status.listeners.remove(self._checkpoints.note)
        for spans in self._spans:
            spans.close()

    def _follow(self, id: str, context: HostContext, spans: NodeSpans) -> None:
        context.follow(
            spans,
            lambda port, source: FollowedInput(source, spans, port,
                                               self._tails_at(PortRef(id, port))),
            lambda port, target: FollowedOutput(target, spans, self._tails[PortRef(id, port)]))

    def _tails_at(self, ref: PortRef) -> Tails:
        """Return where an input finds what came along; what others publish brings nothing."""
        for edge in self._graph.incoming[ref.node].get(ref.port, ()):
            name = self._graph.edge_name(edge)
            if name in self._wiring.readers:
                return self._wiring.readers[name].tails
            return self._tails[edge.source]
        return Tails()


def _begins(graph: Graph, id: str) -> bool:
    """Tell whether items begin at a node: nothing in the graph leads to it, or a loop starts."""
    type: Any = graph.nodes[id].type
    return not graph.incoming[id] or not type.waits_for_all(graph.nodes[id].values) \
        or any(type.inputs[port].free_first_round for port in graph.incoming[id]) \
        or any(output.starts_loop for output in type.outputs.values())
