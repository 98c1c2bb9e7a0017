"""A region that begins with what comes from outside, in the call that brings it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextvars import Context
from time import monotonic
from typing import Any

from dnne_ros.runtime.regions.compiling import OVER, Ended
from dnne_ros.runtime.regions.member import Giver, Member
from dnne_ros.runtime.regions.region import DEEPEST, Region
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy


class PushedRegion(Region):
    """The rounds of a `Giver` and of those behind it, one for each of its gifts.

    As those rest before each round, an edge on which only the newest item counts has none that
    waits: so such edges are passed by as others are.
    """

    def __init__(self, giver: Giver, members: Sequence[Member], context: Context | None = None):
        """Make rounds in the order of ``members``, of which ``giver`` is the first."""
        self._giver = giver
        super().__init__(members, context)
        self._newest = [edge for edge in self._between if edge.policy is EdgePolicy.LATEST]

    def _may_pass(self, edge: LocalEdge) -> bool:
        return edge.in_order or (edge.policy is EdgePolicy.LATEST and edge in self._between)

    def start(self) -> None:
        """Make rounds from now on."""
        for member in self.members[1:]:
            member.first.call_when_awaited(lambda: self._in_round)
        self._giver.region = self

    def dissolve(self) -> None:
        """Leave everything to the nodes."""
        self._giver.region = None
        for member in self.members[1:]:
            member.first.call_when_awaited(None)

    def push(self, values: Mapping[str, Any]) -> bool:
        """Make a round of ``values``, by port; false: nothing was done."""
        if self._drives or Region._depth >= DEEPEST or not self._find_rounds():
            return False
        for edge in self._newest:
            if edge.waiting():
                return False
        if self._blocks():
            return False
        self._giver.values = values
        self._drives = self._in_round = True
        Region._depth += 1
        self._counted = monotonic()
        self._end_from(self._counted)
        try:
            made, why, _ = self._rounds.go(0.0)
            self._count(made)
            return why is OVER
        finally:
            Region._depth -= 1
            self._drives = self._in_round = False
            for member in self.members[1:]:
                member.first.wake()

    def prolonged(self, now: float) -> float:
        """End with the round that was pushed."""
        return 0.0

    def failed(self, at: int, error: BaseException, made: int, values: Sequence[Any]) -> Ended:
        """Raise an error where the member's coroutine waits, one of the giver here."""
        if at == 0:
            self._end_round(at, made, values)
            raise error
        return super().failed(at, error, made, values)
