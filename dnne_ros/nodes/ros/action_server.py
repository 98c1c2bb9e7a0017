"""Offers an action to other ROS nodes, whose goals the graph works on."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, Boolean, Dict, Int, String, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_actions import ENDS, ActionUse, ServedGoal
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.action_fields import action_misfits, part_maker, part_reader
from dnne_ros.nodes.ros.plain_values import DTYPES, plain
from dnne_ros.nodes.ros.service_fields import fields_in
from dnne_ros.nodes.ros.topic_widgets import made
from dnne_ros.toolkit.side_by_side import side_by_side

_TURNS = 3
"""Of the event loop before a goal ends: feedback that came together with its result goes first."""


@dataclass(eq=False)
class _Goal:
    """A goal, until it has ended; one that is ``over`` has, but the graph does not know."""

    id: int
    served: ServedGoal
    timer: asyncio.TimerHandle | None = None
    accepted: bool = False
    canceling: bool = False
    over: bool = False


class ActionServerNode(Node):
    """Offer an action of any installed type: each goal is an item, and later ones answer it.

    What comes at ``feedback`` and ``result`` goes into ``feedback_field`` and ``field``: numbers,
    text, or a dictionary of fields.  Results come in the order of the goals, one for each, unless
    ``result_id`` says whose they are.  A result ends a goal as ``end`` says: succeeded, if that
    is not linked, or canceled where a client has asked for that.  Whether a goal is taken is said
    by ``accept``; unlinked, it is, while there are fewer than ``most_goals``.
    """

    category = "ros"
    without_torch = True

    result = Input(AnyValue(), "What the oldest goal, or that of ``result_id``, ends with; a "
                   "trigger: with ``fixed`` alone.", free_first_round=True,
                   aliases=("answer", "value", "input"))
    end = Input(String(), "How it ends: succeeded, aborted or canceled; one for each result.",
                optional=True, free_first_round=True)
    result_id = Input(Int(), "Which goal a result is for; unlinked: the oldest.", optional=True,
                      free_first_round=True)
    feedback = Input(AnyValue(), "How far the oldest goal, or that of ``feedback_id``, is.",
                     optional=True, free_first_round=True)
    feedback_id = Input(Int(), "Which goal feedback is for; unlinked: the oldest.", optional=True,
                        free_first_round=True)
    accept = Input(Boolean(), "Whether a goal is taken, one for each in their order; unlinked: "
                   "each is.", optional=True, free_first_round=True)
    goal = Output(Dict(), "All fields of the goal; arrays of numbers in it are tensors.",
                  starts_loop=True)
    tensor = Output(Tensor(), "The numbers of ``tensor_field``, (n).", starts_loop=True)
    goal_id = Output(Int(), "The goal's number.", starts_loop=True)
    cancel = Output(Int(), "The number of a goal that is to stop: a client asks for it, or it has "
                    "run out of time or made way for another.", starts_loop=True)
    action = Widget("", "The action: /absolute, relative to the graph's namespace, or ~/private.",
                    required=True)
    action_type = Widget("", "package/action/Name, any installed one.", required=True)
    field = Widget("", "Where the numbers or the text of ``result`` go, paths with commas: "
                   "sequence or a,b; empty: the whole result (for dictionaries too).")
    fixed = Widget("", "Fields that are the same in each result: {error_code: 0}.")
    feedback_field = Widget("", "Where the numbers or the text of ``feedback`` go; empty: the "
                            "whole feedback.")
    tensor_field = Widget("", "Where the numbers of ``tensor`` are in the goal, paths with "
                          "commas; empty: the whole goal.")
    dtype = Widget("as_sent", "Element type of the tensor; as_sent: the goal's own.",
                   choices=DTYPES)
    timeout = Widget(0.0, "How long a goal may take before it is aborted; 0: as long as it takes.",
                     minimum=0.0, maximum=604_800.0, unit="s", live=True)
    most_goals = Widget(1, "Most goals at a time.", minimum=1, maximum=100_000, live=True)
    new_goal = Widget("reject", "What is done with one more: reject it; or preempt, which aborts "
                      "the oldest in its favour.", choices=("reject", "preempt"), live=True)
    on_cancel = Widget("ask", "When a client wants a goal cancelled: ask: ``cancel`` says so, and "
                       "the goal ends with its result; at_once: it ends right away, too; refuse: "
                       "it goes on.", choices=("ask", "at_once", "refuse"), live=True)
    keep_results = Widget(10.0, "How long a result is kept for clients that ask for it late.",
                          minimum=0.0, maximum=86_400.0, unit="s")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check name, type and fields."""
        return action_misfits(cls, values, {"field": "Result", "feedback_field": "Feedback"},
                              {"tensor_field": "Goal"})

    @classmethod
    def ros_actions(cls, values: Mapping[str, Any]) -> tuple[ActionUse, ...]:
        """Say what it offers."""
        return (ActionUse(values["action"], values["action_type"], serves=True),)

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it gives nothing before others send goals."""
        return True

    def setup(self) -> None:
        """Find the fields and offer the action."""
        self._fill = made(lambda values: part_maker(values, "Result", "field"), self.values)
        self._fixed = made(lambda values: part_maker(values, "Result", "field", whole=True),
                           self.values)
        self._fill_feedback = made(
            lambda values: part_maker(values, "Feedback", "feedback_field"), self.values)
        self._numbers = None
        if self.tensor_field.strip() or self.context.is_linked("tensor"):
            self._numbers = made(lambda values: part_reader(values, "Goal", "tensor_field"),
                                 self.values)
        # A node that is made anew, or another process, must not take the number of an old goal.
        self._ids = count(secrets.randbits(50))
        self._new: deque[_Goal] = deque()
        """Those that the graph is to be given."""
        self._asked: deque[_Goal] = deque()
        """Those that the graph has, and has not accepted."""
        self._given: dict[int, _Goal] = {}
        """Those that it works on, in their order; and, where results come in order, others."""
        self._cancelled: deque[int] = deque()
        self._came = asyncio.Event()
        self._counts = self.context.health.values
        self._counts.update(goals=0, rejected=0, dropped=0, late=0, **dict.fromkeys(ENDS, 0))
        self._trouble = HealthReporter(self.context)
        self._name = self.context.actions.serve(
            self.action, self.action_type, self._receive, self._cancel, self.keep_results)

    async def process(self) -> None:
        """Give goals, and hand on what comes of them."""
        duties = [self._give(), self._end_goals()]
        if self.context.is_linked("accept"):
            duties.append(self._accept_goals())
        if self.context.is_linked("feedback"):
            duties.append(self._hand_feedback_on())
        await side_by_side(*duties)

    async def close(self) -> None:
        """Abort the goals that are under way: nobody works on them any more."""
        for goal in self._open():
            if goal.accepted:
                self._finish(goal, "aborted")
            else:
                self._reject(goal)

    def _open(self) -> list[_Goal]:
        """Return the goals that have not ended, the oldest first."""
        return [goal for goal in (*self._given.values(), *self._asked, *self._new)
                if not goal.over]

    def _receive(self, served: ServedGoal) -> None:
        self._counts["goals"] += 1
        goal = _Goal(next(self._ids), served)
        open_goals = self._open()
        if len(open_goals) >= self.most_goals:
            oldest = open_goals[0]
            if self.new_goal == "reject" or not oldest.accepted:
                self._reject(goal)
                self._trouble.note("rejected", f"a goal of {self._name} is rejected: "
                                   f"{len(open_goals)} others are under way")
                return
            self._stop(oldest, "aborted")
        if not self.context.is_linked("accept"):
            self._accept(goal)
        self._new.append(goal)
        self._came.set()

    def _cancel(self, served: ServedGoal) -> bool:
        goal = next((each for each in self._open() if each.served is served), None)
        if goal is None or self.on_cancel == "refuse":
            return False
        goal.canceling = True
        self._say_cancelled(goal)
        if self.on_cancel == "at_once":  # behind the answer to whoever asks
            asyncio.get_running_loop().call_soon(self._finish_if_open, goal)
        return True

    def _finish_if_open(self, goal: _Goal) -> None:
        if not goal.over:
            self._finish(goal, "canceled")

    def _stop(self, goal: _Goal, end: str) -> None:
        """End a goal that the graph works on, and tell it."""
        self._finish(goal, end)
        self._say_cancelled(goal)

    def _say_cancelled(self, goal: _Goal) -> None:
        self._cancelled.append(goal.id)
        self._came.set()

    def _accept(self, goal: _Goal) -> None:
        goal.accepted = True
        goal.served.accept()
        if self.timeout:
            goal.timer = asyncio.get_running_loop().call_later(self.timeout, self._expire, goal)

    def _reject(self, goal: _Goal) -> None:
        goal.over = True
        goal.served.reject()
        self._counts["rejected"] += 1

    def _expire(self, goal: _Goal) -> None:
        self._trouble.note("late", f"a goal of {self._name} has taken more than "
                           f"{self.timeout:g} s, and is aborted")
        self._stop(goal, "aborted")

    def _finish(self, goal: _Goal, end: str, result: Any = None) -> None:
        """End a goal; one for which nobody has asked that cannot be canceled, and is aborted."""
        goal.over = True
        if goal.timer is not None:
            goal.timer.cancel()
        if end == "canceled" and not goal.canceling:
            end = "aborted"
        goal.served.finish(end, self._fixed.make({}) if result is None
                           else self._fill.make(plain(result)))
        self._counts[end] += 1
        if self.context.is_linked("result_id"):
            self._given.pop(goal.id, None)

    async def _give(self) -> None:
        while True:
            self._came.clear()
            while self._new or self._cancelled:
                if self._new:
                    await self._send(self._new.popleft())
                elif self.context.is_linked("cancel"):
                    await self.send_output(self._cancelled.popleft(), "cancel")
                else:
                    self._cancelled.clear()
            await self._came.wait()

    async def _send(self, goal: _Goal) -> None:
        if goal.over:
            return
        try:
            tensor = None if self._numbers is None else self._numbers(goal.served.goal)
        except ValueError as error:  # what others send ends no run
            self._counts["dropped"] += 1
            self._trouble.note("dropped", f"a goal of {self._name} cannot be given: {error}")
            self._finish(goal, "aborted") if goal.accepted else self._reject(goal)
            return
        if goal.accepted:
            self._given[goal.id] = goal
        else:
            self._asked.append(goal)
        await self.send_output(goal.id, "goal_id")
        if tensor is not None:
            await self.send_output(tensor, "tensor")
        await self.send_output(fields_in(goal.served.goal), "goal")

    async def _accept_goals(self) -> None:
        while True:
            accepted = await self.get_input("accept")
            if not self._asked:
                self._note_late("a word on whether a goal is accepted")
            elif accepted:
                goal = self._asked.popleft()
                self._given[goal.id] = goal
                self._accept(goal)
            else:
                self._reject(self._asked.popleft())

    async def _end_goals(self) -> None:
        ends, by_id = self.context.is_linked("end"), self.context.is_linked("result_id")
        while True:
            value = await self.get_input("result")
            end = await self.get_input("end") if ends else ""
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            wanted = await self.get_input("result_id") if by_id \
                else next(iter(self._given), None)
            goal = None if wanted is None else self._given.pop(wanted, None)
            if end not in ("", *ENDS):
                raise ValueError(f"input 'end': expected one of {', '.join(ENDS)}, found {end!r}")
            if goal is None or goal.over:
                self._note_late("a result")
                continue
            self._finish(goal, end or ("canceled" if goal.canceling else "succeeded"), value)
            self._trouble.clear(f"{self._name}: goals end again")

    async def _hand_feedback_on(self) -> None:
        by_id = self.context.is_linked("feedback_id")
        while True:
            value = await self.get_input("feedback")
            wanted = await self.get_input("feedback_id") if by_id else None
            goal = next((each for each in self._under_way() if wanted in (None, each.id)), None)
            if goal is None:  # it is over, which is nothing to worry about
                self._counts["late"] += 1
            else:
                goal.served.feedback(self._fill_feedback.make(plain(value)))

    def _under_way(self) -> Iterator[_Goal]:
        return (goal for goal in self._given.values() if not goal.over)

    def _note_late(self, what: str) -> None:
        self._counts["late"] += 1
        self._trouble.note("late", f"dropped {what} for {self._name}: its goal is over, or there "
                           "is none")
