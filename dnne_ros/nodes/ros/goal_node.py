"""What all node types have in common that give goals to an action of other ROS nodes."""

from __future__ import annotations

import asyncio
from math import isinf
from typing import Any

from dnne_ros.errors import InputError, PeerError
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.ros_actions import GoalRejectedError, SentGoal, ServerGoneError
from dnne_ros.nodes.ros.goal_ports import GoalPorts
from dnne_ros.nodes.ros.service_fields import fields_in
from dnne_ros.toolkit.retrying import retrying
from dnne_ros.toolkit.side_by_side import end_of, side_by_side

_PATIENCE_SECONDS = 5.0
"""Of waiting for an action, after which that is said."""
_PARTING_SECONDS = 1.0
"""For the answer to the last cancel request, when the node is closed."""
_ON_THE_WAY = ("accepted", "executing", "canceling")
_MOST_FEEDBACK = 100
"""Of what waits to be handed on; a consumer that is slower than the server misses the rest."""


class GoalNode(GoalPorts):
    """Base of node types that give goals to an action, one after another.

    A subclass says which (`action_type_of`), what a goal is made of (`next_goal`), and what else
    it gives of feedback and results.
    """

    acts_outside = True

    def setup(self) -> None:
        """Make the client."""
        if self.attempts > 1:
            self._try_again()
        self._counts = self.context.health.values
        self._counts.update(goals=0, succeeded=0, failed=0, retried=0, feedback_left_out=0)
        self._trouble = HealthReporter(self.context)
        self._client = self.context.actions.client(
            self.action, self.action_type_of(self.values))
        self._sent: SentGoal | None = None
        """The goal that the server works on."""
        self._replaced: SentGoal | None = None
        """The one before, until the server has answered the next."""
        self._coming: asyncio.Task[Any] | None = None
        """What waits for the next goal, while another is under way."""

    async def process(self) -> None:
        """Send goals, and heed what cancels them."""
        self._let_go()  # of what an error has left
        self._number = 0
        self._word = ""
        self._under_way = False
        self._wanted_cancelled = asyncio.Event()
        self._told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        duties = [self._work(), self._tell()]
        if self.context.is_linked("cancel"):
            duties.append(self._heed())
        await side_by_side(*duties)

    async def close(self) -> None:
        """Cancel the goal that is under way."""
        if self._coming is not None:
            await end_of(self._coming)
            self._coming = None
        if self._sent is not None:
            try:
                await self._sent.cancel(_PARTING_SECONDS)
            except TimeoutError as error:
                self.context.log.warning(str(error))
            self._sent.let_go(cancel=False)
            self._sent = None
        self._let_go()

    def _let_go(self) -> None:
        for goal in (self._sent, self._replaced):
            if goal is not None:
                goal.let_go(cancel=True)
        self._sent = self._replaced = None

    async def _heed(self) -> None:
        while True:
            await self.get_input("cancel")
            if self._under_way:
                self._wanted_cancelled.set()

    async def _tell(self) -> None:
        """Hand on what is said of goals: here, so that nobody who is slow delays a cancel."""
        while True:
            port, value = await self._told.get()
            if port == "feedback":
                for name, each in self.outputs_of_feedback(value).items():
                    await self.send_output(each, name)
                value = fields_in(value)
            await self.send_output(value, port)
            self._told.task_done()

    async def _work(self) -> None:
        while True:
            coming, self._coming = self._coming, None
            goal = await (self.next_goal() if coming is None else coming)
            if self.new_goal == "wait":
                await self._pursue(goal)
            else:
                await self._pursue_until_next(goal)

    async def _pursue_until_next(self, goal: Any) -> None:
        """Pursue a goal until it ends, or makes way for the next one."""
        coming = self._coming = asyncio.ensure_future(self.next_goal())
        pursuit = asyncio.ensure_future(self._pursue(goal))
        try:
            await asyncio.wait({pursuit, coming}, return_when=asyncio.FIRST_COMPLETED)
            if coming.done() and coming.exception() is not None:
                self._coming = None
                coming.result()
            if coming.done() and self._under_way and self.new_goal == "replace":
                await end_of(pursuit)
                self._replaced, self._sent = self._sent, None
                await self._end("replaced", "", meant=True)
                return
            if coming.done() and self._under_way:
                self._wanted_cancelled.set()
            await pursuit
        finally:
            await end_of(pursuit)

    async def _pursue(self, goal: Any) -> None:
        """Send a goal, and give what becomes of it."""
        self._counts["goals"] += 1
        self._wanted_cancelled.clear()
        self._word = ""
        self._under_way = True
        try:
            word, result, meant = await self._outcome(goal)
        except (TimeoutError, PeerError, _StoppedError) as error:
            self._under_way = False
            self._let_go()
            await self._end(_word_of(error), str(error), isinstance(error, _StoppedError))
            return
        self._under_way = False
        assert self._sent is not None  # there is a result
        self._sent.let_go(cancel=False)
        self._sent = None
        await self._told.join()
        for name, value in self.outputs_of_result(result).items():
            await self.send_output(value, name)
        await self.send_output(fields_in(result), "result")
        reason = "" if word == "succeeded" else self.reason_of(result)
        await self._end(word, f"{self._client.name}: a goal was {word}"
                        + (f": {reason}" if reason else ""), meant)

    async def _outcome(self, goal: Any) -> tuple[str, Any, bool]:
        """Return how a goal ends, its result, and whether this node has cancelled it.

        Raises `_StoppedError` for one that is cancelled before it was sent, and what says that
        there is no result.
        """
        self._sent = await (self._send(goal) if self.attempts == 1
                            else self._try_again()(self._send, goal))
        ending = asyncio.ensure_future(self._sent.result())
        end = self.context.steady.now() + (self.goal_timeout or float("inf"))
        cancels = False
        try:
            while not ending.done():
                if not await self._first(ending, end - self.context.steady.now()):
                    return (*await self._belated(ending), False)
                if not ending.done():
                    self._wanted_cancelled.clear()
                    cancels = await self._cancel() or cancels
            return (*await ending, cancels)
        finally:
            await end_of(ending)

    async def _belated(self, ending: asyncio.Future[tuple[str, Any]]) -> tuple[str, Any]:
        """Cancel a goal that takes too long; TimeoutError unless it succeeds all the same."""
        assert self._sent is not None  # it is under way
        await self._sent.cancel(self.timeout)
        await asyncio.wait({ending}, timeout=self.timeout)
        if not ending.done() or (await ending)[0] != "succeeded":
            raise TimeoutError(f"a goal of the action {self._client.name} has taken more than "
                               f"{self.goal_timeout:g} s")
        return await ending

    async def _first(self, task: asyncio.Future[Any], timeout: float) -> bool:
        """Wait for a task or for what cancels the goal; tell whether one came in time."""
        wanted = asyncio.ensure_future(self._wanted_cancelled.wait())
        try:
            done, _ = await asyncio.wait({task, wanted},
                                         timeout=None if isinf(timeout) else max(0.0, timeout),
                                         return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end_of(wanted)
        return bool(done)

    async def _cancel(self) -> bool:
        """Ask the server to cancel the goal; tell whether it will."""
        assert self._sent is not None  # it is under way
        if await self._sent.cancel(self.timeout):
            return True
        self.context.log.warning(f"the action {self._client.name} does not cancel a goal, which "
                                 "goes on")
        return False

    async def _send(self, goal: Any) -> SentGoal:
        """Send a goal, when there is somebody to take it."""
        if not self._client.is_ready():
            await self._appears()
        if self._wanted_cancelled.is_set():
            raise _StoppedError("cancelled before it was sent")
        self._number += 1
        number = self._number
        try:
            sent = await self._client.send(
                goal, self.timeout, lambda message: self._hear_feedback(number, message),
                lambda word: self._hear_status(number, word))
        finally:
            if self._replaced is not None:
                self._replaced.let_go(cancel=True)
                self._replaced = None
        self._trouble.clear(f"{self._client.name} takes goals")
        return sent

    async def _appears(self) -> None:
        """Wait for the action; `_AbsentError` if nobody offers it for ``wait``."""
        quiet = min(self.wait or _PATIENCE_SECONDS, _PATIENCE_SECONDS)
        if await self._has_appeared(quiet):
            return
        what = (f"for the action {self._client.name} ({self.action_type_of(self.values)}), "
                f"{self._client.absence()}")
        if not self.wait or self.wait > quiet:
            self._trouble.note("absent", f"has waited {quiet:g} s so far {what}")
            if await self._has_appeared(self.wait - quiet if self.wait else None):
                return
        raise _AbsentError(f"waited {self.wait:g} s {what}")

    async def _has_appeared(self, timeout: float | None) -> bool:
        """Wait for the action, or until the goal is to be cancelled; tell whether one came."""
        appearing = asyncio.ensure_future(self._client.appears(timeout))
        try:
            await self._first(appearing, float("inf"))
            return not appearing.done() or await appearing
        finally:
            await end_of(appearing)

    def _hear_feedback(self, number: int, message: Any) -> None:
        if number != self._number:
            return
        if self._told.qsize() >= _MOST_FEEDBACK:
            self._counts["feedback_left_out"] += 1
        else:
            self._told.put_nowait(("feedback", message))

    def _hear_status(self, number: int, word: str) -> None:
        """Hand on a word that is new; how the goal ends comes with its result."""
        if number == self._number and word != self._word and word in _ON_THE_WAY:
            self._word = word
            self._told.put_nowait(("status", word))

    async def _end(self, word: str, message: str, meant: bool = False) -> None:
        """Say how a goal has ended; ``meant``: this node has brought that about."""
        self._number += 1  # what is heard of it from here on is late
        self._under_way = False
        succeeded = word == "succeeded"
        self._counts["succeeded" if succeeded else "failed"] += 1
        await self._told.join()
        await self.send_output(word, "status")
        if succeeded:
            self._trouble.clear(f"{self._client.name}: a goal has succeeded")
        elif not meant:
            if self.when_failed == "fail":
                raise PeerError(message)
            self._trouble.note(word, message)
        await self.send_output(succeeded, "succeeded")

    def _try_again(self) -> Any:
        try:
            return retrying(attempts=self.attempts, back_off=self.back_off,
                            first=self.first_pause, cap=self.longest_pause,
                            on=(TimeoutError, GoalRejectedError), before_pause=self._retried)
        except ModuleNotFoundError as error:
            raise InputError("widget 'attempts'", [f"{error}; or 1 attempt"]) from None

    def _retried(self, error: Exception, seconds: float) -> None:
        self._counts["retried"] += 1
        self._trouble.note("retried", f"{error}; another attempt in {seconds:.3g} s")


class _AbsentError(TimeoutError):
    """Nobody offers the action."""


class _StoppedError(Exception):
    """A goal was cancelled before it was sent."""


def _word_of(error: Exception) -> str:
    """Return the status of a goal that has ended with an error."""
    words = {_AbsentError: "absent", GoalRejectedError: "rejected", ServerGoneError: "gone",
             _StoppedError: "canceled"}
    return words.get(type(error), "timeout")
