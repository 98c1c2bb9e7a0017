"""Makes one Python function of the rounds of several nodes.

Its source has names that are made here and nothing else: what comes from a workflow or a node type
(functions, names of ports, values) is in its namespace.  The exceptions are the names of inputs
as keywords of a call, where they are legal as such, and the expressions of an `Inline`, which are
a type's own code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from time import monotonic
from typing import Any, Protocol

from dnne_ros.node_api.answering import ByName
from dnne_ros.node_api.inline import Inline
from dnne_ros.node_api.supply import END
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.counting import Count, counting
from dnne_ros.runtime.regions.entered import Entered
from dnne_ros.runtime.regions.member import Member, Supplier
from dnne_ros.runtime.regions.round_source import Names, Written
from dnne_ros.runtime.regions.traced_lines import MemberLines, TracedLines
from dnne_ros.transport.local_edge import LocalEdge

OVER, DRY, HELD, FULL = "over", "dry", "held", "full"
"""Why rounds end: the time is over or one was irregular; the entry has no items, or may not answer
the next ones; an output has no room."""


class Irregular(Protocol):
    """What takes a round over that cannot go on as compiled, after so many ``made`` before it.

    ``values`` are those that were passed on; what is returned is to be returned by the rounds.
    """

    def is_late(self) -> bool:
        """Tell whether a round has taken too long to go on in one go."""
        ...

    def prolonged(self, now: float) -> float:
        """Return until when rounds go on that have reached their end ``now``; 0.0: they do not."""
        ...

    def stopped(self, at: int, made: int, values: Sequence[Any]) -> Ended:
        """Leave it to the others what comes of member ``at``, which is through."""
        ...

    def odd(self, at: int, outcome: Any, made: int, values: Sequence[Any]) -> Ended:
        """Send the ``outcome`` of member ``at``: it gave other outputs than it is known for.

        ``values`` are those of the members before it.
        """
        ...

    def failed(self, at: int, error: BaseException, made: int, values: Sequence[Any]) -> Ended:
        """Deal with an ``error`` of member ``at``, which has taken its items."""
        ...


Ended = tuple[int, str, OutputPort | None]
"""How many rounds were made that nobody has counted, why there are no more, and what is full."""
IRREGULAR: Ended = (0, OVER, None)
"""What those return who have taken a round over, and counted."""


SHOWN = "DNNE_ROS_SHOW_COMPILED"
"""A variable that lets processes print what they compile, with whose each line is."""
_QUICK = 0.0002
_MOST = 64
"""Rounds between two looks at the clock are fewer if they take longer than that, but no more."""


@dataclass(frozen=True)
class Rounds:
    """Compiled rounds.

    ``go(until)`` makes one after the other up to that moment, at least one, and on from there as
    far as that is `Irregular.prolonged`.  ``slots`` say what the values are that it passes on, in
    their order: which member gives each, and to what.  ``queued`` are edges on which items wait:
    between members from one round to the next, or for others.  ``taken`` are those from elsewhere.
    What it gives and takes there it does not count: that is for ``count(made, seconds)``.
    ``written`` is its source; ``members`` are in its order.
    """

    members: Sequence[Member]
    go: Callable[[float], Ended]
    count: Count
    slots: Sequence[tuple[int, OutputPort]]
    queued: frozenset[LocalEdge]
    taken: Sequence[tuple[int, LocalEdge]]
    written: Written


def compile_rounds(members: Sequence[Member], passed: Mapping[OutputPort, bool],
                   queued: frozenset[LocalEdge], irregular: Irregular, *, timed: bool = False
                   ) -> Rounds:
    """Return the rounds of ``members``, in their order.

    ``passed`` are the outputs whose values go to their consumers as they are, to some on
    ``queued`` edges; all others go through their ports.  ``timed``: a round stops between two
    members when it is late.
    """
    writing = _Writing(passed, queued)
    for index, member in enumerate(members):
        if index:
            writing.may_go_on(member, timed)
        writing.add(index, member)
    entered = Entered(members, passed, writing.names)
    slots = [f"v{slot}" for slot in range(len(writing.slots))]
    traces_begin, row_begins = writing.traced.finish()
    written = Written()
    written.add(0, "def go(until):")
    written.add(1, *traces_begin, *writing.before)
    if slots:
        written.add(1, " = ".join([*slots, "None"]))
    written.add(1, "end, every, began = 0, 1, monotonic()", "while True:")
    written.add(2, *entered.batch)
    written.add(2, f"for made in range(end, end + {entered.most('every')}):")
    written.add(3, *entered.round, *row_begins, "try:")
    for line, owner in writing.lines:
        written.add(4, line, owner=owner)
    written.add(3, "except BaseException as error:",
                f"    return failed(error, made, {writing.values})")
    written.add(2, "end, now = made + 1, monotonic()", "if now >= until:",
                "    until = prolonged(now)", "    if not until: return end, over, None",
                f"every = min(2 * every, {_MOST}) if now < began + {_QUICK} "
                "else max(1, every // 2)", "began = now")

    def failed(error: BaseException, made: int, values: Sequence[Any]) -> Ended:
        at, there = written.where(error)
        return irregular.failed(at, error, made, values[:there])

    go = written.function(
        writing.names, odd=irregular.odd, failed=failed, is_late=irregular.is_late,
        prolonged=irregular.prolonged, stopped=irregular.stopped, monotonic=monotonic, over=OVER,
        dry=DRY, held=HELD, full=FULL, nothing=END)
    if os.environ.get(SHOWN):
        print(written.shown([member.node for member in members]), file=sys.stderr)
    count = counting(members, [output for _, output in writing.slots],
                     [edge for _, edge in writing.taken])
    return Rounds(members, go, count, writing.slots, queued, writing.taken, written)


def _is_plain(name: str) -> bool:
    """Tell whether a name means itself as a keyword in a source text."""
    return name.isascii() and name.isidentifier() and not iskeyword(name) and name[0] != "_"


def _by_name(answer: ByName, items: Sequence[str]) -> str | None:
    """Return ``items`` as keywords of a call; None: some have names that are none."""
    if not all(map(_is_plain, (*answer.ports, *answer.unlinked))):
        return None
    return ", ".join([*(f"{port}={item}" for port, item in zip(answer.ports, items, strict=True)),
                      *(f"{port}=None" for port in answer.unlinked)])


class _Writing:
    """Writes the lines of a round, and gathers what they name."""

    def __init__(self, passed: Mapping[OutputPort, bool], queued: frozenset[LocalEdge]):
        """Begin."""
        self.names = Names()
        self._name = self.names.of
        self.lines: list[tuple[str, tuple[int, int]]] = []
        """Each with whose it is, and how many values there are before it."""
        self.before: list[str] = []
        """What is done once for many rounds."""
        self.slots: list[tuple[int, OutputPort]] = []
        self.taken: list[tuple[int, LocalEdge]] = []
        self._at = 0
        self._passed = passed
        self._queued = queued
        self._value_of: dict[LocalEdge, str] = {}
        self._passed_on: dict[LocalEdge, OutputPort] = {}
        self.traced = TracedLines(self._name)

    def _write(self, *lines: str) -> None:
        self.lines += [(line, (self._at, len(self.slots))) for line in lines]

    @property
    def values(self) -> str:
        """Return the tuple of the values that are passed on so far."""
        return f"({''.join(f'v{slot}, ' for slot in range(len(self.slots)))})"

    def may_go_on(self, member: Member, timed: bool) -> None:
        """Write what ends a round before ``member``."""
        stops = ["is_late()"] if timed else []
        if member.ready is not None:
            stops.append(f"not {self._name(member.ready, 'ready')}()")
        if stops:
            self._write(f"if {' or '.join(stops)}: "
                        f"return stopped({self._at}, made, {self.values})")

    def add(self, index: int, member: Member) -> None:
        """Write what one member does."""
        self._at = index
        traced = self.traced.of(member)
        items = []
        for port, edge in zip(member.ports, member.inputs, strict=True):
            items.append(self._value_of.get(edge) or self._taken(index, edge))
            self._write(*traced.takes(port, edge, self._passed_on.get(edge)))
        made, given, is_odd = self._made(index, member, items)
        self._write(*traced.took(), *made, *traced.worked(), *is_odd)
        before, behind = self._together(member)
        self._write(*before)
        for name, port in zip(given, member.gives, strict=True):
            self._give(index, member.outputs[port], port, name, traced)
        self._write(*behind, *traced.gave())

    def _made(self, index: int, member: Member, items: Sequence[str]
              ) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
        """Return the lines of a member's work, its values, and the lines for where others come."""
        given = [f"w{place}" for place in range(len(member.gives))]
        if isinstance(member, Supplier):
            value = self.names.new("item")
            return [f"{value} = next({self._name(member.supply.values, 'supply')}, nothing)",
                    f"if {value} is nothing: return made, dry, None",
                    *([f"{', '.join(given)} = {value}"] if len(given) > 1 else [])
                    ], given if len(given) > 1 else [value], []
        values = self._compiled(member, items)
        if values is not None:
            if len(given) == 1 and member.context.traced_by is None:  # no line is to come between
                return [], [values], []
            return [f"{', '.join(given)} = {values}" if given else values], given, []
        return [f"r = {self._call(member, items)}"], given, [
            "try:", f"    if len(r) != {len(given)}: raise KeyError",
            *(f"    {name} = r[{self._name(port, 'port')}]"
              for name, port in zip(given, member.gives, strict=True)),
            "except (KeyError, TypeError):",
            f"    return odd({index}, r, made, {self.values})"] if given else [
            f"if r: return odd({index}, r, made, {self.values})"]

    def _taken(self, index: int, edge: LocalEdge) -> str:
        """Write that a new name is an item of an edge."""
        name = self.names.new("item")
        take = edge.pop if edge.in_order else edge.take_now  # which may fail
        self._write(f"{name} = {self._name(take, 'take')}()")
        if edge.in_order and edge not in self._queued:
            self.taken.append((index, edge))
        return name

    def _call(self, member: Member, items: Sequence[str]) -> str:
        """Return the call of a member's answer, which gives outputs by their names."""
        answer = member.answer
        if isinstance(answer, ByName) and (words := _by_name(answer, items)) is not None:
            return f"{self._name(answer.compute, 'compute')}({words})"
        return f"{self._name(answer, 'answer')}({', '.join(items)})"

    def _compiled(self, member: Member, items: Sequence[str]) -> str | None:
        """Return what gives the values of all outputs; None: there is no such."""
        answer = member.answer
        if not isinstance(answer, ByName) or answer.compiled is None \
                or member.gives != tuple(member.outputs):
            return None
        if isinstance(answer.compiled, Inline):
            return ", ".join(self._inlined(answer, answer.compiled, items))
        words = _by_name(answer, items)
        return None if words is None else f"{self._name(answer.compiled, 'compiled')}({words})"

    def _inlined(self, answer: ByName, inline: Inline, items: Sequence[str]) -> Sequence[str]:
        """Return a member's own expressions.

        Widgets are read once for many rounds: parameters change between two turns of the loop.
        """
        names = {**dict(zip(answer.ports, items, strict=True)),
                 **dict.fromkeys(answer.unlinked, "None"),
                 **{name: self._name(what, "own") for name, what in answer.bound.items()}}
        for name in sorted(inline.names - names.keys()):
            names[name] = self.names.new("widget")
            self.before.append(f"{names[name]} = {self._name(answer.widgets, 'widgets')}"
                               f"[{self._name(name, 'name')}]")
        return inline.written(names)

    def _together(self, member: Member) -> tuple[list[str], list[str]]:
        """Return what lets outputs to other processes travel together, before and behind them."""
        if sum(member.outputs[port].leaves for port in member.gives) < 2:
            return [], []
        together = member.context.together()
        return ([f"{self._name(together.__enter__, 'together')}()"],
                [f"{self._name(together.__exit__, 'leave')}(None, None, None)"])

    def _give(self, index: int, output: OutputPort, port: str, name: str, traced: MemberLines
              ) -> None:
        if not self._passed.get(output):
            self._write(*traced.sent(port, name, f"{self._name(output.send_now, 'send')}({name})"))
            return
        value = f"v{len(self.slots)}"
        self._write(*self._admitted(output, value, name))
        self.slots.append((index, output))
        self._write(*traced.passed(port, value))
        for edge in output.edges:
            if edge in self._queued:
                self._write(f"{self._name(edge.append, 'append')}({value})")
            else:
                self._value_of[edge] = value
                self._passed_on[edge] = output

    def _admitted(self, output: OutputPort, value: str, made: str) -> list[str]:
        """Return what makes ``value`` what the consumers of an output get of what was ``made``."""
        admission = output.admission
        if not admission.is_needed:
            return [f"{value} = {made}"]
        exact, another_kind = admission.exact, ""
        if admission.last is not None:  # the next ones will be as that, mostly
            exact, kind_of, last = admission.last
            another_kind = (f" or {self._name(kind_of, 'kind')}({value}) "
                            f"!= {self._name(last, 'last')}")
        admit = self._name(admission.made if admission.kind_of is None else admission, "admit")
        if exact is None:
            return [f"{value} = {admit}({made})"]
        return [f"if type({value} := {made}) is not {self._name(exact, 'exact')}{another_kind}: "
                f"{value} = {admit}({value})"]
