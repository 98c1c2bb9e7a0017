"""The lines with which a compiled round records what its nodes do, of those that are traced."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic_ns
from typing import Any

from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.tracing.round_tracer import RoundTracer
from dnne_ros.tracing.rounds import Gave, NodeFields, Took
from dnne_ros.tracing.tracer import NodeTracer, Tracer
from dnne_ros.transport.local_edge import LocalEdge

Name = Callable[[Any], str]
"""Returns a name by which lines refer to an object."""


class TracedLines:
    """The rows of one round: one for each tracer, or several where they would be long."""

    def __init__(self, name: Name):
        """Write lines of a round that refer to objects by ``name``."""
        self._name = name
        self._rows: list[_Row] = []
        self._clock = _Clock(f"{name(monotonic_ns)}()")

    def of(self, member: Member) -> MemberLines:
        """Return what writes the lines of a member."""
        node = member.context.traced_by
        if node is None:
            self._clock.is_read = False
            return MemberLines()
        row = next((row for row in self._rows
                    if row.tracer is node.tracer and not row.rounds.is_long), None)
        if row is None:
            row = _Row(node.tracer, f"row{len(self._rows)}", self._name, self._clock)
            self._rows.append(row)
        return _TracedMember(member, node, row)

    def finish(self) -> tuple[list[str], list[str]]:
        """Return the lines with which rounds begin, and those with which each begins."""
        for row in self._rows:
            row.rounds.drawn_up(row.nodes, row.steady)
        return ([f"{self._name(row.rounds.count)}()" for row in self._rows],
                [f"{row.name} = {self._name(row.rounds.begin)}(made)" for row in self._rows])


class _Clock:
    """The time, as the lines read it: not again while nothing happens."""

    def __init__(self, read: str):
        self._read = read
        self.is_read = False

    @property
    def now(self) -> str:
        """Return what is now, which is known until it `is_read` no more."""
        if self.is_read:
            return "now"
        self.is_read = True
        return f"(now := {self._read})"

    @property
    def anew(self) -> str:
        """Return what is now, after something has taken time."""
        self.is_read = False
        return self.now


class _Row:
    """A row while it is drawn up."""

    def __init__(self, tracer: Tracer, name: str, name_of: Name, clock: _Clock):
        self.tracer = tracer
        self.rounds = RoundTracer(tracer)
        self.name, self.name_of = name, name_of
        self.clock = clock
        self.nodes: list[NodeFields] = []
        self.steady = True
        """Whether all numbers are known before a round."""
        self._numbers: dict[OutputPort, int] = {}

    def number(self, output: OutputPort) -> int:
        """Return the field with the number of an output whose values are passed on."""
        if output not in self._numbers:
            self._numbers[output] = self.rounds.number(output)
        return self._numbers[output]


class MemberLines:
    """The lines of a member that nobody traces, in the order in which they are written."""

    def takes(self, port: str, edge: LocalEdge, passed: OutputPort | None) -> list[str]:
        """Return what comes behind the taking of an item: of an edge, or ``passed`` by it."""
        return []

    def took(self) -> list[str]:
        """Return what comes behind the taking of all."""
        return []

    def worked(self) -> list[str]:
        """Return what comes behind its work."""
        return []

    def passed(self, port: str, value: str) -> list[str]:
        """Return what comes behind the line that passes a value on."""
        return []

    def sent(self, port: str, value: str, send: str) -> list[str]:
        """Return the lines that send a value, which ``send`` does."""
        return [send]

    def gave(self) -> list[str]:
        """Return what comes behind all that it gives."""
        return []


class _TracedMember(MemberLines):
    """The lines of a member that is traced."""

    def __init__(self, member: Member, node: NodeTracer, row: _Row):
        self._member = member
        self._of = node
        self._node = row.name_of(node)
        self._row = row
        self._field = row.rounds.field
        self._took: list[Took] = []
        self._gave: list[Gave] = []
        field = self._field
        self._fields = NodeFields(field(), field(), field(), field(), self._took, self._gave)
        row.nodes.append(self._fields)
        self._at_once = True  # so far, it gives nothing that takes time

    def takes(self, port: str, edge: LocalEdge, passed: OutputPort | None) -> list[str]:
        counted, lines = True, []
        if passed is not None:
            number = self._row.number(passed)
        elif edge.in_order:
            number = self._row.rounds.number(edge)
        else:
            number, counted, self._row.steady = self._field(), False, False
            lines = [f"{self._at(number)} = {self._row.name_of(edge)}.number"]
        self._took.append(Took(self._of.place(port, "input"), number, counted))
        return lines

    def took(self) -> list[str]:
        fields, node = self._fields, self._node
        return [f"{self._at(fields.since)} = {node}.free",
                f"{self._at(fields.asked)} = {node}.asked",
                f"{node}.free = {self._at(fields.taken)} = {self._row.clock.now}"]

    def worked(self) -> list[str]:
        return [f"{self._node}.asked = {self._row.clock.anew}"]

    def passed(self, port: str, value: str) -> list[str]:
        number, described = self._row.number(self._member.outputs[port]), self._field()
        lines = self._described(value, described)
        if self._at_once:
            self._note(port, number, described)
        else:
            self._note(port, number, described, time := self._field(), time)
            lines.append(f"{self._node}.free = {self._at(time)} = {self._row.clock.now}")
        return lines

    def sent(self, port: str, value: str, send: str) -> list[str]:
        before, self._at_once = self.gave(), False
        number = self._row.rounds.number(self._member.outputs[port])
        described, began, ended = (self._field() for _ in range(3))
        self._note(port, number, described, began, ended)
        return [*before, f"{self._at(began)} = {self._row.clock.now}", send,
                *self._described(value, described),
                f"{self._node}.free = {self._at(ended)} = {self._row.clock.anew}"]

    def gave(self) -> list[str]:
        if not self._at_once or not self._gave:
            return []
        return [f"{self._node}.free = {self._at(self._fields.answered)} = now"]

    def _note(self, port: str, number: int, described: int, began: int = 0, ended: int = 0
              ) -> None:
        place = self._of.place(port, "output")
        self._gave.append(Gave(place, number, described, began, ended))

    def _described(self, value: str, field: int) -> list[str]:
        """Return what looks whether a value is like the one before, as most are."""
        last, described = map(self._row.name_of, self._row.rounds.describer(field))
        return [f"if {value}.__class__ is not {last}.kind or ({last}.shape is not None "
                f"and {value}.shape != {last}.shape):",
                f"    {self._at(field)} = {described}({value})"]

    def _at(self, field: int) -> str:
        return f"{self._row.name}[{field}]"
