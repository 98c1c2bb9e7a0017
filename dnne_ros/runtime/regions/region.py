"""Makes the rounds of several nodes in one call, while nothing stands against it.

The coroutines of its members wait meanwhile, each for the first item of a round, as if nothing
had come.  So to leave it at that is always right: the item of the entry is left on its edge, the
coroutines are woken, and do the same.  That happens wherever something else would have to wait or
be seen: a member is in the middle of a round, watched or paused, or is not ready.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Sequence
from contextvars import Context
from time import monotonic
from typing import Any

from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.compiling import DRY, HELD, IRREGULAR, Ended, Rounds, compile_rounds
from dnne_ros.runtime.regions.member import Member, raisable, send_all
from dnne_ros.runtime.regions.ordering import ordered
from dnne_ros.runtime.regions.sameness import sameness
from dnne_ros.transport.breathing import TURN_SECONDS, Turns
from dnne_ros.transport.local_edge import LocalEdge

_PATIENCE = 0.1
"""For how long it waits for room; then its nodes wait themselves, as whoever asks can see, and for
`_NOT_AGAIN` it does not wait."""
_NOT_AGAIN = 5.0
_LATE = 0.05
"""What a round may take longer; then its nodes go on one by one, and the loop turns in between."""
_TRIALS = 20
"""Rounds in time after which the next one is not timed between its nodes any more."""
_HOLD = 0.01
"""For how long items wait that have come faster than its nodes take them, once a while, so that
the nodes come to rest; if they do not, not again before `_NOT_AGAIN`."""
_TURNS = 4
"""Or, where a busy machine takes longer for it, as many turns of the event loop for each node."""
DEEPEST = 20
"""Regions that give to each other in one call; more would fill Python's stack."""
MOST_ROUNDS = 16
"""Compiled rounds that are kept: one for each combination of who listens and what is given."""


class Region:
    """The rounds of ``members``, of which the first, its entry, is where items come in."""

    _depth = 0

    def __init__(self, members: Sequence[Member], context: Context | None = None):
        """Make rounds in the order of ``members``: none before those that it takes from.

        ``context``: in which it is called by the event loop, by `Priorities`.
        """
        self._context = context
        self._seconds = TURN_SECONDS.get() if context is None else context.run(TURN_SECONDS.get)
        self.members = tuple(members)
        self._entry = members[0]
        self._is_merged = len(members) > 1
        self._between = dict.fromkeys(edge for member in members[1:] for edge in member.inputs)
        for member in members:
            if not self._makes_whole(member, member.gives):
                member.gives = tuple(member.outputs)
        self._own = {*self._between, *self._entry.inputs}
        outputs = {output: None for member in members for output in member.outputs.values()}
        alone = () if self._is_merged else self._entry.inputs
        self._plain = [output for output in outputs if all(
            self._may_pass(edge) and edge not in alone for edge in output.edges)]
        self._ahead = [edge for output in self._plain for edge in output.edges
                       if edge in self._between]
        """Edges on which an item is there for the round in which it was given."""
        self._compiled: dict[Any, tuple[Rounds, Callable[[], bool]]] = {}
        """By what they depend on, rounds, and what tells whether all that is as it was."""
        self._rounds: Rounds
        self._is_same: Callable[[], bool] = bool
        self._is_timed = False
        self._drives = False
        self._in_round = False
        self._trials = _TRIALS
        self._limit = self._counted = 0.0
        self._hold_from = self._hold_until = self._wait_from = 0.0
        self._turns = 0
        self._owed: asyncio.Task[None] | None = None
        self._again: asyncio.Handle | None = None
        self._waits_at: OutputPort | None = None

    def _may_pass(self, edge: LocalEdge) -> bool:
        """Tell whether items of an edge may be passed on without the edge."""
        return edge.in_order

    def start(self) -> None:
        """Make rounds from now on."""
        self._entry.first.call_when_awaited(
            self._item_came, self._would_take if self._is_merged else None)
        for member in self.members[1:]:
            member.first.call_when_awaited(lambda: self._in_round)

    def dissolve(self) -> None:
        """Leave everything to the nodes."""
        for member in self.members:
            member.first.call_when_awaited(None)
        self._stop_waiting()
        self._entry.first.wake()

    def _item_came(self) -> bool:
        """Take note that the entry has an item of its first input; false: let it take that.

        What a coroutine sends is worked off after its turn, and only where that saves others.
        """
        if self._drives or self._again is not None:
            return self._is_merged
        if asyncio.current_task() is None:
            return Region._depth < DEEPEST and self._find_rounds() and self._drive()
        if self._is_merged:
            self._go_on_soon()
        return self._is_merged

    def _would_take(self) -> bool:
        """Hold the entry back while others finish their rounds: else it never came to rest."""
        now = monotonic()
        if now < self._hold_from:
            return False
        self._hold_until = now + _HOLD
        self._turns = _TURNS * len(self.members)
        self._go_on_soon()
        return True

    def _go_on_soon(self) -> None:
        if self._again is not None:
            self._again.cancel()
        self._again = asyncio.get_running_loop().call_soon(self._go_on, context=self._context)

    def _go_on(self) -> None:
        self._stop_waiting()
        if not self._find_rounds():
            now = monotonic()
            self._turns -= 1
            if (now < self._hold_until or (self._hold_until and self._turns > 0)) \
                    and self._entry.is_parked:
                self._go_on_soon()
                return
            if self._hold_until:
                self._hold_from, self._hold_until = now + _NOT_AGAIN, 0.0
        elif self._drive():
            return
        self._entry.first.wake()

    def _is_at_rest(self) -> bool:
        for member in self.members:  # without a generator, as below: robots wait for it
            if not member.is_parked:
                return False
        return not self._owes

    @property
    def _owes(self) -> bool:
        """Tell whether what a member gave has not gone out."""
        return self._owed is not None and not self._owed.done()

    def _stop_waiting(self) -> None:
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self._waits_at is not None:
            self._waits_at.call_when_room(None)
            self._waits_at = None

    def _drive(self) -> bool:
        """Make rounds; false if the entry has an item left that its coroutine has to take."""
        self._hold_until = 0.0
        if self._blocks():
            return False
        self._drives = self._in_round = True
        Region._depth += 1
        self._counted = monotonic()
        until = self._end_from(self._counted)
        try:
            while True:
                made, why, full = self._rounds.go(until)
                self._count(made)
                if why is DRY and not self._entry.has_items:
                    return not self._entry.first.waiting()
                if why is HELD:
                    return False
                if full is not None:
                    return self._wait_for_room(full)
                now = monotonic()
                if now > self._limit:
                    self._trials = _TRIALS
                if not self._may_go_on():
                    break
                if now >= until and not (until := self.prolonged(now)):
                    break
                self._in_round = True  # nothing was left on an edge that it passes by
        finally:
            Region._depth -= 1
            self._drives = self._in_round = False
            for member in self.members[1:]:
                member.first.wake()
        if self._is_merged:
            self._go_on_soon()
        return True

    def _blocks(self) -> bool:
        """Tell whether an edge between members has no room for what a round gives first."""
        queued = self._rounds.queued
        return bool(queued) and any(edge.full and edge in self._between for edge in queued)

    def _end_from(self, now: float) -> float:
        """Return when rounds are over that begin ``now``; a while later they are late."""
        self._limit = now + self._seconds + _LATE
        return now + self._seconds if self._is_merged else 0.0

    def _may_go_on(self) -> bool:
        """Tell whether the rounds that were made last may be made again."""
        return self._is_same() and self._is_timed is (self._trials > 0) and not self._owes

    def _find_rounds(self) -> bool:
        """Find the rounds for how things are now; false: there are none, members are not at rest.

        An edge on which items wait when a round begins goes on to have some: its consumer is
        always so many rounds behind.
        """
        if self._may_go_on():
            return True
        if not self._is_at_rest():
            return False
        traced_by, gives = [], []
        for member in self.members:
            traced_by.append(member.context.traced_by)
            gives.append(member.gives)
        passed = [output.is_unseen for output in self._plain]
        waits = [edge.waiting() > 0 for edge in self._ahead]
        self._is_timed = timed = self._trials > 0
        key = (timed, *traced_by, *passed, *waits, *gives)
        if key not in self._compiled:
            if len(self._compiled) >= MOST_ROUNDS:
                self._compiled.clear()
            at_once = {edge for edge, some in zip(self._ahead, waits, strict=True) if not some}
            by = dict(zip(self._plain, passed, strict=True))
            queued = frozenset(edge for output, is_passed in by.items() if is_passed
                               for edge in output.edges if edge not in at_once)
            members = ordered(self.members, {*self._ahead} - at_once)
            self._compiled[key] = (
                compile_rounds(members, by, queued, self, timed=timed),
                sameness(self.members, self._plain, self._ahead))
        self._rounds, self._is_same = self._compiled[key]
        return True

    def _wait_for_room(self, output: OutputPort) -> bool:
        """Let the entry's items wait until an output has room: what is full is the region.

        Not for what it would have to take itself.
        """
        if not self._is_merged or monotonic() < self._wait_from or any(
                edge.full and edge in self._own for edge in output.edges):
            return False
        self._waits_at = output
        output.call_when_room(self._room_came)
        self._again = asyncio.get_running_loop().call_later(_PATIENCE, self._leave_waiting)
        return True

    def _room_came(self) -> None:
        self._waits_at = None
        self._stop_waiting()
        self._go_on_soon()

    def _leave_waiting(self) -> None:
        self._wait_from = monotonic() + _NOT_AGAIN
        self._stop_waiting()
        self._entry.first.wake()

    def _count(self, made: int) -> None:
        """Count what whole rounds have moved, before anybody can look."""
        if made:
            since, self._counted = self._counted, monotonic()
            self._trials = max(0, self._trials - made)
            self._rounds.count(made, (self._counted - since) / made)

    def is_late(self) -> bool:
        """Tell whether a round has taken too long to go on in one go."""
        return monotonic() > self._limit

    def prolonged(self, now: float) -> float:
        """Let rounds go on while nobody waits for the loop to turn."""
        # To leave them, to count and to begin anew is read from memory behind the nodes' work.
        if now > self._limit or not self._is_merged or self._is_timed or Turns.are_wanted():
            return 0.0
        return self._end_from(now)

    def stopped(self, at: int, made: int, values: Sequence[Any]) -> Ended:
        """Leave it to the others what comes of a member."""
        self._end_round(at, made, values)
        return IRREGULAR

    def odd(self, at: int, outcome: Any, made: int, values: Sequence[Any]) -> Ended:
        """Send what a member gave: other outputs than the last time."""
        member = self._rounds.members[at]
        self._end_round(at, made, values)
        try:
            given = dict((outcome or {}).items())
            if self._makes_whole(member, given):
                member.gives = tuple(given)
            if all(member.outputs[port].has_room for port in given):
                for port, value in given.items():
                    member.context.put_now(port, value)
            else:  # nobody had thought of room for these
                self._owed = asyncio.ensure_future(send_all(member, given))
        except BaseException as error:  # for the node, whose coroutine it ends as any other
            member.first.fail(raisable(error))
        return IRREGULAR

    def _makes_whole(self, member: Member, given: Container[str]) -> bool:
        """Tell whether these outputs are all that the others take."""
        return all(port in given for port, output in member.outputs.items()
                   if any(edge in self._between for edge in output.edges))

    def failed(self, at: int, error: BaseException, made: int, values: Sequence[Any]) -> Ended:
        """Raise an error where the member's coroutine waits."""
        self._end_round(at, made, values)
        self._rounds.members[at].first.fail(raisable(error))
        return IRREGULAR

    def _end_round(self, at: int, made: int, values: Sequence[Any]) -> None:
        """Leave the rest of a round, behind member ``at``, to the coroutines of the others."""
        self._count(made)
        self._in_round = False
        rounds = self._rounds
        for member in rounds.members[:at + 1]:
            member.context.items += len(member.ports)
        through = {edge for member in rounds.members[:at + 1] for edge in member.inputs}
        for index, edge in rounds.taken:
            if index <= at:
                edge.note_taken(1)
        for edge in rounds.queued:
            if edge in through:
                edge.note_passed(0, 1)
        left: list[tuple[Callable[[Any], None], Any]] = []
        for value, (_, output) in zip(values, rounds.slots, strict=False):
            output.sent += 1
            for edge in output.edges:
                if edge not in self._own:
                    left.append((edge.note_given, 1))
                elif edge in rounds.queued:
                    edge.note_passed(1, 0)
                elif edge in through:
                    edge.note_passed(1, 1)
                else:
                    left.append((edge.deliver, value))
        for tell, what in left:
            tell(what)
