"""What robots say."""

from __future__ import annotations

from dnne_ros.node_api.port_types.base import PortType
from dnne_ros.transport.body_codecs import ImuCodec, TwistCodec
from dnne_ros.transport.joint_state_codec import JointStateCodec
from dnne_ros.transport.payload import ImuReading, JointStates, Velocity, Wire
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


class Imu(PortType):
    """What an inertial sensor measures: a `dnne_ros.transport.payload.ImuReading`."""

    name = "IMU"
    policy = EdgePolicy.LATEST

    @property
    def wire(self) -> Wire:
        """Return sensor_msgs/Imu."""
        return Wire(ImuCodec)

    def check(self, value: ImuReading) -> None:
        """Raise TypeError for anything else."""
        if not isinstance(value, ImuReading):
            raise TypeError(f"expected an ImuReading, found {type(value).__name__}")

    def pack(self, value: ImuReading) -> ImuReading:
        """Return it as it is."""
        return value

    def unpack(self, payload: ImuReading) -> ImuReading:
        """Return it as it is."""
        return payload


class Twist(PortType):
    """A velocity of a body, measured or wanted: a `dnne_ros.transport.payload.Velocity`."""

    name = "TWIST"
    policy = EdgePolicy.LATEST

    @property
    def wire(self) -> Wire:
        """Return geometry_msgs/Twist."""
        return Wire(TwistCodec)

    def check(self, value: Velocity) -> None:
        """Raise TypeError for anything else."""
        if not isinstance(value, Velocity):
            raise TypeError(f"expected a Velocity, found {type(value).__name__}")

    def pack(self, value: Velocity) -> Velocity:
        """Return it as it is."""
        return value

    def unpack(self, payload: Velocity) -> Velocity:
        """Return it as it is."""
        return payload
