"""The nodes of the benchmark's chain, as a user would write them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.supply import give_items
from dnne_ros.node_api.widget import Widget


class ChainSource(Node):
    """Send numbers as fast as they are taken."""

    out = Output(Float(), "The numbers.")
    items = Widget(1000, "How many.", minimum=1, maximum=10**9)

    async def process(self) -> None:
        """Count down, so that the last one is 0."""
        for number in range(self.items - 1, -1, -1):
            await self.send_output(float(number), "out")


class AskedSource(ChainSource):
    """The same, asked for its numbers."""

    gives_items = True

    async def process(self) -> None:
        """Count down."""
        await give_items(self, ("out",), map(float, range(self.items - 1, -1, -1)))


class ChainLink(Node):
    """Add to a number: about the least that a node can do."""

    number = Input(Float(), "A number.")
    out = Output(Float(), "Another one.")
    addend = Widget(0.0, "What is added.")

    def compute(self, number: float) -> dict[str, float]:
        """Add."""
        return {"out": number + self.addend}


class ShortLink(ChainLink):
    """The same, and what it does as a plain function."""

    def compiled(self) -> Callable[[float], float]:
        """Add."""
        values = self.values

        def add(number: float) -> float:
            result: float = number + values["addend"]
            return result

        return add


class LongLink(ChainLink):
    """The same, and too long to be inlined."""

    def compute(self, number: float) -> dict[str, float]:
        """Add, in two steps."""
        result = number + self.addend
        return {"out": result}


class ChainSink(Node):
    """Take the time of all items but the first tenth, and end the run with the last one."""

    number = Input(Float(), "A number.")
    items = Widget(1000, "How many will come.", minimum=1, maximum=10**9)
    file = Widget("", "Where the seconds go.")

    def setup(self) -> None:
        """Nothing has come."""
        self._measured = self.items - self.items // 10
        self._began = 0.0

    async def process(self) -> None:
        """Take number by number, with queues on both sides as any node of its own making."""
        number = None
        while number != 0:
            number = await self.get_input("number")
            if number == self._measured:
                self._began = time.perf_counter()
        await self._end(time.perf_counter())

    async def _end(self, now: float) -> None:
        self._write((now - self._began) / self._measured)
        await self.context.finish("measured")

    def _write(self, seconds: float) -> None:
        Path(self.file).write_text(json.dumps(seconds), encoding="utf-8")


class CalledSink(ChainSink):
    """The same, called with each number."""

    process = Node.process

    def compute(self, number: float) -> None:
        """Look whether it is the first or the last that counts."""
        if number == self._measured:
            self._began = time.perf_counter()
        elif not number:
            self._ending = asyncio.ensure_future(self._end(time.perf_counter()))
