"""Which node publishes, subscribes to and offers what: the connection graph of viewers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import foxglove
from rclpy.impl.implementation_singleton import rclpy_implementation

from dnne_ros.foxglove.scope import belongs, full_name, is_hidden

if TYPE_CHECKING:
    from rclpy.node import Node

_OF_EVERY_NODE = ("rcl_interfaces/", "type_description_interfaces/")
"""The types of services that every node has, for its parameters: no connection of a graph."""


@dataclass
class Connections:
    """By topic or service, the full names of its nodes, in order."""

    published: dict[str, list[str]] = field(default_factory=dict)
    subscribed: dict[str, list[str]] = field(default_factory=dict)
    services: dict[str, list[str]] = field(default_factory=dict)

    def encode(self) -> foxglove.ConnectionGraph:
        """Return them as viewers have them."""
        graph = foxglove.ConnectionGraph()
        for topic, nodes in self.published.items():
            graph.set_published_topic(topic, nodes)
        for topic, nodes in self.subscribed.items():
            graph.set_subscribed_topic(topic, nodes)
        for service, nodes in self.services.items():
            graph.set_advertised_service(service, nodes)
        return graph


def connections(node: Node, topics: Iterable[str], graph: str) -> Connections:
    """Return who is at ``topics``, and the services of ``graph``, as ``node`` sees them now."""
    found = Connections()
    for topic in topics:
        # Also those that nobody is at: foxglove-sdk tells of no topic that lost its last
        # subscriber while it is still published, unless it is there with none.
        found.published[topic] = _names(node.get_publishers_info_by_topic(topic))
        found.subscribed[topic] = _names(node.get_subscriptions_info_by_topic(topic))
    for name, namespace in node.get_node_names_and_namespaces():
        if belongs(namespace, graph) and not is_hidden(name):
            for service in _services(node, name, namespace):
                found.services.setdefault(service, []).append(full_name(namespace, name))
    return found


def _names(ends: Iterable[Any]) -> list[str]:
    return sorted({full_name(end.node_namespace, end.node_name) for end in ends
                   if not is_hidden(end.node_name)})


def _services(node: Node, name: str, namespace: str) -> list[str]:
    try:
        services = node.get_service_names_and_types_by_node(name, namespace)
    except rclpy_implementation.NodeNameNonExistentError:  # it has just gone
        return []
    return [service for service, types in services
            if not is_hidden(service) and not types[0].startswith(_OF_EVERY_NODE)]
