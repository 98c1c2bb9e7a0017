"""The calling end of an action, of the services and topics that an action is."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from action_msgs.msg import GoalStatus, GoalStatusArray
from rclpy.qos import QoSProfile, qos_profile_action_status_default

from dnne_ros.node_api.event_waits import comes_true
from dnne_ros.node_api.ros_actions import GoalRejectedError, ServerGoneError
from dnne_ros.runtime.node.action_names import SERVICES, STATUS_WORDS, TOPICS
from dnne_ros.runtime.node.ros_services import LOOK_SECONDS, HostServiceClient

if TYPE_CHECKING:
    from rclpy.client import Client
    from rclpy.node import Node

_GONE_SECONDS = 0.5
"""Between looks for whether the server of a goal is still there."""
_FEEDBACK_DEPTH = 100


class HostSentGoal:
    """A goal that a server has, until it is let go."""

    def __init__(self, client: HostActionClient, id: bytes,
                 on_feedback: Callable[[Any], None], on_status: Callable[[str], None]):
        """Hear what ``client`` hears of the goal ``id``."""
        self.id = id
        self.on_feedback = on_feedback
        self.on_status = on_status
        self._client = client
        self._servers: frozenset[bytes] = frozenset()

    def note_server(self) -> None:
        """Keep in mind who has accepted it."""
        self._servers = self._client.servers()

    async def result(self) -> tuple[str, Any]:
        """Wait for the end and the result; `ServerGoneError` if there will be none."""
        client = self._client
        asking = asyncio.ensure_future(client.ask_result(self.id))
        try:
            while not asking.done():
                await asyncio.wait({asking}, timeout=_GONE_SECONDS)
                if not asking.done() and not self._servers & client.servers():
                    raise ServerGoneError(f"the server of the action {client.name} has gone, and "
                                          "its goal with it")
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        response = asking.result()
        word = STATUS_WORDS.get(response.status, "")
        if response.status == GoalStatus.STATUS_UNKNOWN or not word:
            raise ServerGoneError(f"the server of the action {client.name} knows nothing of the "
                                  "goal that it had accepted")
        return word, response.result

    async def cancel(self, timeout: float) -> bool:
        """Ask for the goal to be cancelled; tell whether it will be."""
        return await self._client.ask_cancel(self.id, timeout)

    def let_go(self, *, cancel: bool) -> None:
        """Hear nothing more of the goal."""
        self._client.forget(self, cancel)


class HostActionClient:
    """Calls one action; what the server says comes in the event loop's own thread."""

    def __init__(self, host: Node, type: Any, name: str, action_type: str):
        """Call the action with the full ``name``, of which ``type`` is the class."""
        self.name = name
        self._host = host
        self._type = type
        self._type_name = action_type
        self._doing = ""
        self._goals: dict[bytes, HostSentGoal] = {}
        classes = (type.Impl.SendGoalService, type.Impl.GetResultService,
                   type.Impl.CancelGoalService)
        self._clients: list[Client[Any, Any]] = [
            host.create_client(each, f"{name}{service}")
            for each, service in zip(classes, SERVICES, strict=True)]
        self._send, self._result, self._cancel = (
            HostServiceClient(host, client, "") for client in self._clients)
        feedback, self._status_topic = (f"{name}{topic}" for topic in TOPICS)
        self._feedback_topic = feedback
        self._subscriptions = [
            host.create_subscription(type.Impl.FeedbackMessage, feedback, self._hear_feedback,
                                     QoSProfile(depth=_FEEDBACK_DEPTH)),
            host.create_subscription(GoalStatusArray, self._status_topic, self._hear_status,
                                     qos_profile_action_status_default)]

    @property
    def pending(self) -> int:
        """Return how many goals and calls are kept."""
        return len(self._goals) + sum(
            each.pending for each in (self._send, self._result, self._cancel))

    @property
    def awaited(self) -> list[str]:
        """Say what is waited for outside."""
        ends = [f"waits for the end of a goal of the action {self.name}"] if self._goals else []
        return [self._doing] if self._doing else ends

    def is_ready(self) -> bool:
        """Tell whether some node offers the action, with all that belongs to it."""
        return (all(client.service_is_ready() for client in self._clients)
                and self._host.count_publishers(self._feedback_topic) > 0
                and self._host.count_publishers(self._status_topic) > 0)

    def absence(self) -> str:
        """Say why it is not ready."""
        ending = "_FeedbackMessage"
        types = dict(self._host.get_topic_names_and_types()).get(self._feedback_topic, [])
        offered = [each.removesuffix(ending) for each in types]
        others = [each for each in offered if each != self._type_name]
        return f"which is offered as {', '.join(others)}" if others else "which no node offers"

    async def appears(self, timeout: float | None) -> bool:
        """Wait until it is ready; tell whether it was in time."""
        self._doing = f"waits for the action {self.name} ({self._type_name})"
        try:
            return await comes_true(self.is_ready, timeout, LOOK_SECONDS)
        finally:
            self._doing = ""

    async def send(self, goal: Any, timeout: float, on_feedback: Callable[[Any], None],
                   on_status: Callable[[str], None]) -> HostSentGoal:
        """Send a goal, and return it when it has been accepted."""
        request = self._type.Impl.SendGoalService.Request(goal=goal)
        request.goal_id.uuid = list(uuid.uuid4().bytes)
        sent = HostSentGoal(self, bytes(request.goal_id.uuid), on_feedback, on_status)
        self._goals[sent.id] = sent
        self._doing = f"waits for whether the action {self.name} takes a goal"
        try:
            response = await self._send.call(request, timeout,
                                             partial(self._cancel_if_accepted, sent.id))
        except TimeoutError:
            sent.let_go(cancel=True)
            raise TimeoutError(f"no answer of the action {self.name} to a goal for {timeout:g} s"
                               ) from None
        except BaseException:
            sent.let_go(cancel=True)
            raise
        finally:
            self._doing = ""
        if not response.accepted:
            sent.let_go(cancel=False)
            raise GoalRejectedError(f"the action {self.name} has rejected a goal")
        sent.note_server()
        return sent

    def servers(self) -> frozenset[bytes]:
        """Return whoever publishes the status of goals, by what DDS calls them."""
        found = self._host.get_publishers_info_by_topic(self._status_topic)
        return frozenset(bytes(each.endpoint_gid) for each in found)

    async def ask_result(self, id: bytes) -> Any:
        """Return the server's response when the goal has ended."""
        request = self._type.Impl.GetResultService.Request()
        request.goal_id.uuid = list(id)
        return await self._result.call(request, None)

    async def ask_cancel(self, id: bytes, timeout: float) -> bool:
        """Ask for a goal to be cancelled; tell whether it will be."""
        try:
            response = await self._cancel.call(self._cancel_request(id), timeout)
        except TimeoutError:
            raise TimeoutError(f"no answer of the action {self.name}, asked to cancel a goal, for "
                               f"{timeout:g} s") from None
        return any(bytes(each.goal_id.uuid) == id for each in response.goals_canceling)

    def forget(self, goal: HostSentGoal, cancel: bool) -> None:
        """Let go of a goal; ``cancel``: ask for that, and wait for no answer."""
        known = self._goals.pop(goal.id, None)
        if cancel and known is not None:
            self._cancel_unseen(goal.id)

    def close(self) -> None:
        """Give services and topics back; goals go on at their server."""
        self._goals.clear()
        for client in self._clients:
            self._host.destroy_client(client)
        for subscription in self._subscriptions:
            self._host.destroy_subscription(subscription)

    def _cancel_if_accepted(self, id: bytes, response: Any) -> None:
        """Hear too late that a goal is accepted, which nobody follows any more."""
        if response.accepted:
            self._cancel_unseen(id)

    def _cancel_unseen(self, id: bytes) -> None:
        """Ask for a goal to be cancelled, and wait for no answer."""
        client = self._clients[-1]
        client.remove_pending_request(client.call_async(self._cancel_request(id)))

    def _cancel_request(self, id: bytes) -> Any:
        request = self._type.Impl.CancelGoalService.Request()
        request.goal_info.goal_id.uuid = list(id)
        return request

    def _hear_feedback(self, message: Any) -> None:
        goal = self._goals.get(bytes(message.goal_id.uuid))
        if goal is not None:
            goal.on_feedback(message.feedback)

    def _hear_status(self, message: GoalStatusArray) -> None:
        for status in message.status_list:
            goal = self._goals.get(bytes(status.goal_info.goal_id.uuid))
            if goal is not None and status.status in STATUS_WORDS:
                goal.on_status(STATUS_WORDS[status.status])
