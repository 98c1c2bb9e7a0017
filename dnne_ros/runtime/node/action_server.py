"""The offering end of an action, of the services and topics that an action is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from action_msgs.msg import GoalInfo, GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from rclpy.qos import QoSProfile, qos_profile_action_status_default

from dnne_ros.node_api.ros_actions import ENDS, ServedGoal
from dnne_ros.node_api.ros_services import Answer
from dnne_ros.runtime.node.action_names import SERVICES, STATUS_NUMBERS, TOPICS
from dnne_ros.runtime.node.ros_services import offer

if TYPE_CHECKING:
    from rclpy.node import Node

_FEEDBACK_DEPTH = 10


class HostServedGoal:
    """A goal of a server, from its request until its result is needed no more."""

    def __init__(self, server: HostActionServer, info: GoalInfo, goal: Any, answer: Answer):
        """Hold what was sent; ``answer`` takes whether it is accepted."""
        self.goal = goal
        self.info = info
        self.status = ""
        """What it is called on the topic of states; "" before it is accepted."""
        self.result: Any = None
        self.askers: list[Answer] = []
        """Whoever waits for the result."""
        self.expiry: asyncio.TimerHandle | None = None
        self._server = server
        self._answer = answer

    @property
    def id(self) -> bytes:
        """Return the client's name for it."""
        return bytes(self.info.goal_id.uuid)

    @property
    def active(self) -> bool:
        """Tell whether it has been accepted and has not ended."""
        return bool(self.status) and self.status not in ENDS

    def accept(self) -> None:
        """Take the goal; it is executing from now on."""
        self._expect(not self.status, "accepted")
        self.status = "executing"
        self._server.accepted(self, self._answer)

    def reject(self) -> None:
        """Refuse the goal."""
        self._expect(not self.status, "rejected")
        self._server.rejected(self, self._answer)

    def feedback(self, message: Any) -> None:
        """Publish how far it is."""
        self._expect(self.active, "given feedback")
        self._server.publish_feedback(self, message)

    def finish(self, end: str, result: Any) -> None:
        """End it as ``end`` with a result."""
        self._expect(self.active and end in ENDS, end)
        self._expect(end != "canceled" or self.status == "canceling", end)
        self.status, self.result = end, result
        self._server.finished(self)

    def _expect(self, fits: bool, what: str) -> None:
        if not fits:
            raise ValueError(f"a goal that is {self.status or 'not accepted'} cannot be {what}")


class HostActionServer:
    """Offers one action; all that comes is heard in the event loop's own thread."""

    def __init__(self, host: Node, type: Any, name: str, on_goal: Callable[[ServedGoal], None],
                 on_cancel: Callable[[ServedGoal], bool], keep_results: float):
        """Offer the action with the full ``name``, of which ``type`` is the class."""
        self.name = name
        self._host = host
        self._impl = type.Impl
        self._on_goal = on_goal
        self._on_cancel = on_cancel
        self._keep_seconds = keep_results
        self._goals: dict[bytes, HostServedGoal] = {}
        self._services = [
            offer(host, each, f"{name}{service}", take) for each, service, take in zip(
                (self._impl.SendGoalService, self._impl.GetResultService,
                 self._impl.CancelGoalService), SERVICES,
                (self._take_goal, self._take_result_request, self._take_cancel_request),
                strict=True)]
        feedback, status = (f"{name}{topic}" for topic in TOPICS)
        self._feedback = host.create_publisher(
            self._impl.FeedbackMessage, feedback, QoSProfile(depth=_FEEDBACK_DEPTH))
        self._status = host.create_publisher(
            GoalStatusArray, status, qos_profile_action_status_default)

    @property
    def kept(self) -> int:
        """Return how many goals are kept: those under way, and those whose results are."""
        return len(self._goals)

    def accepted(self, goal: HostServedGoal, answer: Answer) -> None:
        """Tell the client that a goal is under way."""
        goal.info.stamp = self._host.get_clock().now().to_msg()
        answer(self._impl.SendGoalService.Response(accepted=True, stamp=goal.info.stamp))
        self._publish_status()

    def rejected(self, goal: HostServedGoal, answer: Answer) -> None:
        """Tell the client that a goal is refused, and forget it."""
        del self._goals[goal.id]
        answer(self._impl.SendGoalService.Response(accepted=False))

    def publish_feedback(self, goal: HostServedGoal, message: Any) -> None:
        """Publish how far a goal is."""
        self._feedback.publish(self._impl.FeedbackMessage(
            goal_id=goal.info.goal_id, feedback=message))

    def finished(self, goal: HostServedGoal) -> None:
        """Tell whoever waits for it that a goal has ended, and keep the result for others."""
        self._publish_status()
        for answer in goal.askers:
            answer(self._result_response(goal))
        goal.askers.clear()
        goal.expiry = asyncio.get_running_loop().call_later(
            self._keep_seconds, self._goals.pop, goal.id, None)

    def close(self) -> None:
        """Give services and topics back, and forget all goals."""
        for goal in self._goals.values():
            if goal.expiry is not None:
                goal.expiry.cancel()
        self._goals.clear()
        for service in self._services:
            self._host.destroy_service(service)
        for publisher in (self._feedback, self._status):
            self._host.destroy_publisher(publisher)

    def _take_goal(self, request: Any, answer: Answer) -> None:
        goal = HostServedGoal(self, GoalInfo(goal_id=request.goal_id), request.goal, answer)
        if goal.id in self._goals:  # the same one again
            answer(self._impl.SendGoalService.Response(accepted=False))
            return
        self._goals[goal.id] = goal
        self._on_goal(goal)

    def _take_result_request(self, request: Any, answer: Answer) -> None:
        goal = self._goals.get(bytes(request.goal_id.uuid))
        if goal is None or not goal.status:
            answer(self._impl.GetResultService.Response(status=GoalStatus.STATUS_UNKNOWN))
        elif goal.active:
            goal.askers.append(answer)
        else:
            answer(self._result_response(goal))

    def _take_cancel_request(self, request: Any, answer: Answer) -> None:
        response = CancelGoal.Response(return_code=CancelGoal.Response.ERROR_REJECTED)
        wanted = self._meant(request)
        for goal in wanted:
            if goal.status == "canceling":
                response.goals_canceling.append(goal.info)
            elif goal.active and self._on_cancel(goal):
                response.goals_canceling.append(goal.info)
                goal.status = "canceling"
        if response.goals_canceling:
            response.return_code = CancelGoal.Response.ERROR_NONE
            self._publish_status()
        elif not wanted:
            response.return_code = CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID
        elif not any(goal.active for goal in wanted):
            response.return_code = CancelGoal.Response.ERROR_GOAL_TERMINATED
        answer(response)

    def _meant(self, request: CancelGoal.Request) -> list[HostServedGoal]:
        """Return the goals that a request means: of an id, accepted until a time, or all."""
        id, until = bytes(request.goal_info.goal_id.uuid), _ns(request.goal_info.stamp)
        accepted = [goal for goal in self._goals.values() if goal.status]
        if any(id):
            return [goal for goal in accepted
                    if goal.id == id or (until and _ns(goal.info.stamp) <= until)]
        return [goal for goal in accepted
                if goal.active and (not until or _ns(goal.info.stamp) <= until)]

    def _result_response(self, goal: HostServedGoal) -> Any:
        return self._impl.GetResultService.Response(
            status=STATUS_NUMBERS[goal.status], result=goal.result)

    def _publish_status(self) -> None:
        self._status.publish(GoalStatusArray(status_list=[
            GoalStatus(goal_info=goal.info, status=STATUS_NUMBERS[goal.status])
            for goal in self._goals.values() if goal.status]))


def _ns(stamp: Any) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
