"""The rounds of a node that its replicas work on: which goes to whom, and whose turn it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.answering import Computed

if TYPE_CHECKING:
    from dnne_ros.runtime.replicas.states_ahead import LentState
    from dnne_ros.spans.node_spans import Followed
    from dnne_ros.transport.remote_reader import RemoteReader


class Stage(Enum):
    """How far a round has come."""

    WAITS = auto()
    AT_WORK = auto()
    DONE = auto()


@dataclass(eq=False)
class Round:
    """One item of each input, and what came of them.

    ``handled``: by reader, the number of the item of it; ``began`` and ``ended``: when a replica
    worked on it, by `time.monotonic`; ``deaths``: how many replicas have died over it; ``state``:
    that of its key behind it, once it is computed, of a node that has such.
    """

    number: int
    items: Mapping[str, Any]
    key: str = ""
    handled: Mapping[RemoteReader, int] = field(default_factory=dict)
    followed: Followed | None = None
    stage: Stage = Stage.WAITS
    began: float | None = None
    ended: float = 0.0
    outputs: Computed = None
    error: BaseException | None = None
    deaths: int = 0
    state: LentState | None = None

    def end(self, outputs: Computed, error: BaseException | None, now: float) -> None:
        """Take note of what came of it."""
        self.outputs, self.error, self.ended = outputs, error, now
        self.began = now if self.began is None else self.began
        self.stage = Stage.DONE


class Rounds:
    """Those that were taken and not given yet, in the order of their items."""

    def __init__(self, keyed: bool, unordered: bool):
        """Keep those of one key in order, and together, if ``keyed``; give in order or not."""
        self._keyed = keyed
        self._unordered = unordered
        self._all: deque[Round] = deque()
        self._ended: deque[Round] = deque()

    def __len__(self) -> int:
        return len(self._all)

    @property
    def waiting(self) -> int:
        """How many nobody works on yet."""
        return sum(round.stage is Stage.WAITS for round in self._all)

    def add(self, round: Round) -> None:
        """Add one that was taken after all others."""
        self._all.append(round)
        if round.stage is Stage.DONE:  # no replica could make anything of it
            self._ended.append(round)

    def deal(self, free: Sequence[int], count: int) -> Iterator[tuple[int, Round]]:
        """Yield who of the ``free`` replicas works on which round; they do so from now on.

        Replicas are known by their places from 1; keys are dealt to those up to ``count``.
        """
        idle = list(free)
        taken_keys = {round.key for round in self._all if round.stage is Stage.AT_WORK} \
            if self._keyed else set()
        for round in self._all:
            if not idle:
                return
            if round.stage is not Stage.WAITS:
                continue
            place = idle[0]
            if self._keyed:
                if round.key in taken_keys:
                    continue
                taken_keys.add(round.key)
                place = place_of(round.key, count)
                if place not in idle:
                    continue
            idle.remove(place)
            round.stage = Stage.AT_WORK
            yield place, round

    def note_end(self, round: Round) -> None:
        """Take note that one is done."""
        self._ended.append(round)

    def again(self, condition: Callable[[Round], bool] = lambda round: True) -> None:
        """Let others work on those at which somebody is at work."""
        for round in self._all:
            if round.stage is Stage.AT_WORK and condition(round):
                round.stage, round.began = Stage.WAITS, None

    @property
    def next(self) -> Round | None:
        """The one to be given next: in order the first, else the one that is done first."""
        if self._unordered and self._ended:
            return self._ended[0]
        at_work = (round for round in self._all if round.stage is Stage.AT_WORK) \
            if self._unordered else iter(())
        return next(at_work, self._all[0] if self._all else None)

    def remove(self, round: Round) -> None:
        """Forget one that is given, or given up."""
        self._all.remove(round)
        if round in self._ended:
            self._ended.remove(round)


@lru_cache(4096)
def place_of(key: str, count: int) -> int:
    """Return which of ``count`` places the items of a key go to.

    By rendezvous hashing: with another count, no more keys change their place than have to.
    """
    def weight(place: int) -> bytes:
        return blake2b(key.encode(), digest_size=8, salt=place.to_bytes(4, "little")).digest()

    return max(range(1, count + 1), key=weight)
