"""The ports and widgets of node types that give goals to an action, and what subclasses say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Boolean, Dict, String, Sync
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_actions import ActionUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.back_off import BACK_OFFS


class GoalPorts(Node):
    """What `GoalNode` declares, and what its subclasses override."""

    category = "ros"
    without_torch = True

    cancel = Input(Sync(), "Cancels the goal that is under way.", optional=True,
                   free_first_round=True)
    feedback = Output(Dict(), "How far a goal is: all fields, each time that the server says so; "
                      "arrays of numbers in it are tensors.")
    result = Output(Dict(), "All fields of the result; only of goals that the server has ended.")
    status = Output(String(), "What becomes of a goal, word by word: accepted, executing, "
                    "canceling; then succeeded, aborted, canceled, rejected, absent, timeout, "
                    "gone or replaced.")
    succeeded = Output(Boolean(), "Whether a goal has succeeded: one for each, the last of all.")
    action = Widget("", "The action: /absolute, relative to the graph's namespace, or ~/private.",
                    required=True)
    timeout = Widget(5.0, "How long the server's answer to a goal, or to a request to cancel one, "
                     "is waited for.", minimum=0.001, maximum=86_400.0, unit="s", live=True)
    wait = Widget(0.0, "How long each attempt waits for an action that nobody offers; 0: until "
                  "somebody does.", minimum=0.0, maximum=86_400.0, unit="s", live=True)
    goal_timeout = Widget(0.0, "How long a goal may take once it is accepted; then it is "
                          "cancelled, and has failed; 0: as long as it takes.", minimum=0.0,
                          maximum=604_800.0, unit="s", live=True)
    new_goal = Widget("wait", "What a goal does that comes while another is under way: wait for "
                      "its end; cancel: cancel it and wait for its end; replace: be sent at once, "
                      "for servers that go over to it.", choices=("wait", "cancel", "replace"))
    attempts = Widget(1, "How often a goal that is rejected, or not answered, is sent in all. "
                      "More than 1 needs tenacity.", minimum=1, maximum=1000)
    back_off = Widget("exponential", "How the pause before another attempt grows.",
                      choices=BACK_OFFS, live=True)
    first_pause = Widget(0.1, "The first pause.", minimum=0.0, maximum=3600.0, unit="s",
                         live=True)
    longest_pause = Widget(10.0, "The longest pause.", minimum=0.0, maximum=86_400.0, unit="s",
                           live=True)
    when_failed = Widget("tell", "What a goal that has not succeeded brings about: tell: "
                         "``succeeded`` is false; fail: an error of the node, with which its "
                         "errors.policy deals (but not for one that was replaced, or cancelled "
                         "by this node).", choices=("tell", "fail"), live=True)

    fixed_type: ClassVar[str] = ""
    """The action's type, unless a widget names it."""

    @classmethod
    def action_type_of(cls, values: Mapping[str, Any]) -> str:
        """Return the action's type."""
        return cls.fixed_type

    @classmethod
    def ros_actions(cls, values: Mapping[str, Any]) -> tuple[ActionUse, ...]:
        """Say what it calls."""
        return (ActionUse(values["action"], cls.action_type_of(values)),)

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it gives nothing before others answer."""
        return True

    def safe_outputs(self, last: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the last result, and that the goal has not succeeded."""
        kept = {port: last[port] for port in last if port not in ("status", "feedback")}
        return {**kept, "succeeded": False}

    async def next_goal(self) -> Any:
        """Wait for what the next goal is made of; return its message."""
        raise TypeError(f"{type(self).__name__} does not define next_goal()")

    def outputs_of_feedback(self, message: Any) -> Mapping[str, Any]:
        """Return what a feedback message gives beside its fields, by output."""
        return {}

    def outputs_of_result(self, message: Any) -> Mapping[str, Any]:
        """Return what a result message gives beside its fields, by output."""
        return {}

    def reason_of(self, result: Any) -> str:
        """Return what a result says of why the goal has not succeeded, for people."""
        return ""
