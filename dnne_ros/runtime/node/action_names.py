"""Of which services and topics an action is made, and how its goals' states are called.

They are those of ROS 2's article on actions (design.ros2.org/articles/actions.html), by which rcl
offers and calls them, too.
"""

from __future__ import annotations

from action_msgs.msg import GoalStatus

SERVICES = ("/_action/send_goal", "/_action/get_result", "/_action/cancel_goal")
TOPICS = ("/_action/feedback", "/_action/status")
STATUS_WORDS = {
    GoalStatus.STATUS_ACCEPTED: "accepted", GoalStatus.STATUS_EXECUTING: "executing",
    GoalStatus.STATUS_CANCELING: "canceling", GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_CANCELED: "canceled", GoalStatus.STATUS_ABORTED: "aborted"}
"""What the states of a goal are called, by their numbers; STATUS_UNKNOWN is none."""
STATUS_NUMBERS = {word: number for number, word in STATUS_WORDS.items()}
