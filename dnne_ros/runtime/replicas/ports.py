"""How the items of a node's ports travel to a replica in another process, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dnne_ros.graph.replicas import coming_to
from dnne_ros.transport.codecs import codec_for
from dnne_ros.workflow.records import PortRef

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph
    from dnne_ros.node_api.port_types import PortType
    from dnne_ros.runtime.replicas.parcels import Payload


class PackedPorts:
    """The values of some ports as messages, as between any two processes of a graph."""

    def __init__(self, types: Mapping[str, PortType]):
        """Pack values of ``types``, by port."""
        self.types = types
        self._codecs = {port: codec_for(type.sent_as()) for port, type in types.items()}

    def pack(self, values: Mapping[str, Any]) -> list[Payload]:
        """Return a message for each value; TypeError for one that is none of its type."""
        return [self._codecs[port].parts(self.types[port].pack(value))
                for port, value in values.items()]

    def unpack(self, ports: Sequence[str], messages: Sequence[bytes]) -> dict[str, Any]:
        """Return the values of messages, by port."""
        return {port: self.types[port].unpack(self._codecs[port].decode(message))
                for port, message in zip(ports, messages, strict=True)}


def taken_by(graph: Graph, node: str) -> PackedPorts:
    """Return what packs the items of a node's linked inputs."""
    return PackedPorts(coming_to(graph, node))


def given_by(graph: Graph, node: str) -> PackedPorts:
    """Return what packs a node's outputs."""
    return PackedPorts({port: graph.output_types[PortRef(node, port)]
                        for port in graph.nodes[node].type.outputs})
