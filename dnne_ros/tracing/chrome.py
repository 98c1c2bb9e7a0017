"""Traces as files in Chrome's trace format, which Perfetto and chrome://tracing open.

The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.  A
process is a group of tracks and a node a track; slices are what it did, arrows lead along edges
from where an item was sent to where it was taken.  ``otherData`` holds what a track cannot.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Act, Count, EdgeInfo, Event, Flight, ProcessInfo, Trace

_FORMAT = "dnne_ros trace 1"
ZIPPED = ".gz"
"""How the names of compressed files end."""
_ZIP_MARK = b"\x1f\x8b"
_FAST = 1
_LONGEST_NAME = 120
_CATEGORIES = {Kind.TAKEN: "take", Kind.SENT: "send", Kind.WAITED: "wait", Kind.RESTED: "rest",
               Kind.MARK: "mark"}
_KINDS = {category: kind for kind, category in _CATEGORIES.items()}


def encode_trace(trace: Trace, zipped: bool = False) -> bytes:
    """Return the content of a trace's file."""
    start = trace.span()[0]
    about = {
        "format": _FORMAT, "graph": trace.graph, "every": trace.every, "start_ns": start,
        "nodes": trace.types, "outside": sorted(trace.outside), "notes": trace.notes,
        "edges": [_edge(edge) for edge in trace.edges.values()],
        "flight": None if trace.flight is None else asdict(trace.flight),
        "processes": [{"name": process.name, "pid": process.pid, "host": process.host,
                       "epoch_ns": process.epoch_ns} for process in trace.processes]}
    # One event a line: people look into such files, too.
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    events = ",\n".join(map(encode, _events(trace, start)))
    head = f'"displayTimeUnit":"ns",\n"otherData":{json.dumps(about)}'
    text = f'{{{head},\n"traceEvents":[\n{events}\n]}}\n'
    return gzip.compress(text.encode(), _FAST) if zipped else text.encode()


def read_trace(path: Path) -> Trace:
    """Return the trace in a file; `InputError` if there is none in it."""
    try:
        data = read_file(path)
        if data.startswith(_ZIP_MARK):
            data = gzip.decompress(data)
        content = json.loads(data)
        return _read(content)
    except OSError as error:
        raise InputError(str(path), [f"cannot be read: {error.strerror}"]) from None
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError, zlib.error,
            RecursionError) as error:
        raise InputError(str(path), [
            f"expected a trace that `dnne-ros run --trace` has written, found something else: "
            f"{type(error).__name__}: {error}"]) from None


def _read(content: Mapping[str, Any]) -> Trace:
    about = content["otherData"]
    if about["format"] != _FORMAT:
        raise ValueError(f"its format is {about['format']!r:.40}, not {_FORMAT!r}")
    trace = Trace(str(about["graph"]), notes=list(map(str, about["notes"])))
    trace.learn(about)
    processes = [ProcessInfo(each["name"], each["pid"], each["host"], each["epoch_ns"])
                 for each in about["processes"]]
    tracks: dict[tuple[int, int], str] = {}
    acts: list[dict[str, list[Act]]] = [{} for _ in processes]
    for event in content["traceEvents"]:
        track = (event["pid"], event.get("tid", 0))
        if event["ph"] == "M":
            if event["name"] == "thread_name":
                tracks[track] = event["args"]["name"]
        elif event.get("cat") in _KINDS:
            acts[track[0] - 1].setdefault(tracks[track], []).append(
                _act(event, int(about["start_ns"])))
        else:
            _read_beside(trace, processes, event, int(about["start_ns"]))
    for process, done in zip(processes, acts, strict=True):
        trace.add(process, done)
    trace.flight = None if about.get("flight") is None else Flight(**about["flight"])
    return trace


def _read_beside(trace: Trace, processes: Sequence[ProcessInfo], event: Mapping[str, Any],
                 start: int) -> None:
    """Take what is no act of a node, if it is something of ours."""
    args = event.get("args", {})
    if event.get("cat") == "count":
        place, _, direction = event["name"].rpartition(" ")
        node, _, port = place.partition("/")
        trace.counts.setdefault((node, port, direction), []).append(
            Count(start + round(1000 * event["ts"]), args["items"], args["waiting"]))
    elif event.get("cat") == "gap":
        trace.gaps.setdefault(processes[event["pid"] - 1], []).append(
            (start + args["from"], start + args["to"]))
    elif event.get("cat") == "event":
        trace.events.append(Event(start + args["at"], args["node"], args["kind"], args["text"]))


def _act(event: Mapping[str, Any], start: int) -> Act:
    args = event["args"]
    return Act(_KINDS[event["cat"]], start + args["since"], start + args["from"],
               start + args["to"], args.get("port", ""), args.get("item", 0), args.get("items", 1),
               args.get("blocked_ns", 0), args.get("bytes", 0), args.get("what", ""),
               args.get("waited", False))


def _edge(edge: EdgeInfo) -> dict[str, Any]:
    return {"name": edge.name, "source": edge.source, "target": edge.target,
            "policy": edge.policy, "capacity": edge.capacity, "trains": edge.trains}


def _events(trace: Trace, start: int) -> Iterator[dict[str, Any]]:
    arrows = _Arrows(trace)
    beside = count(len(trace.acts) + 1)
    for pid, process in enumerate(trace.processes, 1):
        label = f"{process.host}: {process.name}" if process.host else process.name
        yield _named("process_name", pid, 0, f"{label} (pid {process.pid})")
    for node, acts in trace.acts.items():
        pid = trace.processes.index(trace.nodes[node]) + 1
        tids: list[int] = []
        for act, lane in zip(acts, _lanes(acts), strict=True):
            while lane >= len(tids):
                tids.append(next(beside) if tids else list(trace.acts).index(node) + 1)
                yield _named("thread_name", pid, tids[-1], node)
            track = {"pid": pid, "tid": tids[lane]}
            yield from _slices(act, track, start)
            yield from arrows.of(node, act, track, start)
    yield from _beside(trace, start)


def _beside(trace: Trace, start: int) -> Iterator[dict[str, Any]]:
    """Give what is no act of a node: counters, what was not recorded, what nodes said."""
    tracks = {node: {"pid": trace.processes.index(trace.nodes[node]) + 1, "tid": tid}
              for tid, node in enumerate(trace.acts, 1)}
    elsewhere = {"pid": 1, "tid": 0}
    for (node, port, direction), counts in trace.counts.items():
        pid = tracks.get(node, elsewhere)["pid"]
        for each in counts:
            yield {"ph": "C", "name": f"{node}/{port} {direction}", "cat": "count", "pid": pid,
                   "ts": _us(each.time - start),
                   "args": {"items": each.number, "waiting": each.waiting}}
    for process, gaps in trace.gaps.items():
        pid = trace.processes.index(process) + 1
        for since, until in gaps:
            yield {"ph": "X", "name": "items not recorded", "cat": "gap", "pid": pid, "tid": 0,
                   "ts": _us(since - start), "dur": _us(until - since),
                   "args": {"from": since - start, "to": until - start}}
    for event in trace.events:
        yield {"ph": "i", "s": "t", "name": f"{event.kind}: {event.text}"[:_LONGEST_NAME],
               "cat": "event", **tracks.get(event.node, elsewhere), "ts": _us(event.time - start),
               "args": {"node": event.node, "kind": event.kind, "text": event.text,
                        "at": event.time - start}}


def _lanes(acts: Sequence[Act]) -> list[int]:
    """Return on which of a node's tracks each of its acts goes.

    A node may wait at several inputs at once, and slices of one track may not overlap.
    """
    lanes: list[int] = [0] * len(acts)
    free: list[int] = []
    for begins, number in sorted((min(act.began, act.since) if act.worked else act.began, number)
                                 for number, act in enumerate(acts) if act.kind is not Kind.MARK):
        lane = next((lane for lane, until in enumerate(free) if until <= begins), len(free))
        if lane == len(free):
            free.append(0)
        lanes[number], free[lane] = lane, acts[number].ended
    return lanes


def _us(ns: int) -> float:
    """Return microseconds, which is what the format counts in, to the nanosecond."""
    return round(1e-3 * ns, 3)


def _named(what: str, pid: int, tid: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid, "args": {"name": name}}


def _slices(act: Act, track: Mapping[str, int], start: int) -> Iterator[dict[str, Any]]:
    """Give the work that came before, and what the node did then."""
    if act.kind is not Kind.MARK and act.worked:
        yield {"ph": "X", "name": "work", "cat": "work", **track,
               "ts": _us(act.since - start), "dur": _us(act.worked)}
    about: dict[str, Any] = {"since": act.since - start, "from": act.began - start,
                             "to": act.ended - start}
    if act.port:
        about["port"] = act.port
    if act.number:
        about["item"] = act.number
    if act.count != 1:
        about["items"] = act.count
    if act.blocked:
        about["blocked_ns"] = act.blocked
    if act.size:
        about["bytes"] = act.size
    if act.text:
        about["what"] = act.text
    if act.waited:
        about["waited"] = True
    slice = {"name": _name(act), "cat": _CATEGORIES[act.kind], **track,
             "ts": _us(act.began - start), "args": about}
    yield {"ph": "i", "s": "p", **slice} if act.kind is Kind.MARK else \
        {"ph": "X", "dur": _us(act.ended - act.began), **slice}


def _name(act: Act) -> str:
    if act.kind is Kind.MARK:
        return act.text
    if act.kind is Kind.RESTED:
        return "rest"
    word = {Kind.TAKEN: "take", Kind.WAITED: "wait for"}.get(
        act.kind, "send, blocked" if act.blocked else "send")
    return f"{word} {act.port}"


class _Arrows:
    """Flow events: from where an item was sent to where it was taken, by edge and number."""

    def __init__(self, trace: Trace):
        self._leaving: dict[tuple[str, str], list[str]] = {}
        self._coming: dict[tuple[str, str], str] = {}
        for edge in trace.edges.values():
            self._leaving.setdefault(edge.source, []).append(edge.name)
            self._coming[edge.target] = edge.name
        self._taken = {(self._coming[node, act.port], number)
                       for node, acts in trace.acts.items() for act in acts
                       if act.kind is Kind.TAKEN and (node, act.port) in self._coming
                       for number in range(act.number - act.count + 1, act.number + 1)}

    def of(self, node: str, act: Act, track: Mapping[str, int], start: int
           ) -> Iterator[dict[str, Any]]:
        """Give the ends of arrows at an act."""
        place = (node, act.port)
        if act.kind is Kind.SENT:
            for edge in self._leaving.get(place, ()):
                if (edge, act.number) in self._taken:
                    yield {"ph": "s", "name": "item", "cat": "edge", "id": f"{edge}#{act.number}",
                           **track, "ts": _us(act.began - start)}
        elif act.kind is Kind.TAKEN and place in self._coming:
            for number in range(act.number - act.count + 1, act.number + 1):
                yield {"ph": "f", "bp": "e", "name": "item", "cat": "edge",
                       "id": f"{self._coming[place]}#{number}", **track,
                       "ts": _us(max(act.began, act.ended - 1) - start)}
