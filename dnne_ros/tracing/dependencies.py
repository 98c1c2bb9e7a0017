"""What each step of a trace waited for: the graph behind its critical path.

A node's step begins when the one before it has ended.  A taken item must have been sent, a sent
one needs room, which an earlier item made when it was taken; who acts with a model that is trained
waits for its next weights; and what lives in one process shares one thread.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass

from dnne_ros.tracing.matching import Matches, Place
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.threads import Thread, Work
from dnne_ros.tracing.trace import BOUNDARY, Act, ProcessInfo, Trace


@dataclass(frozen=True, slots=True)
class Training:
    """An update that a step waited for.

    Of the work of its ``node`` it is what came from ``began``, when its step ``after`` ended.
    """

    node: str
    after: int | None
    began: int
    ended: int


@dataclass(slots=True)
class Step:
    """An act, and what it waited for; steps are numbered in the order in which they ended.

    ``ends``: when others could go on with what it did.  ``before``: the node's step before.
    ``cause``: the step that sent the item, or that made room for it, ``edge`` the edge between the
    two.  ``late``: it had to wait for its cause.  ``training``: what its work waited for.
    ``holds``: its node held the thread while it worked.
    """

    node: str
    act: Act
    process: ProcessInfo
    ends: int
    before: int | None = None
    cause: int | None = None
    edge: str = ""
    late: bool = False
    training: Training | None = None
    holds: bool = False

    @property
    def since(self) -> int:
        """Return since when the node worked before it."""
        return self.act.since if self.training is None else self.training.ended

    @property
    def begins(self) -> int:
        """Return when what it did after its work began."""
        return max(self.act.began, self.act.since)

    @property
    def worked(self) -> int:
        """Return for how long the node worked before it."""
        return self.begins - self.since


class Dependencies:
    """The steps of a trace, marks excepted, with what each waited for."""

    def __init__(self, trace: Trace):
        """Find out what waited for what in ``trace``."""
        self.outside = trace.outside
        self._matches = Matches(trace)
        order = sorted(
            (self._end(node, act), act.kind is not Kind.SENT, node, index)
            for node, acts in trace.acts.items()
            for index, act in enumerate(acts) if act.kind is not Kind.MARK)
        self.steps = [Step(node, trace.acts[node][index], trace.nodes[node], ends)
                      for ends, _, node, index in order]
        self._numbers = {(node, index): number for number, (_, _, node, index) in enumerate(order)}
        self._of_node: dict[str, list[int]] = defaultdict(list)
        for number, step in enumerate(self.steps):
            earlier = self._of_node[step.node]
            step.before = earlier[-1] if earlier else None
            earlier.append(number)
            self._find_cause(step, number)
        for edge in trace.edges.values():
            if edge.trains:
                self._find_training(edge.source[0], edge.target[0],
                                    trace.marks(edge.target[0], BOUNDARY))
        self._threads = self._find_threads()
        self.timed = self._find_timed()
        """Nodes that mostly wait for a time, or for something outside the graph."""

    def last_of(self, node: str) -> int | None:
        """Return the number of a node's last step."""
        numbers = self._of_node.get(node)
        return numbers[-1] if numbers else None

    def others(self, step: Step, since: int, until: int) -> list[Work]:
        """Return who else held the thread of a step's process in some time, in order."""
        return self._threads[step.process].others(step.node, since, until)

    def _end(self, node: str, act: Act) -> int:
        return self._matches.handed_over(node, act) if act.kind is Kind.SENT else act.ended

    def _find_cause(self, step: Step, number: int) -> None:
        act = step.act
        if act.kind is Kind.TAKEN:
            cause = self._matches.sender(step.node, act)
            edge = self._matches.edge_into(step.node, act.port)
        elif act.kind is Kind.SENT:
            edge, cause = self._matches.room(step.node, act) or (None, None)
            step.late = act.blocked > 0
        else:
            return
        step.edge = "" if edge is None else edge.name
        found = None if cause is None else self._number(cause)
        # Where clocks differ, and when a process was started again, it may seem to come later.
        step.cause = found if found is not None and found < number else None
        if step.cause is None:
            step.late = False
        elif act.kind is Kind.TAKEN:  # of a batch, only the last may have been
            step.late = act.waited or self.steps[step.cause].ends > act.began

    def _number(self, place: Place) -> int | None:
        return self._numbers.get((place.node, place.index))

    def _find_training(self, actor: str, trainer: str, ends: list[int]) -> None:
        """Find the steps of an actor that waited for a trainer's updates, which ended then."""
        begins = [self.steps[number].begins for number in self._of_node[trainer]]
        for number in self._of_node[actor]:
            step = self.steps[number]
            at = bisect_left(ends, step.begins) - 1
            if at < 0 or ends[at] <= step.act.since:
                continue
            following = bisect_left(begins, ends[at])
            after = self._of_node[trainer][following - 1] if following else None
            began = self.steps[after].ends if after is not None else ends[at]
            step.training = Training(trainer, after, min(began, ends[at]), ends[at])

    def _find_threads(self) -> dict[ProcessInfo, Thread]:
        moments: dict[ProcessInfo, list[int]] = defaultdict(list)
        works: dict[ProcessInfo, list[Work]] = defaultdict(list)
        for number, step in enumerate(self.steps):
            moments[step.process] += (step.since, step.begins, step.ends)
            until = step.begins
            if step.act.kind is Kind.SENT and not step.act.blocked and not self._gave_way(number):
                until = step.ends
            if until > step.since:
                works[step.process].append(Work(number, step.node, step.since, until))
        threads = {process: Thread(works[process], times) for process, times in moments.items()}
        for thread in threads.values():
            for number in thread.busy:
                self.steps[number].holds = True
        return threads

    def _gave_way(self, number: int) -> bool:
        """Tell whether others had the thread while a step sent: a send lets the loop turn."""
        step = self.steps[number]
        for earlier in range(number - 1, -1, -1):
            other = self.steps[earlier]
            if other.ends <= step.begins:
                return False
            if other.process is step.process and other.node != step.node:
                return True
        return False

    def _find_timed(self) -> set[str]:
        """Return the nodes that mostly wait for a time, or for something outside."""
        waits: Counter[str] = Counter()
        for step in self.steps:
            if step.act.kind is Kind.RESTED:
                waits[step.node] += step.ends - step.begins
            if not step.holds:
                waits[step.node] += step.worked
        return {node for node, waited in waits.items()
                if 2 * waited > self.steps[-1].ends - self.steps[0].act.since}
