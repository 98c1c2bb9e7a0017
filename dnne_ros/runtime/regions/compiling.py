"""Makes one Python function of a round of several nodes.

Its source has names that are made here and nothing else: what comes from a workflow or a node type
(functions, names of ports, values) is in its namespace.  The one exception are the names of inputs
as keywords of a call, where they are legal as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from keyword import iskeyword
from typing import Any, Protocol

from dnne_ros.node_api.answering import ByName
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.runtime.regions.traced_lines import MemberLines, TracedLines
from dnne_ros.tracing.round_tracer import RoundTracer
from dnne_ros.transport.local_edge import LocalEdge

MISSING = object()
"""In the place of a value that there was none of in a round."""


class Irregular(Protocol):
    """What takes a round over that cannot go on as compiled; all return True: it is over."""

    def is_late(self) -> bool:
        """Tell whether a round has taken too long to go on in one go."""
        ...

    def stopped(self, at: int, values: Sequence[Any]) -> bool:
        """Leave it to the others what comes of member ``at``, which is through."""
        ...

    def odd(self, at: int, outcome: Any, values: Sequence[Any]) -> bool:
        """Send the ``outcome`` of member ``at``: it gave other outputs than it is known for.

        ``values`` are those of the members before it.
        """
        ...

    def failed(self, at: int, error: BaseException, values: Sequence[Any]) -> bool:
        """Deal with an ``error`` of member ``at``, which has taken its items."""
        ...


@dataclass(frozen=True)
class Round:
    """A compiled round.

    ``go(made)`` makes one, after so many that nobody has counted yet; True: it was irregular.
    ``slots`` say what the values are that it passes on, in their order: which member gives each,
    and to what.  ``traces`` record it, and go by what was counted before ``made``.
    """

    go: Callable[[int], bool]
    slots: Sequence[tuple[int, OutputPort]]
    traces: Sequence[RoundTracer]


def compile_round(members: Sequence[Member], passed: Mapping[OutputPort, bool],
                  irregular: Irregular, *, timed: bool = False) -> Round:
    """Return a round of ``members``, in their order.

    ``passed`` are the outputs whose values go to their consumers as they are; all others go
    through their ports.  ``timed``: it stops between two members when it is late.
    """
    writing = _Writing(passed)
    for index, member in enumerate(members):
        if timed and index:
            writing.lines.append(f"if is_late(): return stopped(at, {writing.values})")
        writing.add(index, member)
    begin, traces = writing.traced.finish()
    source = "\n".join((
        "def go(made):",
        *(f"    {line}" for line in begin),
        *(f"    v{slot} = missing" for slot in range(len(writing.slots))),
        "    at = 0",
        "    try:",
        *(f"        {line}" for line in writing.lines),
        "    except BaseException as error:",
        f"        return failed(at, error, {writing.values})",
        "    return False"))
    namespace = {**writing.namespace, "missing": MISSING, "odd": irregular.odd,
                 "failed": irregular.failed, "is_late": irregular.is_late,
                 "stopped": irregular.stopped}
    exec(compile(source, "<region>", "exec"), namespace)
    return Round(namespace["go"], writing.slots, traces)


def _is_plain(name: str) -> bool:
    """Tell whether a name means itself as a keyword in a source text."""
    return name.isascii() and name.isidentifier() and not iskeyword(name) and name[0] != "_"


class _Writing:
    """Writes the lines of a round, and gathers what they name."""

    def __init__(self, passed: Mapping[OutputPort, bool]):
        """Begin."""
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {}
        self.slots: list[tuple[int, OutputPort]] = []
        self._passed = passed
        self._value_of: dict[LocalEdge, str] = {}
        self._numbers = count()
        self.traced = TracedLines(passed, self._name)

    @property
    def values(self) -> str:
        """Return the tuple of the values that are passed on so far."""
        return f"({''.join(f'v{slot}, ' for slot in range(len(self.slots)))})"

    def add(self, index: int, member: Member) -> None:
        """Write what one member does."""
        traced = self.traced.of(member)
        self.lines.append(f"at = {index}")
        items = [self._value_of.get(edge) or self._taken(edge) for edge in member.inputs]
        self.lines += [*traced.took(), f"r = {self._call(member, items)}", *traced.worked()]
        given = [f"w{place}" for place in range(len(member.gives))]
        self.lines += ["try:", f"    if len(r) != {len(given)}: raise KeyError",
                       *(f"    {name} = r[{self._name(port)}]"
                         for name, port in zip(given, member.gives, strict=True)),
                       "except (KeyError, TypeError):",
                       f"    return odd(at, r, {self.values})"] if given else [
                       f"if r: return odd(at, r, {self.values})"]
        for name, port in zip(given, member.gives, strict=True):
            self._give(index, member.outputs[port], name, port, traced)
        self.lines += traced.gave()

    def _taken(self, edge: LocalEdge) -> str:
        name = f"i{next(self._numbers)}"
        self.lines.append(f"{name} = {self._name(edge.take_now)}()")
        return name

    def _call(self, member: Member, items: Sequence[str]) -> str:
        answer = member.answer
        if isinstance(answer, ByName) and all(
                _is_plain(name) for name in (*answer.ports, *answer.unlinked)):
            words = [f"{port}={item}" for port, item in zip(answer.ports, items, strict=True)]
            words += [f"{port}=None" for port in answer.unlinked]
            return f"{self._name(answer.compute)}({', '.join(words)})"
        return f"{self._name(answer)}({', '.join(items)})"

    def _give(self, index: int, output: OutputPort, name: str, port: str, traced: MemberLines
              ) -> None:
        if not self._passed.get(output):
            self.lines += traced.sent(port, name, f"{self._name(output.send_now)}({name})")
            return
        value = f"v{len(self.slots)}"
        self.slots.append((index, output))
        self.lines += [f"{value} = {self._admitted(output, name)}", *traced.passed(port, value)]
        for edge in output.edges:
            self._value_of[edge] = value

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
