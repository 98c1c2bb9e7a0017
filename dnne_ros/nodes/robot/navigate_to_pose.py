"""Has a mobile robot drive to poses, by nav2."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, sin
from typing import Any

import numpy as np

from dnne_ros.arrays import as_tensor
from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.message_types import action_class
from dnne_ros.messages.reading import NumberReader
from dnne_ros.node_api.port_types import Float, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.action_fields import EXAMPLE
from dnne_ros.nodes.ros.goal_node import GoalNode
from dnne_ros.nodes.ros.plain_values import plain
from dnne_ros.nodes.ros.topic_widgets import made, misfits, topic_misfits

_TYPE = "nav2_msgs/action/NavigateToPose"
_POSE = "current_pose.pose"


class NavigateToPose(GoalNode):
    """Have nav2 drive a robot to each pose.

    It is an ActionClient in the words of mobile robots.  A new pose replaces the one under way,
    as nav2's own navigator has it.  Needs nav2_msgs.
    """

    category = "robot"
    fixed_type = _TYPE

    pose = Input(Tensor(), "Where to: (x, y, yaw), m and rad, or (x, y, z, qx, qy, qz, qw).",
                 aliases=("goal", "input"))
    current = Output(Tensor(), "Where the robot is, (x, y, z, qx, qy, qz, qw), each time that "
                     "nav2 says so.")
    distance = Output(Float(), "How far there is to drive, m.")
    action = Widget("/navigate_to_pose", "The action: /absolute, relative to the graph's "
                    "namespace, or ~/private.")
    new_goal = Widget("replace", "What a pose does that comes while another is under way: "
                      "replace: be sent at once; cancel: cancel it and wait for its end; wait for "
                      "its end.", choices=("wait", "cancel", "replace"))
    frame_id = Widget("map", "The frame that poses are in.", live=True)
    behavior_tree = Widget("", "A behaviour tree of nav2's in place of its usual one.", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the action's name, and that its type is there."""
        return (topic_misfits(values["action"], "action", EXAMPLE)
                + misfits(lambda _: action_class(_TYPE), values))

    def setup(self) -> None:
        """Find the fields and make the client."""
        type: Any = made(lambda _: action_class(_TYPE), self.values)
        self._maker = MessageMaker(type.Goal, "")
        self._current = NumberReader(type.Feedback, _POSE)
        super().setup()

    async def next_goal(self) -> Any:
        """Wait for a pose."""
        pose = pose_of(plain(await self.get_input("pose")))
        return self._maker.make({"behavior_tree": self.behavior_tree, "pose": {
            "header": {"frame_id": self.frame_id},  # no stamp: the newest transform
            "pose": {"position": dict(zip("xyz", pose[:3], strict=True)),
                     "orientation": dict(zip("xyzw", pose[3:], strict=True))}}})

    def outputs_of_feedback(self, message: Any) -> Mapping[str, Any]:
        """Return where the robot is, and how far it has to drive."""
        return {"current": as_tensor(self._current.read(message)),
                "distance": float(message.distance_remaining)}

    def reason_of(self, result: Any) -> str:
        """Return what nav2 says of an end; its older releases say nothing."""
        return (f"error_code {getattr(result, 'error_code', 0)} "
                f"{getattr(result, 'error_msg', '')}")


def pose_of(value: Any) -> np.ndarray:
    """Return (x, y, yaw), or (x, y, z, qx, qy, qz, qw), as the latter, with a unit quaternion.

    ValueError for another number of elements, one that is not finite, or no quaternion.
    """
    pose = np.asarray(value, np.float64).ravel()
    if pose.size not in (3, 7) or not np.isfinite(pose).all():
        raise ValueError("expected x, y, yaw or x, y, z, qx, qy, qz, qw, all finite, found "
                         f"{pose.tolist()!r:.80}")
    if pose.size == 3:
        x, y, yaw = pose
        return np.array([x, y, 0.0, 0.0, 0.0, sin(yaw / 2.0), cos(yaw / 2.0)])
    length = float(np.linalg.norm(pose[3:]))
    if length < 1e-6:
        raise ValueError(f"expected a quaternion, found {pose[3:].tolist()}")
    return np.concatenate([pose[:3], pose[3:] / length])
