"""What robots say."""

from __future__ import annotations

from dnne_ros.node_api.port_types.base import PortType
from dnne_ros.transport.joint_state_codec import JointStateCodec
from dnne_ros.transport.payload import JointStates, Wire
from dnne_ros.transport.policy import EdgePolicy


class JointState(PortType):
    """What a robot says of its joints: a `dnne_ros.transport.payload.JointStates`."""

    name = "JOINT_STATE"
    policy = EdgePolicy.DROP_OLDEST

    @property
    def wire(self) -> Wire:
        """Return sensor_msgs/JointState."""
        return Wire(JointStateCodec)

    def check(self, value: JointStates) -> None:
        """Raise TypeError for anything else."""
        if not isinstance(value, JointStates):
            raise TypeError(f"expected JointStates, found {type(value).__name__}")

    def pack(self, value: JointStates) -> JointStates:
        """Return the joint states as they are."""
        return value

    def unpack(self, payload: JointStates) -> JointStates:
        """Return the joint states."""
        return payload
