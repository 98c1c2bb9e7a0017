"""Records what the nodes of one process do with items, into a ring and a file of names.

Off, none of this exists: `NodeTracer` stands in the place of a node's ports only while it is
recorded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from time import monotonic_ns, time_ns
from typing import Any

from dnne_ros.tracing.describing import Describer
from dnne_ros.tracing.ports import Target, TracedInput, TracedOutput
from dnne_ros.tracing.ring import Kind, Ring
from dnne_ros.tracing.rounds import NodeFields
from dnne_ros.transport.item_source import ItemSource

RING, NAMES = ".ring", ".names"
"""The endings of the two files of a process."""
_ROOM_FOR_ROUNDS = 4096
"""Records for which there is room at least: a round takes several."""
_MOST_PLANS = 1024


class Tracer:
    """What one process records: two files, ``PROCESS.PID.ring`` and ``PROCESS.PID.names``.

    The names are lines of JSON: first what the process says of itself and its graph, then ports
    and texts as they are first recorded.
    """

    def __init__(self, folder: Path, process: str, about: Mapping[str, Any], every: int,
                 records: int, most_texts: int = 2**16):
        """Write into ``folder``; OSError if that cannot be.

        ``about``: what the file says of the process, as JSON values.  Of each output and input,
        one item in ``every`` is recorded, by its number: so both ends record the same ones.  The
        newest ``records`` are kept, and so many texts.
        """
        self.every = every
        self._most_texts = min(most_texts, 2**16)
        stem = _free_stem(folder, f"{_file_name(process)}.{os.getpid()}")
        self.names = folder / f"{stem}{NAMES}"
        """The file of names."""
        ring = Ring(folder / f"{stem}{RING}", max(records, _ROOM_FOR_ROUNDS))
        self.write, self.offset, self.row = ring.write, ring.offset, ring.row
        self.longest_row = ring.longest_row
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_APPEND | os.O_CLOEXEC
        self._names: int | None = os.open(self.names, flags, 0o600)
        self._places: dict[tuple[str, str, str], int] = {}
        self._texts: dict[str, int] = {"": 0}
        self._plans: dict[str, int] = {}
        self._tell({**about, "process": process, "pid": os.getpid(), "every": every,
                    "records": records, "monotonic_ns": monotonic_ns(), "time_ns": time_ns()})

    def place(self, node: str, port: str = "", direction: str = "") -> int:
        """Return the number of a node, or of its ``input`` or ``output``."""
        key = (node, port, direction)
        if key not in self._places:
            self._places[key] = len(self._places)
            self._tell({"place": self._places[key], "node": node, "port": port,
                        "direction": direction})
        return self._places[key]

    def text(self, text: str) -> int:
        """Return the number of a text; that of none, when there are too many."""
        if text not in self._texts:
            if len(self._texts) >= self._most_texts:
                return 0
            self._texts[text] = len(self._texts)
            self._tell({"text": self._texts[text], "is": text})
        return self._texts[text]

    def plan(self, parts: int, nodes: Sequence[NodeFields]) -> int:
        """Return the number of a plan of rounds; when there are too many, that of none."""
        key = json.dumps([parts, nodes])
        if key not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                return _MOST_PLANS
            self._plans[key] = len(self._plans)
            self._tell({"plan": self._plans[key], "is": [parts, nodes]})
        return self._plans[key]

    def close(self) -> None:
        """Let go of the files; they stay.

        A node may be at an input still that records when its item comes.
        """
        if self._names is not None:
            os.close(self._names)
            self._names = None

    def _tell(self, line: Mapping[str, Any]) -> None:
        if self._names is None:
            return
        try:
            os.write(self._names, json.dumps(line).encode() + b"\n")
        except OSError:  # there is no room; what has no name is left out by who reads
            self.close()


class NodeTracer:
    """Records for one node."""

    def __init__(self, tracer: Tracer, node: str):
        """Record for ``node``, by its name in the graph."""
        self.every, self.write, self.offset = tracer.every, tracer.write, tracer.offset
        self.tracer = tracer
        self._node = node
        self._place = tracer.place(node)
        self.free = 0
        """Until when the node took, sent, waited or rested last: since then it has worked.

        Before the first time, nobody knows for how long it has.
        """
        self.asked = 0
        """Since when it waits for a round to begin, as far as others make its rounds."""

    def place(self, port: str, direction: str) -> int:
        """Return the number of an ``input`` or ``output``."""
        return self.tracer.place(self._node, port, direction)

    def input(self, port: str, source: ItemSource) -> TracedInput:
        """Return an input in the place of ``source``."""
        return TracedInput(source, self, self.place(port, "input"))

    def output(self, port: str, target: Target) -> TracedOutput:
        """Return an output in the place of ``target``."""
        return TracedOutput(target, self, self.place(port, "output"),
                            Describer(self.tracer.text))

    def waited(self, kind: Kind, place: int, began: int) -> None:
        """Record that the node waited until now, in vain or to rest."""
        ended = monotonic_ns()
        self.write(self.offset(), self.free or began, began, 0, 0, 0, ended, place, 0, kind, 0)
        self.free = ended

    def rested(self, began: int) -> None:
        """Record that the node slept until now."""
        self.waited(Kind.RESTED, self._place, began)

    def mark(self, text: str, number: int = 0) -> None:
        """Record that something happened now; the node goes on with what it does."""
        now = monotonic_ns()
        self.write(self.offset(), now, now, number, 0, 0, now, self._place,
                   self.tracer.text(text), Kind.MARK, 0)


def _free_stem(folder: Path, stem: str) -> str:
    """Return a name of which there are no files yet: a managed node is made again and again."""
    return next(name for name in chain((stem,), (f"{stem}.{again}" for again in count(2)))
                if not (folder / f"{name}{RING}").exists())


def _file_name(process: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_" else "_" for sign in process)
