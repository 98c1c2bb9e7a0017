"""Values that live in two processes: a replica's changes flow back to the owner.

A MODEL that is trained in another process is a replica there.  Each change of it is published on
the latched topic ``<trainer>/model/updates``, newest only, and applied to the owner's value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from std_msgs.msg import UInt8MultiArray

from dnne_ros.graph.graph import Edge, Graph
from dnne_ros.node_api.port_types import PortType
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport.codecs import BytesCodec, codec_for
from dnne_ros.transport.payload import Wire
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.qos import data_qos

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode

_CODEC = codec_for(Wire(BytesCodec))
_QOS = data_qos({EdgePolicy.LATEST}, 1)


def update_topic(graph: Graph, edge: Edge) -> str:
    """Return the topic on which the edge's target publishes its changes."""
    return f"{graph.nodes[edge.target.node].ros_name}/{edge.target.port}/updates"


def send_updates(host: RosNode, topic: str, type: PortType) -> Callable[[Any], None]:
    """Return what must be called with the replica, to publish its changes from then on."""
    publisher = host.create_publisher(UInt8MultiArray, topic, _QOS)

    def attach(replica: Any) -> None:
        replica.on_change(
            lambda update: publisher.publish(_CODEC.encode(type.pack_update(update))))

    return attach


def accept_updates(host: RosNode, topic: str, type: PortType, owner: OutputPort) -> None:
    """Apply what comes on ``topic`` to the value that ``owner`` sent."""
    def apply(message: bytes) -> None:
        if owner.newest is None:  # it is for another copy of this graph
            return
        try:
            owner.newest.apply(type.unpack_update(_CODEC.decode(message)))
        except Exception as error:  # anybody may publish here; it must not end the run
            host.get_logger().warning(f"dropped a message on {topic}: {error}")

    host.create_subscription(UInt8MultiArray, topic, apply, _QOS, raw=True)
