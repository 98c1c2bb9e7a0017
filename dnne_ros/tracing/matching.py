"""Which act sent the item that another one took, and which one made room for it."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass

from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Act, EdgeInfo, Trace


@dataclass(frozen=True, slots=True)
class Place:
    """An act, as number ``index`` of those of its node."""

    node: str
    index: int


class Matches:
    """The two ends of each item that was recorded at both.

    What a process that was started again sends or takes once more counts as it came last.
    """

    def __init__(self, trace: Trace):
        """Match the acts of ``trace``."""
        self._trace = trace
        self._leaving: dict[tuple[str, str], list[EdgeInfo]] = defaultdict(list)
        self._coming: dict[tuple[str, str], EdgeInfo] = {}
        for edge in trace.edges.values():
            self._leaving[edge.source].append(edge)
            self._coming[edge.target] = edge
        self._sent: dict[tuple[str, str], dict[int, Place]] = defaultdict(dict)
        self._taken: dict[tuple[str, str], dict[int, Place]] = defaultdict(dict)
        for node, acts in trace.acts.items():
            for index, act in enumerate(acts):
                if act.kind is Kind.SENT:
                    self._sent[node, act.port][act.number] = Place(node, index)
                elif act.kind is Kind.TAKEN:
                    for number in range(act.number - act.count + 1, act.number + 1):
                        self._taken[node, act.port][number] = Place(node, index)
        self._numbers = {port: sorted(found) for port, found in self._taken.items()}

    def act(self, place: Place) -> Act:
        """Return the act."""
        return self._trace.acts[place.node][place.index]

    def edge_into(self, node: str, port: str) -> EdgeInfo | None:
        """Return the edge that ends there; None where other ROS nodes publish."""
        return self._coming.get((node, port))

    def sender(self, node: str, act: Act) -> Place | None:
        """Return where the item was sent that ``act`` took: the last one of a batch."""
        edge = self.edge_into(node, act.port)
        return None if edge is None else self._sent[edge.source].get(act.number)

    def handed_over(self, node: str, act: Act) -> int:
        """Return when a sent item was handed over: when it was taken, if its sender was not back.

        A consumer in another process may have it before the sender's call returns.
        """
        taken = [self.act(place).ended for edge in self._leaving[node, act.port]
                 if (place := self._taken[edge.target].get(act.number)) is not None]
        return max(act.began, min((act.ended, *taken)))

    def pairs(self, edge: EdgeInfo) -> list[tuple[Act, Act]]:
        """Return (sent, taken) of each item of an edge, by number."""
        sent, taken = self._sent[edge.source], self._taken[edge.target]
        return [(self.act(sent[number]), self.act(taken[number]))
                for number in sorted(sent.keys() & taken.keys())]

    def room(self, node: str, act: Act) -> tuple[EdgeInfo, Place] | None:
        """Return which edge a blocked item waited for, and the act that made room for it.

        That is the edge that was short of room the longest: on which the item that had to be
        taken first, ``capacity`` before this one, was taken last.  Between processes word of it
        comes for several items together, so it may have been an earlier one; and with a sample,
        it is the nearest that was recorded.
        """
        found: list[tuple[int, EdgeInfo, Place]] = []
        for edge in self._leaving[node, act.port]:
            if edge.policy != "lossless":
                continue
            numbers = self._numbers.get(edge.target, [])
            at = bisect_right(numbers, act.number - edge.capacity)
            if at == 0:
                continue
            place = self._taken[edge.target][numbers[at - 1]]
            if self.act(place).ended <= act.ended:
                found.append((self.act(place).ended, edge, place))
        if not found:
            return None
        _, edge, place = max(found, key=lambda each: each[0])
        return edge, place
