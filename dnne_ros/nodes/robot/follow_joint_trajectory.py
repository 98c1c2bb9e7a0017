"""Has a controller of joints follow trajectories, and hears how that goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.arrays import as_tensor
from dnne_ros.messages.message_types import action_class
from dnne_ros.messages.reading import NumberReader
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget, missing_values
from dnne_ros.nodes.robot.trajectories import duration
from dnne_ros.nodes.robot.trajectory_widgets import TrajectoryNode
from dnne_ros.nodes.ros.action_fields import EXAMPLE
from dnne_ros.nodes.ros.goal_node import GoalNode
from dnne_ros.nodes.ros.service_fields import maker_of
from dnne_ros.nodes.ros.topic_widgets import made, misfits, optional_names, topic_misfits

_TYPE = "control_msgs/action/FollowJointTrajectory"


class FollowJointTrajectory(GoalNode, TrajectoryNode):
    """Have a joint_trajectory_controller, or another, follow each chunk of actions.

    It is an ActionClient in the words of arms: a chunk becomes a trajectory, a new one replaces
    the one under way, and ``actual`` says where the joints are.  Needs control_msgs.
    """

    category = "robot"
    fixed_type = _TYPE

    actual = Output(Tensor(), "Where the joints are, (A), in the order of ``joints``, each time "
                    "that the controller says so.")
    error = Output(Tensor(), "How far they are from where they should be, (A), as the controller "
                   "reckons it.")
    action = Widget("/joint_trajectory_controller/follow_joint_trajectory", "The action: "
                    "/absolute, relative to the graph's namespace, or ~/private.")
    new_goal = Widget("replace", "What a chunk does that comes while another is under way: "
                      "replace: be sent at once; cancel: cancel it and wait for its end; wait for "
                      "its end.", choices=("wait", "cancel", "replace"))
    goal_time_tolerance = Widget(0.0, "How much later than said the last point may be reached; 0: "
                                 "as the controller has it.", minimum=0.0, maximum=3600.0,
                                 unit="s", live=True)
    fixed = Widget("", "Further fields of each goal, such as {goal_tolerance: [{name: elbow, "
                   "position: 0.01}]}.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the action's name, the joints, the type and the further fields."""
        if missing_values(cls.widgets, values):
            return []
        wrong = topic_misfits(values["action"], "action", EXAMPLE) + cls.joint_misfits(values)
        unknown = misfits(lambda _: action_class(_TYPE), values)
        return wrong + (unknown or misfits(_maker, values))

    def setup(self) -> None:
        """Find the fields and make the client."""
        self._maker = made(_maker, self.values)
        joints = made(lambda values: optional_names(values["joints"]), self.values)
        type: Any = action_class(_TYPE)
        self._readers = {
            output: NumberReader(type.Feedback, f"{output}.positions", names=joints)
            for output in ("actual", "error") if self.context.is_linked(output)}
        super().setup()
        self._counts["unlike_feedback"] = 0

    async def next_goal(self) -> Any:
        """Wait for a chunk."""
        chunk = await self.get_input("positions")
        return self._maker.make({
            "trajectory": self.trajectory_of(chunk),
            "goal_time_tolerance": duration(self.goal_time_tolerance)})

    def outputs_of_feedback(self, message: Any) -> Mapping[str, Any]:
        """Return where the joints are, if the controller names them."""
        try:
            return {output: as_tensor(reader.read(message))
                    for output, reader in self._readers.items()}
        except ValueError as error:  # what others send ends no run
            self._counts["unlike_feedback"] += 1
            self._trouble.note("feedback", f"feedback of {self._client.name}: {error}")
            return {}

    def reason_of(self, result: Any) -> str:
        """Return what the controller says of an end."""
        return f"error_code {result.error_code} {result.error_string}"


def _maker(values: Mapping[str, Any]) -> Any:
    type: Any = action_class(_TYPE)
    return maker_of(type.Goal, "", values["fixed"])
