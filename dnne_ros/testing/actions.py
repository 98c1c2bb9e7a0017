"""Actions in memory: the test is the server of what a node calls, and the client of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import action_class
from dnne_ros.node_api.event_waits import comes_true
from dnne_ros.node_api.ros_actions import (
    ENDS,
    ActionUse,
    GoalRejectedError,
    ServedGoal,
    ServerGoneError,
)


class InMemorySentGoal:
    """A goal that the node has sent; the test says what becomes of it."""

    def __init__(self, actions: InMemoryActions, message: Any,
                 on_feedback: Callable[[Any], None], on_status: Callable[[str], None]):
        """Hold what was sent to ``actions``."""
        self.message = message
        self.cancels = 0
        """How often the node has asked that it be cancelled."""
        self.let_go_of = False
        """Whether the node hears nothing more of it."""
        self._actions = actions
        self._on_feedback = on_feedback
        self._on_status = on_status
        self._end: asyncio.Future[tuple[str, Any]] = asyncio.get_running_loop().create_future()

    async def result(self) -> tuple[str, Any]:
        """Wait for what the test says."""
        return await asyncio.shield(self._end)

    async def cancel(self, timeout: float) -> bool:
        """Note a request, and answer as `InMemoryActions.cancels` says."""
        self.cancels += 1
        await asyncio.sleep(0)
        if self._actions.cancels is None:
            raise TimeoutError(f"no answer, asked to cancel a goal, for {timeout:g} s")
        return self._actions.cancels

    def let_go(self, *, cancel: bool) -> None:
        """Note that the node hears nothing more."""
        self.cancels += cancel and not self.let_go_of
        self.let_go_of = True
        self._end.cancel()

    def tell(self, status: str) -> None:
        """Let the node hear of a state: accepted, executing or canceling."""
        if not self.let_go_of:
            self._on_status(status)

    def say(self, feedback: Any) -> None:
        """Let the node hear feedback."""
        if not self.let_go_of:
            self._on_feedback(feedback)

    def end(self, word: str, result: Any) -> None:
        """End the goal as one of `ENDS` with a result."""
        self._end.set_result((word, result))

    def lose(self) -> None:
        """Let the server be gone."""
        self._end.set_exception(ServerGoneError("the server of the action has gone, and its goal "
                                                "with it"))


class InMemoryActionClient:
    """Calls an action of which the test is the server."""

    def __init__(self, actions: InMemoryActions, name: str, type: Any):
        """Call what ``actions`` stands for."""
        self._actions = actions
        self.name = name
        self._type = type

    def is_ready(self) -> bool:
        """Return `InMemoryActions.ready`."""
        return self._actions.ready

    def absence(self) -> str:
        """Say that nobody offers it."""
        return "which no node offers"

    async def appears(self, timeout: float | None) -> bool:
        """Wait until the test says that it is ready, for ``timeout`` seconds."""
        return await comes_true(self.is_ready, timeout, 0.0)

    async def send(self, goal: Any, timeout: float, on_feedback: Callable[[Any], None],
                   on_status: Callable[[str], None]) -> InMemorySentGoal:
        """Answer as `InMemoryActions.accepts` says, and end the goal as ``respond`` does."""
        actions = self._actions
        sent = InMemorySentGoal(actions, goal, on_feedback, on_status)
        actions.goals.append(sent)
        await asyncio.sleep(0)
        if actions.accepts is None:
            raise TimeoutError(f"no answer of the action {self.name} to a goal for {timeout:g} s")
        if not actions.accepts:
            raise GoalRejectedError(f"the action {self.name} has rejected a goal")
        end = ("succeeded", self._type.Result()) if actions.respond is None \
            else actions.respond(goal)
        if end is not None:
            sent.end(*end)
        return sent


class InMemoryServedGoal:
    """A goal that the test has sent to the node; implements `dnne_ros.ServedGoal`."""

    def __init__(self, goal: Any, on_cancel: Callable[[ServedGoal], bool]):
        """Hold ``goal``, which the node has not answered yet."""
        self.goal = goal
        self.accepted: bool | None = None
        """What the node has answered; None: nothing."""
        self.heard: list[Any] = []
        """The feedback."""
        self.ended: tuple[str, Any] | None = None
        """How the node has ended it, and the result."""
        self._on_cancel = on_cancel
        self._canceling = False

    def cancel(self) -> bool:
        """Ask that it be cancelled; return whether it will be."""
        self._canceling = self._canceling or self._on_cancel(self)
        return self._canceling

    def accept(self) -> None:
        """Note that the node takes it."""
        self._expect(self.accepted is None)
        self.accepted = True

    def reject(self) -> None:
        """Note that the node refuses it."""
        self._expect(self.accepted is None)
        self.accepted = False

    def feedback(self, message: Any) -> None:
        """Keep feedback."""
        self._expect(self.accepted is True and self.ended is None)
        self.heard.append(message)

    def finish(self, end: str, result: Any) -> None:
        """Keep the end."""
        self._expect(self.accepted is True and self.ended is None and end in ENDS)
        self._expect(end != "canceled" or self._canceling)
        self.ended = (end, result)

    def _expect(self, fits: bool) -> None:
        if not fits:
            raise ValueError("a goal cannot be dealt with so in the state that it is in")


class InMemoryActions:
    """Implements `dnne_ros.RosActions` without ROS; names are kept as the node gave them."""

    def __init__(self) -> None:
        """Begin without actions."""
        self.uses: list[ActionUse] = []
        self.ready = True
        """Whether the actions that the node calls are there."""
        self.accepts: bool | None = True
        """Whether goals are accepted; None: no answer comes in time."""
        self.cancels: bool | None = True
        """Whether goals are cancelled when the node asks; None: no answer comes in time."""
        self.respond: Callable[[Any], tuple[str, Any] | None] | None = None
        """How a goal ends, as one of `ENDS` and a result; None: succeeded, with an empty one.  If
        it returns None, the goal goes on until the test ends it."""
        self.goals: list[InMemorySentGoal] = []
        """What the node has sent."""
        self._offered: list[tuple[Any, Callable[[ServedGoal], None],
                                  Callable[[ServedGoal], bool]]] = []

    def client(self, action: str, action_type: str) -> InMemoryActionClient:
        """Return what calls an action; `InputError` for a type that is not installed."""
        self.uses.append(ActionUse(action, action_type))
        return InMemoryActionClient(self, action, _class(action, action_type))

    def serve(self, action: str, action_type: str, on_goal: Callable[[ServedGoal], None],
              on_cancel: Callable[[ServedGoal], bool], keep_results: float) -> str:
        """Offer an action; `InputError` for a type that is not installed."""
        self.uses.append(ActionUse(action, action_type, serves=True))
        self._offered.append((_class(action, action_type), on_goal, on_cancel))
        return action

    def send(self, *goals: Any) -> list[InMemoryServedGoal]:
        """Send goals to the action that the node offers; None: an empty one.

        AssertionError if the node offers none.
        """
        if not self._offered:
            raise AssertionError("the node offers no action")
        (type, on_goal, on_cancel), = self._offered
        sent = [InMemoryServedGoal(type.Goal() if goal is None else goal, on_cancel)
                for goal in goals]
        for goal in sent:
            on_goal(goal)
        return sent


def _class(action: str, action_type: str) -> Any:
    try:
        return action_class(action_type)
    except ValueError as error:
        raise InputError(f"action {action!r:.80}", [str(error)]) from None
