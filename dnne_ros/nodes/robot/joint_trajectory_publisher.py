"""Publishes trajectories for a controller of joints, as ros2_control has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.message_types import message_class
from dnne_ros.node_api.ros_topics import QOS_PRESETS, TopicUse
from dnne_ros.node_api.widget import Widget, missing_values
from dnne_ros.nodes.robot.trajectory_widgets import TrajectoryNode
from dnne_ros.nodes.ros.topic_widgets import made, misfits, topic_misfits

_TYPE = "trajectory_msgs/msg/JointTrajectory"


class JointTrajectoryPublisher(TrajectoryNode):
    """Publish each chunk of actions as a JointTrajectory, as joint_trajectory_controller takes it.

    A newer trajectory takes the place of the one before, and nobody says what became of it: for
    that there is FollowJointTrajectory.  Needs trajectory_msgs.
    """

    topic = Widget("/joint_trajectory_controller/joint_trajectory", "The controller's topic: "
                   "/absolute, relative to the graph's namespace, or ~/private.")
    qos = Widget("reliable", "How to publish.", choices=QOS_PRESETS)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the topic, the joints, and that the message type is there."""
        if missing_values(cls.widgets, values):
            return []
        return (topic_misfits(values["topic"]) + cls.joint_misfits(values)
                + misfits(lambda _: message_class(_TYPE), values))

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it publishes."""
        return (TopicUse(values["topic"], _TYPE, publishes=True),)

    def setup(self) -> None:
        """Advertise the topic."""
        self._maker = made(lambda _: MessageMaker(message_class(_TYPE), ""), self.values)
        self._publisher = self.context.topics.advertise(self.topic, _TYPE, self.qos)
        self.context.health.values["published"] = 0

    async def process(self) -> None:
        """Publish a trajectory for each chunk."""
        while True:
            chunk = await self.get_input("positions")
            self._publisher.publish(self._maker.make(self.trajectory_of(chunk)))
            self.context.health.values["published"] += 1
