"""The places of a graph."""

from __future__ import annotations

from dnne_ros.debugging.places import PlacedNode, Places
from dnne_ros.graph.graph import Graph, GraphNode
from dnne_ros.workflow.records import PortRef


def places_of(graph: Graph) -> Places:
    """Return what can be named in ``graph``, as remapping rules leave it."""
    names = {id: node.ros_name for id, node in graph.nodes.items()}
    return Places(
        [_placed(graph, node) for node in graph.nodes.values()],
        {(names[edge.target.node], edge.target.port): (names[edge.source.node], edge.source.port)
         for edge in graph.edges})


def holds_value(graph: Graph, ref: PortRef) -> bool:
    """Tell whether an input holds the one value that comes to it: no items go through it."""
    port = graph.nodes[ref.node].type.inputs[ref.port]
    edges = graph.incoming[ref.node].get(ref.port)
    return port.type.held or bool(edges and edges[0].type.feedback and port.trains)


def _placed(graph: Graph, node: GraphNode) -> PlacedNode:
    linked = [*graph.incoming[node.id],
              *(ref.port for ref in graph.external if ref.node == node.id)]
    held = [port for port in linked if holds_value(graph, PortRef(node.id, port))]
    return PlacedNode(
        node.ros_name, [port for port in linked if port not in held], list(node.type.outputs),
        held, [each for each in (node.id, node.title, node.type.type_name) if each])
