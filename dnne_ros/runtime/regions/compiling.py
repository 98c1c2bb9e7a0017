"""Makes one Python function of the rounds of several nodes.

Its source has names that are made here and nothing else: what comes from a workflow or a node type
(functions, names of ports, values) is in its namespace.  The one exception are the names of inputs
as keywords of a call, where they are legal as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from keyword import iskeyword
from time import monotonic
from typing import Any, Protocol

from dnne_ros.node_api.answering import ByName
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.runtime.regions.traced_lines import MemberLines, TracedLines
from dnne_ros.transport.local_edge import LocalEdge

MISSING = object()
"""In the place of a value that there was none of in a round."""
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


@dataclass(frozen=True)
class Rounds:
    """Compiled rounds.

    ``go(until)`` makes one after the other up to that moment, at least one.  ``slots`` say what
    the values are that it passes on, in their order: which member gives each, and to what.
    ``queued`` are edges on which items wait: between members from one round to the next, or for
    others.  ``taken`` are those from elsewhere.  What it gives and takes there it does not count.
    """

    go: Callable[[float], Ended]
    slots: Sequence[tuple[int, OutputPort]]
    queued: frozenset[LocalEdge]
    taken: Sequence[tuple[int, LocalEdge]]


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
    slots = [f"v{slot}" for slot in range(len(writing.slots))]
    traces_begin, row_begins = writing.traced.finish()
    source = "\n".join((
        "def go(until):",
        *(f"    {line}" for line in traces_begin),
        "    made = 0",
        "    while True:",
        *(f"        {line}" for line in writing.entered(members)),
        *(f"        {line}" for line in [" = ".join([*slots, "missing"])] if slots),
        *(f"        {line}" for line in row_begins),
        "        at = 0",
        "        try:",
        *(f"            {line}" for line in writing.lines),
        "        except BaseException as error:",
        f"            return failed(at, error, made, {writing.values})",
        "        made += 1",
        "        if monotonic() >= until: return made, over, None"))
    namespace = {**writing.namespace, "missing": MISSING, "odd": irregular.odd,
                 "failed": irregular.failed, "is_late": irregular.is_late,
                 "stopped": irregular.stopped, "monotonic": monotonic,
                 "over": OVER, "dry": DRY, "held": HELD, "full": FULL}
    exec(compile(source, "<region>", "exec"), namespace)
    return Rounds(namespace["go"], writing.slots, queued, writing.taken)


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
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {}
        self.slots: list[tuple[int, OutputPort]] = []
        self.taken: list[tuple[int, LocalEdge]] = []
        self._passed = passed
        self._queued = queued
        self._value_of: dict[LocalEdge, str] = {}
        self._passed_on: dict[LocalEdge, OutputPort] = {}
        self._numbers = count()
        self.traced = TracedLines(self._name)

    @property
    def values(self) -> str:
        """Return the tuple of the values that are passed on so far."""
        return f"({''.join(f'v{slot}, ' for slot in range(len(self.slots)))})"

    def entered(self, members: Sequence[Member]) -> list[str]:
        """Return the lines that stand before each round: whether it can be made."""
        entry = members[0]
        dry = " or ".join(f"not {self._name(edge.waiting)}()" for edge in entry.inputs)
        lines = [f"if {dry}: return made, dry, None"] if dry else []
        if entry.ready is not None:
            lines.append(f"if not {self._name(entry.ready)}(): return made, held, None")
        own = {edge for member in members for edge in member.inputs}
        for member in members:
            for port in member.gives:
                output = member.outputs[port]
                if self._passed.get(output):
                    full = [f"{self._name(edge.span)}() >= {self._name(edge.limit)}"
                            for edge in output.edges if edge not in own]
                else:
                    full = [f"not {self._name(output)}.has_room"]
                if full:
                    lines.append(f"if {' or '.join(full)}: "
                                 f"return made, full, {self._name(output)}")
        return lines

    def may_go_on(self, member: Member, timed: bool) -> None:
        """Write what ends a round before ``member``."""
        stops = ["is_late()"] if timed else []
        if member.ready is not None:
            stops.append(f"not {self._name(member.ready)}()")
        if stops:
            self.lines.append(f"if {' or '.join(stops)}: return stopped(at, made, {self.values})")

    def add(self, index: int, member: Member) -> None:
        """Write what one member does."""
        if index:
            self.lines.append(f"at = {index}")
        traced = self.traced.of(member)
        items = []
        for port, edge in zip(member.ports, member.inputs, strict=True):
            items.append(self._value_of.get(edge) or self._taken(index, edge))
            self.lines += traced.takes(port, edge, self._passed_on.get(edge))
        given = [f"w{place}" for place in range(len(member.gives))]
        call, is_odd = self._compiled(member, items), []
        if call is not None:
            made = f"{', '.join(given)} = {call}"
        else:
            made = f"r = {self._call(member, items)}"
            is_odd = ["try:", f"    if len(r) != {len(given)}: raise KeyError",
                      *(f"    {name} = r[{self._name(port)}]"
                        for name, port in zip(given, member.gives, strict=True)),
                      "except (KeyError, TypeError):",
                      f"    return odd(at, r, made, {self.values})"] if given else [
                      f"if r: return odd(at, r, made, {self.values})"]
        self.lines += [*traced.took(), made, *traced.worked(), *is_odd]
        before, behind = self._together(member)
        self.lines += before
        for name, port in zip(given, member.gives, strict=True):
            self._give(index, member.outputs[port], port, name, traced)
        self.lines += [*behind, *traced.gave()]

    def _taken(self, index: int, edge: LocalEdge) -> str:
        """Write that a new name is an item of an edge."""
        name = f"i{next(self._numbers)}"
        take = edge.pop if edge.in_order else edge.take_now  # which may fail
        self.lines.append(f"{name} = {self._name(take)}()")
        if edge.in_order and edge not in self._queued:
            self.taken.append((index, edge))
        return name

    def _call(self, member: Member, items: Sequence[str]) -> str:
        """Return the call of a member's answer, which gives outputs by their names."""
        answer = member.answer
        if isinstance(answer, ByName) and (words := _by_name(answer, items)) is not None:
            return f"{self._name(answer.compute)}({words})"
        return f"{self._name(answer)}({', '.join(items)})"

    def _compiled(self, member: Member, items: Sequence[str]) -> str | None:
        """Return the call of what gives the values of all outputs; None: there is no such."""
        answer = member.answer
        if isinstance(answer, ByName) and answer.compiled is not None and member.gives \
                and member.gives == tuple(member.outputs) \
                and (words := _by_name(answer, items)) is not None:
            return f"{self._name(answer.compiled)}({words})"
        return None

    def _together(self, member: Member) -> tuple[list[str], list[str]]:
        """Return what lets outputs to other processes travel together, before and behind them."""
        if sum(member.outputs[port].leaves for port in member.gives) < 2:
            return [], []
        together = member.context.together()
        return ([f"{self._name(together.__enter__)}()"],
                [f"{self._name(together.__exit__)}(None, None, None)"])

    def _give(self, index: int, output: OutputPort, port: str, name: str, traced: MemberLines
              ) -> None:
        if not self._passed.get(output):
            self.lines += traced.sent(port, name, f"{self._name(output.send_now)}({name})")
            return
        value = f"v{len(self.slots)}"
        self.slots.append((index, output))
        self.lines += [f"{value} = {self._admitted(output, name)}", *traced.passed(port, value)]
        for edge in output.edges:
            if edge in self._queued:
                self.lines.append(f"{self._name(edge.append)}({value})")
            else:
                self._value_of[edge] = value
                self._passed_on[edge] = output

    def _admitted(self, output: OutputPort, name: str) -> str:
        """Return what makes of a value what the consumers of an output get."""
        if output.admission is None:
            return name
        admitted = f"{self._name(output.admission)}({name})"
        if output.exact is None:
            return admitted
        return f"{name} if {name}.__class__ is {self._name(output.exact)} else {admitted}"

    def _name(self, what: Any) -> str:
        """Return a name by which the function knows ``what``."""
        name = f"n{next(self._numbers)}"
        self.namespace[name] = what
        return name
