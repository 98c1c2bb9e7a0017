"""What the few node types that speak to other people's ROS nodes may do with actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from dnne_ros.errors import PeerError

ENDS = ("succeeded", "aborted", "canceled")
"""How a goal ends at its server, in the words of ROS."""


class ActionUse(NamedTuple):
    """An action that a node calls, or offers (``serves``); ``name`` as a widget has it."""

    name: str
    type: str
    serves: bool = False


class GoalRejectedError(PeerError):
    """An action server does not take a goal."""


class ServerGoneError(PeerError):
    """An action server has gone, or does not know a goal any more that it had accepted."""


class SentGoal(Protocol):
    """A goal that a server has accepted."""

    async def result(self) -> tuple[str, Any]:
        """Wait for the goal's end; return which of `ENDS` it is, and the result.

        `ServerGoneError` when there will be none.
        """
        ...

    async def cancel(self, timeout: float) -> bool:
        """Ask for the goal to be cancelled; tell whether the server will.

        TimeoutError when it has not answered for ``timeout`` seconds.
        """
        ...

    def let_go(self, *, cancel: bool) -> None:
        """Hear nothing more of the goal; ``cancel``: ask for that first, waiting for no answer.

        Whoever has sent a goal calls it in the end, also when the goal has.
        """
        ...


class ActionCaller(Protocol):
    """The calling end of an action."""

    @property
    def name(self) -> str:
        """Return the action's full name, after remapping."""
        ...

    def is_ready(self) -> bool:
        """Tell whether some node offers the action."""
        ...

    def absence(self) -> str:
        """Say why it is not ready: nobody offers it, or as another type."""
        ...

    async def appears(self, timeout: float | None) -> bool:
        """Wait until it is ready; tell whether that was within ``timeout`` s (None: for ever)."""
        ...

    async def send(self, goal: Any, timeout: float, on_feedback: Callable[[Any], None],
                   on_status: Callable[[str], None]) -> SentGoal:
        """Send a goal, and return it when the server has accepted it.

        ``on_feedback(message)`` and ``on_status(word)``, with accepted, executing, canceling or
        one of `ENDS`, are called as the server says so, until the goal is let go.
        `GoalRejectedError` if the server does not take it, TimeoutError if it has not answered
        for ``timeout`` seconds; the goal is then cancelled, in case that it was accepted.
        """
        ...


class ServedGoal(Protocol):
    """A goal that somebody has sent."""

    @property
    def goal(self) -> Any:
        """Return the goal's message."""
        ...

    def accept(self) -> None:
        """Take the goal; it is executing from now on."""
        ...

    def reject(self) -> None:
        """Refuse the goal."""
        ...

    def feedback(self, message: Any) -> None:
        """Publish how far it is; ValueError before it is accepted and after its end."""
        ...

    def finish(self, end: str, result: Any) -> None:
        """End it as one of `ENDS` with a result; ValueError where that cannot be.

        Only a goal for which that was asked can be canceled.
        """
        ...


class RosActions(Protocol):
    """Actions that a node calls and offers.

    ``action_type`` is written as ``control_msgs/action/PointHead``.  Names follow ROS: a leading
    ``/`` is absolute, ``~/`` is below the node, others are below the graph's namespace; remapping
    applies.  Both methods raise `InputError` for an illegal name, and for a type that is not
    installed, with what to install.
    """

    def client(self, action: str, action_type: str) -> ActionCaller:
        """Return what calls an action."""
        ...

    def serve(self, action: str, action_type: str, on_goal: Callable[[ServedGoal], None],
              on_cancel: Callable[[ServedGoal], bool], keep_results: float) -> str:
        """Offer an action; return its full name.

        ``on_goal`` is called for each goal, which may be accepted or rejected at any time;
        ``on_cancel`` when somebody asks that one which has not ended be cancelled: it tells
        whether it will be.  Both must not raise.  Results can be had for ``keep_results``
        seconds, as clients may ask late.
        """
        ...
