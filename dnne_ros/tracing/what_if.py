"""What a faster part would bring: the recorded steps again, with some of them shortened.

Each step happens as soon as all that it waited for has: the node's step before, the item, room for
it, the thread of the process.  What is not known is what a node would do differently; so the order
of the steps within a thread stays as it was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence

from dnne_ros.tracing.critical_path import EDGE, WORK, Part
from dnne_ros.tracing.dependencies import Dependencies, Step
from dnne_ros.tracing.ring import Kind

HANDED_OVER_NS = 15_000
"""For how long an item is on its way within a process, waking up included."""
_WORK_ENDS, _STEP_ENDS = 0, 1


class Replay:
    """Plays recorded steps again."""

    def __init__(self, dependencies: Dependencies, end: int):
        """Prepare to play the steps of ``dependencies`` up to that of number ``end``."""
        self._end_number = end
        self._dependencies = dependencies
        self._steps = dependencies.steps
        self._first = min((step.act.since for step in self._steps), default=0)
        self._ways = [self._way(step) for step in self._steps]
        self._threads: Sequence[Hashable] = [step.process for step in self._steps]
        self._delays: Sequence[int] = [0] * len(self._steps)
        self._moments = sorted(
            [(step.begins, _WORK_ENDS, number) for number, step in enumerate(self._steps)]
            + [(step.ends, _STEP_ENDS, number) for number, step in enumerate(self._steps)])
        self._usual = self.length()

    def gain(self, part: Part, times: float) -> float:
        """Return how much more goes through if ``part`` is so many times as fast.

        0.5 is half more.  ``inf``: if it took no time.
        """
        length = self.length(part, 1.0 / times)
        return max(0.0, self._usual / length - 1.0) if length > 0 else 0.0

    def placed(self, processes: Mapping[str, str], crossing: Callable[[int], int]) -> float:
        """Return how much more goes through with the nodes in these ``processes``, by name.

        ``crossing(size)``: for how many ns an item of so many bytes, on its way from one process
        to another, keeps each of the two from anything else.
        """
        kept = self._threads, self._delays, self._ways
        self._threads = [processes[step.node] for step in self._steps]
        self._delays, self._ways = list(self._delays), list(self._ways)
        for number, step in enumerate(self._steps):
            if step.cause is None or step.act.kind is not Kind.TAKEN:
                continue
            cause = self._steps[step.cause]
            crosses = processes[cause.node] != processes[step.node]
            crossed = cause.process != step.process
            if crosses and not crossed:
                cost = crossing(cause.act.size)
                self._ways[step.cause] += cost
                self._ways[number] += cost
                self._delays[number] = cost
            elif crossed and not crosses:
                self._ways[number] = min(self._ways[number], HANDED_OVER_NS)
        length = self.length()
        self._threads, self._delays, self._ways = kept
        return self._usual / length - 1.0 if length > 0 else 0.0

    def length(self, part: Part | None = None, factor: float = 1.0) -> float:
        """Return after how many ns the last step ends.

        What ``part`` takes is multiplied by ``factor``.
        """
        begun = [0.0] * len(self._steps)
        ended = [0.0] * len(self._steps)
        free: dict[Hashable, float] = defaultdict(float)
        node = part.name if part is not None and part.kind == WORK else None
        edge = part.name if part is not None and part.kind == EDGE else None
        for _, what, number in self._moments:
            step = self._steps[number]
            if what == _STEP_ENDS:
                way = self._ways[number] * (factor if step.edge == edge else 1.0)
                ended[number] = self._end(number, begun[number], way, ended, free)
                continue
            since = self._since(step, ended, node, factor)
            if step.holds:
                since = max(since, free[self._threads[number]])
            begun[number] = since + step.worked * (factor if step.node == node else 1.0)
            if step.holds and step.node not in self._dependencies.timed:
                free[self._threads[number]] = begun[number]
        return ended[self._end_number]

    def _since(self, step: Step, ended: list[float], node: str | None, factor: float) -> float:
        """Return when a node begins to work before a step."""
        if step.before is not None:
            since = ended[step.before]
        elif step.cause is not None:
            since = ended[step.cause]
        else:
            since = float(step.act.since - self._first)
        training = step.training
        if training is None or training.after is None:
            return since
        left = (training.ended - training.began) * (factor if training.node == node else 1.0)
        return max(since, ended[training.after] + left)

    def _end(self, number: int, begun: float, way: float, ended: list[float],
             free: dict[Hashable, float]) -> float:
        """Return when a step ends that has begun then."""
        step, thread = self._steps[number], self._threads[number]
        caused = 0.0 if step.cause is None else ended[step.cause] + self._delays[number]
        if step.late:
            return max(begun, max(caused, free[thread]) + way)
        if step.act.kind is Kind.RESTED:
            return max(begun, float(step.ends - self._first))
        if way < step.ends - step.begins:  # others held the thread meanwhile
            begun = max(begun, free[thread])
        end = max(begun, caused) + way
        if step.act.kind is Kind.SENT and step.node not in self._dependencies.timed:
            free[thread] = max(free[thread], end)
        return end

    def _way(self, step: Step) -> int:
        """Return how long a step took beside what it waited for."""
        since = step.begins if not step.late or step.cause is None \
            else self._steps[step.cause].ends
        held = sum(hold.until - hold.since
                   for hold in self._dependencies.others(step, since, step.ends))
        return max(0, step.ends - since - held)
