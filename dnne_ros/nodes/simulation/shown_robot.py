"""One environment's robot for RViz: its description once, its joint states while it moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnne_ros.toolkit.throttle import Throttle

if TYPE_CHECKING:
    from dnne_ros.node_api.ros_topics import RosTopics
    from dnne_ros.sim.simulator import Simulator

JOINT_STATES = "/joint_states"
ROBOT_DESCRIPTION = "/robot_description"
TYPES = {JOINT_STATES: "sensor_msgs/msg/JointState", ROBOT_DESCRIPTION: "std_msgs/msg/String"}
_PERIOD = 0.02


class ShownRobot:
    """Publishes what robot_state_publisher subscribes to, 50 times a second at most."""

    def __init__(self, simulator: Simulator, topics: RosTopics):
        """Publish the description, for those who come later too."""
        spec = simulator.spec
        self._simulator = simulator
        self._message = topics.message_class(TYPES[JOINT_STATES])()
        self._message.name = list(spec.joints)
        self._due = Throttle(_PERIOD)
        self._joint_states = topics.advertise(JOINT_STATES, TYPES[JOINT_STATES])
        if spec.description:
            text = topics.message_class(TYPES[ROBOT_DESCRIPTION])(data=spec.description)
            self._description = topics.advertise(
                ROBOT_DESCRIPTION, TYPES[ROBOT_DESCRIPTION], "latched")
            self._description.publish(text)

    def publish(self, env: int, stamp_ns: int) -> None:
        """Publish the joints of environment ``env``, if it is time to and somebody listens."""
        if not self._due() or not self._joint_states.get_subscription_count():
            return
        message = self._message
        message.position, message.velocity = self._simulator.joint_state(env)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
        self._joint_states.publish(message)
