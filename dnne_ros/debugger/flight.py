"""Steps through what a flight record holds: what happened when, and how things stood then."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dnne_ros.cli.output import say
from dnne_ros.debugger.prompt import talk
from dnne_ros.debugger.words import Words, read
from dnne_ros.debugging.condition import Condition, Misfit
from dnne_ros.debugging.places import INPUT, OUTPUT, Place, PlacedNode, Places, Spot
from dnne_ros.debugging.tokens import ConditionError, split
from dnne_ros.errors import InputError, printable
from dnne_ros.tracing.flight_record import is_flight_record, read_flight_record
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Act, Trace

_HELP = """\
step [PLACE] [N]        go on to the next thing that happened, or to the next item at PLACE
back [PLACE] [N]        the same, backwards
go, back to start       on to the next breakpoint or the end; back to the beginning
break PLACE [if COND]   where `go` and `back` stop; COND may ask number, shape, dtype, bytes,
                        worked and blocked (seconds): a record has no numbers of items
clear N|all, list       forget breakpoints; list them
show [PLACE]            how far each port had come at this moment, and the latest of each node
quit                    leave"""
_DIRECTIONS = {Kind.TAKEN: INPUT, Kind.SENT: OUTPUT}
_KNOWN = {"number", "shape", "dtype", "bytes", "worked", "blocked", "and", "or", "not", "true",
          "false"}


@dataclass(frozen=True)
class Moment:
    """One thing that happened, at a time in ns; ``spot`` is where an item was, if it was one."""

    time: int
    node: str
    what: str
    spot: Spot | None = None
    act: Act | None = None


@dataclass(frozen=True)
class _Breakpoint:
    id: int
    place: Place
    condition: Condition | None

    def holds(self, moment: Moment) -> bool:
        if moment.spot not in self.place.spots or moment.act is None:
            return False
        try:
            return self.condition is None or self.condition.holds(
                _head(moment.act), moment.act.number)
        except Misfit:  # of an item without a shape, say
            return False


class FlightWalk:
    """A place in a flight record, which may be gone through in both directions."""

    def __init__(self, trace: Trace):
        """Begin at the end of ``trace``, where it went wrong."""
        self.trace = trace
        self.moments = sorted(_moments(trace), key=lambda each: each.time)
        self.at = len(self.moments)
        """How many moments lie behind us."""
        self._places = _places(trace)
        self._breakpoints: list[_Breakpoint] = []
        self._count = 0

    def do(self, words: Words) -> Iterator[str]:
        """Do what is said, and say where we are then; `InputError` for what cannot be."""
        if words.action in ("step", "back"):
            yield from self._walk(words)
        elif words.action == "go":
            yield from self._go()
        elif words.action == "break":
            yield self._break(*words.words)
        elif words.action == "clear":
            self._breakpoints = [each for each in self._breakpoints
                                 if words.words[0] not in ("all", str(each.id))]
            yield from self._list()
        elif words.action == "list":
            yield from self._list()
        elif words.action == "show":
            yield from self._show(words.words[0])
        else:
            raise InputError(words.action, ["a flight record is over: it can be stepped through, "
                                            "not changed; see help"])

    def _walk(self, words: Words) -> Iterator[str]:
        place, count = words.words
        if not count.isdigit() or not int(count):
            raise InputError(words.action, [f"expected how many, from 1, found {count!r:.40}"])
        if place == "to start":
            self.at = 0
            yield "at the beginning"
            return
        spots = self._places.find(place).spots if place else None
        forwards = words.action == "step"
        wanted = [index for index in (
            range(self.at + 1, len(self.moments) + 1) if forwards else range(self.at - 1, 0, -1))
            if spots is None or self.moments[index - 1].spot in spots]
        if len(wanted) < int(count):
            yield ("there is nothing more " + (f"at {place} " if place else "")
                   + ("behind this moment" if forwards else "before this moment"))
        elif wanted:
            self.at = wanted[int(count) - 1]
            yield self.line(self.at - 1)

    def _go(self) -> Iterator[str]:
        for index in range(self.at, len(self.moments)):
            for each in self._breakpoints:
                if each.holds(self.moments[index]):
                    self.at = index + 1
                    yield f"breakpoint {each.id}: {self.line(index)}"
                    return
        self.at = len(self.moments)
        yield "at the end"

    def _break(self, place: str, condition: str) -> str:
        try:
            asked = Condition(condition) if condition else None
            strange = [token.text for token in split(condition)
                       if token.kind == "name" and token.text not in _KNOWN]
        except ConditionError as error:
            raise InputError("break", [f"condition {condition!r:.80}: {error}"]) from None
        if strange:
            raise InputError("break", [
                f"condition {condition!r:.80}: a flight record holds no {strange[0]!r} of an "
                "item, but its number, shape, dtype, bytes, and for how long (in seconds) its "
                "node had worked and was blocked"])
        self._count += 1
        made = _Breakpoint(self._count, self._places.find(place), asked)
        self._breakpoints.append(made)
        return _said(made)

    def _list(self) -> Iterator[str]:
        flight = self.trace.flight
        if flight is not None:
            yield f"{printable(self.trace.graph)}, {flight.time}: {printable(flight.reason)}"
        yield f"moment {self.at} of {len(self.moments)}"
        for each in self._breakpoints:
            yield _said(each)

    def _show(self, place: str) -> Iterator[str]:
        spots = self._places.find(place).spots if place else None
        now = self.moments[self.at - 1].time if self.at else 0
        latest: dict[Any, int] = {}
        for index in range(self.at):
            moment = self.moments[index]
            latest[moment.spot or moment.node] = index
        for key, index in sorted(latest.items(), key=lambda each: each[1]):
            if spots is None or key in spots:
                yield self.line(index)
        for spot, counts in sorted(self.trace.counts.items()):
            passed = bisect_right([each.time for each in counts], now)
            if passed and (spots is None or spot in spots):
                count = counts[passed - 1]
                waiting = f", {count.waiting} waiting" if spot[2] == INPUT else ""
                yield f"  {spot[0]}/{spot[1]} ({spot[2]}): {count.number} items{waiting}"

    def line(self, index: int) -> str:
        """Say what happened at a moment, and when."""
        moment = self.moments[index]
        flight = self.trace.flight
        before = f"{1e-9 * (moment.time - flight.moment):+.3f} s" if flight else str(moment.time)
        node = f" {moment.node}" if moment.node else ""
        return f"[{index + 1}] {before}{node} {printable(moment.what)}"


def step_through(path: Path) -> int:
    """Open a flight record at a prompt; `InputError` if it is none."""
    if not is_flight_record(path):
        raise InputError("debug", [f"{path}: expected the folder of a flight record, as "
                                   "`dnne-ros trace dump` or a failed run leaves it"])
    walk = FlightWalk(read_flight_record(path))
    for line in walk.do(Words("list")):
        say(line)
    if walk.moments:
        say(walk.line(len(walk.moments) - 1))
    talk(walk.do, _HELP, _read)
    return 0


def _read(line: str) -> Words:
    """Read a line as at a running graph, with ``back``."""
    name, _, rest = line.strip().partition(" ")
    if name in ("back", "bk"):
        return Words("back", read(f"step {rest}").words)
    return read(line)


def _said(each: _Breakpoint) -> str:
    condition = f" if {each.condition.text}" if each.condition else ""
    return f"breakpoint {each.id}: {each.place.text}{condition}"


def _moments(trace: Trace) -> Iterator[Moment]:
    sources = {edge.target: edge.source for edge in trace.edges.values()}
    given = {(node, act.port, act.number): act.text for node, acts in trace.acts.items()
             for act in acts if act.kind == Kind.SENT}
    for node, acts in trace.acts.items():
        for act in acts:
            direction = _DIRECTIONS.get(act.kind)
            if direction is not None:
                if direction == INPUT:  # what it was like, its sender has noted
                    source = sources.get((node, act.port), ("", ""))
                    act = replace(act, text=given.get((*source, act.number), ""))
                verb = "took" if direction == INPUT else "gave"
                shape = f" ({act.text})" if act.text else ""
                yield Moment(act.ended, node, f"{verb} item {act.number} at {act.port}{shape}",
                             (node, act.port, direction), act)
            elif act.kind == Kind.MARK:
                number = f" {act.number}" if act.number else ""
                yield Moment(act.ended, node, f"{act.text}{number}")
    for event in trace.events:
        if event.kind != "parameters":
            yield Moment(event.time, event.node, f"{event.kind}: {event.text}")


def _head(act: Act) -> dict[str, Any]:
    """Return what is known of an item: ``float32 16×4`` is a dtype and a shape."""
    head: dict[str, Any] = {"bytes": act.size, "worked": 1e-9 * act.worked,
                            "blocked": 1e-9 * act.blocked}
    dtype, _, lengths = act.text.partition(" ")
    parts = lengths.split("×")
    if lengths == "scalar":
        return {**head, "dtype": dtype, "shape": ()}
    if all(part.isdigit() for part in parts):
        return {**head, "dtype": dtype, "shape": tuple(map(int, parts))}
    return head


def _places(trace: Trace) -> Places:
    inputs: dict[str, set[str]] = {node: set() for node in trace.nodes}
    outputs: dict[str, set[str]] = {node: set() for node in trace.nodes}
    for moment in _moments(trace):
        if moment.spot is not None:
            node, port, direction = moment.spot
            (inputs if direction == INPUT else outputs).setdefault(node, set()).add(port)
    edges = {}
    for edge in trace.edges.values():
        inputs.setdefault(edge.target[0], set()).add(edge.target[1])
        outputs.setdefault(edge.source[0], set()).add(edge.source[1])
        edges[edge.target] = edge.source
    return Places([PlacedNode(node, sorted(inputs[node]), sorted(outputs.get(node, ())))
                   for node in sorted(inputs)], edges)
