"""Links that ROS remapping replaces by topics of other nodes.

An input has the topic name ``<node>/<input>``, whether it is linked or not.  A linked input takes
nothing from that topic, unless a remapping rule gives it another name: then it is a plain
subscription to that one, and the link is gone.  Rules that hold for all nodes (``-r FROM:=TO``)
are the same in every process, so both ends of an edge come to the same conclusion.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode


def rewire(graph: Graph, host: RosNode, problems: Problems) -> Graph:
    """Return ``graph`` without the links whose inputs are remapped, as any ``host`` of it sees.

    A link whose values cannot leave their process becomes a problem.
    """
    kept, rewired = [], {}
    for edge in graph.edges:
        topic = graph.topic(edge.target)
        name = host.resolve_topic_name(topic)
        if name == host.resolve_topic_name(topic, only_expand=True):
            kept.append(edge)
        elif edge.type.wire is None:
            problems.add(f"{topic} is remapped to {name}, but a {edge.type} cannot come from a "
                         "topic")
        else:
            rewired[edge.target] = edge.type
    return replace(graph, edges=tuple(kept), rewired=rewired) if rewired else graph
