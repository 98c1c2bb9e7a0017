"""Gives goals to what other ROS nodes offer as an action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.port_types import AnyValue, Sync, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.action_fields import action_misfits, part_maker, part_reader
from dnne_ros.nodes.ros.goal_node import GoalNode
from dnne_ros.nodes.ros.plain_values import DTYPES, plain
from dnne_ros.nodes.ros.topic_widgets import made


class ActionClientNode(GoalNode):
    """Give goals to an action of any installed type, one for each item.

    What comes at ``goal`` goes into ``field``: numbers, text, or a dictionary of fields.  All
    other fields are as ``fixed`` says, and so are all of them where only a ``trigger`` comes.
    Feedback goes out as it comes; each goal ends with a word of ``status`` and with
    ``succeeded``.  A goal that is under way when the graph ends is cancelled.
    """

    goal = Input(AnyValue(), "What to ask for, one goal for each.", optional=True,
                 aliases=("value", "input", "request"))
    trigger = Input(Sync(), "One goal for each; with ``goal``, one of each makes a goal.",
                    optional=True)
    feedback_tensor = Output(Tensor(), "The numbers of ``feedback_field``, (n).")
    tensor = Output(Tensor(), "The numbers of ``tensor_field`` in the result, (n).")
    action_type = Widget("", "package/action/Name, any installed one.", required=True)
    field = Widget("", "Where the numbers or the text of ``goal`` go, paths with commas: order "
                   "or a,b; empty: the whole goal (for dictionaries too).")
    fixed = Widget("", "Fields that are the same in each goal, as ros2 action send_goal takes "
                   "them: {order: 5}.")
    tensor_field = Widget("", "Where the numbers of ``tensor`` are in the result, paths with "
                          "commas; empty: the whole result.")
    feedback_field = Widget("", "Where the numbers of ``feedback_tensor`` are in the feedback, "
                            "paths with commas; empty: the whole feedback.")
    dtype = Widget("as_sent", "Element type of the tensors; as_sent: the messages' own.",
                   choices=DTYPES)

    @classmethod
    def action_type_of(cls, values: Mapping[str, Any]) -> str:
        """Return what the widget says."""
        return str(values["action_type"])

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check name, type and fields."""
        return action_misfits(cls, values, {"field": "Goal"},
                              {"tensor_field": "Result", "feedback_field": "Feedback"})

    def setup(self) -> None:
        """Find the fields and make the client."""
        self._linked = [name for name in ("goal", "trigger") if self.context.is_linked(name)]
        if not self._linked:
            raise InputError("inputs", ["expected a link to goal or trigger, found none"])
        self._fill = made(lambda values: part_maker(values, "Goal", "field"), self.values)
        self._fixed = made(lambda values: part_maker(values, "Goal", "field", whole=True),
                           self.values)
        self._of_result = self._reader("tensor", "Result", "tensor_field")
        self._of_feedback = self._reader("feedback_tensor", "Feedback", "feedback_field")
        super().setup()

    async def next_goal(self) -> Any:
        """Wait for one item of each linked input."""
        items = [await self.get_input(name) for name in self._linked]
        return self._fixed.make({}) if items[0] is None else self._fill.make(plain(items[0]))

    def outputs_of_feedback(self, message: Any) -> Mapping[str, Any]:
        """Return the feedback's numbers."""
        return {} if self._of_feedback is None \
            else {"feedback_tensor": self._of_feedback(message)}

    def outputs_of_result(self, message: Any) -> Mapping[str, Any]:
        """Return the result's numbers."""
        return {} if self._of_result is None else {"tensor": self._of_result(message)}

    def _reader(self, output: str, part: str, widget: str) -> Callable[[Any], Any] | None:
        if not self.values[widget].strip() and not self.context.is_linked(output):
            return None
        return made(lambda values: part_reader(values, part, widget), self.values)
