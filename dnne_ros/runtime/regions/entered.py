"""What stands before rounds: whether the next ones can be made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.runtime.regions.round_source import Names
from dnne_ros.transport.local_edge import LocalEdge


class Entered:
    """The lines that stand before a batch of rounds, and before each of them.

    How many items wait where nobody else gives, and how many find room where nobody else takes,
    is known before a batch.
    """

    def __init__(self, members: Sequence[Member], passed: Mapping[OutputPort, bool],
                 names: Names):
        """Write the lines for ``members``; outputs that are ``passed`` are no ports then."""
        self._name = names.of
        self._rooms: list[str] = []
        self.batch: list[str] = []
        """Those before a batch."""
        self.round: list[str] = []
        """Those before each round."""
        entry = members[0]
        given = {edge for member in members for output in member.outputs.values()
                 for edge in output.edges}
        for edge in entry.inputs:
            self._has_items(edge, edge.in_order and edge not in given)
        if entry.ready is not None:
            self.round.append(f"if not {self._name(entry.ready, 'ready')}(): "
                              "return made, held, None")
        own = {edge for member in members for edge in member.inputs}
        for member in members:
            for port in member.gives:
                self._has_room(member.outputs[port], passed, own)

    def most(self, rounds: str) -> str:
        """Return how many rounds there may be of so many: an expression."""
        return f"min({', '.join([rounds, *self._rooms])})" if self._rooms else rounds

    def _has_items(self, edge: LocalEdge, steady: bool) -> None:
        waiting = f"{self._name(edge.waiting, 'waiting')}()"
        if steady:
            self._rooms.append(waiting)
            self.batch.append(f"if not {waiting}: return end, dry, None")
        else:
            self.round.append(f"if not {waiting}: return made, dry, None")

    def _has_room(self, output: OutputPort, passed: Mapping[OutputPort, bool],
                  own: set[LocalEdge]) -> None:
        if not passed.get(output):
            self.round.append(f"if not {self._name(output, 'port')}.has_room: "
                              f"return made, full, {self._name(output, 'port')}")
            return
        for edge in output.edges:
            if edge not in own:
                span = f"{self._name(edge.span, 'span')}()"
                limit = self._name(edge.limit, "limit")
                self._rooms.append(f"{limit} - {span}")
                self.batch.append(f"if {span} >= {limit}: "
                                  f"return end, full, {self._name(output, 'port')}")
