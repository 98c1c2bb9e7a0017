"""A graph that is recorded, and not, in turns of a fraction of a second.

Run as a command, this is a ``graph_host`` whose process takes turns with itself: so all ways to
record see the same machine, a moment apart.  What counts is processor time for each item, which
hardly depends on what else the machine does.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dnne_ros.bench.edge_peers.rally import cpu_seconds
from dnne_ros.bench.recording import AGAIN, FLIGHT, NOTHING, TRACE
from dnne_ros.bench.turns import FILE, SECONDS, TURNS
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.runtime.monitoring.flight_part import FlightPart
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.tracing.trace import BOUNDARY
from dnne_ros.tracing.tracer import NodeTracer, Tracer

_TYPE = Tensor("float32", ("element",))
_WARM_UP_SECONDS = 3.0
_RECORDS = 100_000


class Stream(Node):
    """Send the same small tensor for ever."""

    item = Output(_TYPE, "The tensor.", starts_loop=True)
    payload = Widget(16, "Bytes of an item.")

    async def process(self) -> None:
        """Send."""
        import torch

        item = torch.zeros(self.payload // 4)
        while True:
            await self.send_output(item, "item")


class Drain(Node):
    """Take everything."""

    item = Input(_TYPE, "A tensor.")

    async def process(self) -> None:
        """Take."""
        while True:
            await self.get_input("item")


class _Boundaries:
    """Tells of the moments at which a trainer is through with an update."""

    def __init__(self) -> None:
        self.count = 0
        self._came = asyncio.Event()

    def mark(self, text: str, number: int = 0) -> None:
        if text == BOUNDARY:
            self.count += 1
            self._came.set()

    async def next(self) -> None:
        """Wait for the next one or, where nobody learns, a moment."""
        if self.count:
            self._came.clear()
            await self._came.wait()
        else:
            await asyncio.sleep(0)


class Turns:
    """Has a graph recorded in one way after another, and measures."""

    ways: tuple[str, ...] = (NOTHING, FLIGHT, TRACE, AGAIN)
    """What is recorded in a turn."""

    def __init__(self, part: FlightPart, contexts: Mapping[str, HostContext],
                 loop: asyncio.AbstractEventLoop, folder: Path):
        """Measure the nodes of ``contexts``; ``folder`` is for what a trace records."""
        self._part = part
        self._contexts = list(contexts.values())
        self._loop = loop
        self._boundaries = _Boundaries()
        for context in self._contexts:
            context.marks.append(self._boundaries)  # type: ignore[arg-type]  # it has `mark`
        self._tracer = Tracer(folder, "main", {}, 1, _RECORDS)
        self._tracers = [NodeTracer(self._tracer, context.node_id) for context in self._contexts]

    async def take(self, turns: int, seconds: float) -> dict[str, list[float]]:
        """Return the processor time of an item in µs, by what was recorded, of each turn.

        The first turn of each does not count.
        """
        await asyncio.sleep(_WARM_UP_SECONDS)
        found: dict[str, list[float]] = {what: [] for what in self.ways}
        order = random.Random(0)
        for _ in range(turns + 1):
            for what in order.sample(list(found), len(found)):
                with self.recorded(what):
                    found[what].append(await self._measure(seconds))
        return {what: each[1:] for what, each in found.items()}

    async def _measure(self, seconds: float) -> float:
        await self._boundaries.next()
        items, cpu, until = self._items(), cpu_seconds(), time.monotonic() + seconds
        while time.monotonic() < until:
            await self._boundaries.next()
        return 1e6 * (cpu_seconds() - cpu) / (self._items() - items)

    def _items(self) -> int:
        return sum(context.items for context in self._contexts)

    @contextmanager
    def recorded(self, what: str) -> Iterator[None]:
        """Record in one of the `ways`."""
        if what == FLIGHT:
            self._part.start(self._loop)
        elif what == TRACE:
            for context, tracer in zip(self._contexts, self._tracers, strict=True):
                context.trace(tracer)
        try:
            yield
        finally:
            self._part.stop()
            for context in self._contexts:
                context.trace(None)


def _leave(file: Path, found: Mapping[str, list[float]]) -> None:
    """Write the figures, and end the run."""
    file.write_text(json.dumps(found), encoding="utf-8")
    os.kill(os.getpid(), signal.SIGINT)


def main(kind: type[Turns] = Turns) -> int:
    """Run a ``graph_host`` whose nodes are recorded in turns, and end it then."""
    from dnne_ros.hosting.host import main as host
    from dnne_ros.runtime import process_observers
    from dnne_ros.runtime.monitoring import flight_recorder

    original: Callable[..., Any] = flight_recorder.flight_recorder
    folder = tempfile.TemporaryDirectory(dir="/dev/shm")
    tasks = []

    def measured(*given: Any) -> Any:
        recorder, close = original(*given)
        recorder.part.stop()
        turns = kind(recorder.part, given[6], given[7], Path(folder.name))

        async def measure() -> None:
            found = await turns.take(int(os.environ[TURNS]), float(os.environ[SECONDS]))
            _leave(Path(os.environ[FILE]), found)

        tasks.append(given[7].create_task(measure()))
        return recorder, close

    # The name that a process calls it by.
    process_observers.flight_recorder = measured  # type: ignore[assignment,attr-defined]
    with folder:
        return host()


if __name__ == "__main__":
    sys.exit(main())
