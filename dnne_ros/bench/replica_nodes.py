"""A node whose work takes a while, for the benchmark of replicas."""

from __future__ import annotations

import json
import time
from pathlib import Path

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class BlockingCall(Node):
    """Wait for something else, a device or a service, over each item."""

    number = Input(Float(), "A number.")
    out = Output(Float(), "The same.")
    milliseconds = Widget(20.0, "How long it takes.", minimum=0.0, unit="ms")

    def compute(self, number: float) -> dict[str, float]:
        """Wait."""
        time.sleep(1e-3 * self.milliseconds)
        return {"out": number}


class KeyedCall(BlockingCall):
    """The same, and count the items of each of a hundred keys."""

    @staticmethod
    def state_per(number: float) -> float:
        """Return the key of a number."""
        return number % 100

    def compute(self, number: float) -> dict[str, float]:
        """Count, and wait."""
        self.keyed_state["count"] = self.keyed_state.get("count", 0) + 1
        return super().compute(number)


class OrderedSink(Node):
    """Take the time of all items but the first tenth; an item that is not the next ends the run.

    They count down to 0, as those of `ChainSource`.
    """

    number = Input(Float(), "A number.")
    items = Widget(1000, "How many will come.", minimum=1, maximum=10**9)
    file = Widget("", "Where the seconds go.")

    async def process(self) -> None:
        """Take number by number."""
        measured, began = self.items - self.items // 10, 0.0
        for expected in range(self.items - 1, -1, -1):
            number = await self.get_input("number")
            if number != expected:
                raise ValueError(f"{number} came and not {expected}")
            if number == measured:
                began = time.perf_counter()
        self._write((time.perf_counter() - began) / measured)
        await self.context.finish("measured")

    def _write(self, seconds: float) -> None:
        Path(self.file).write_text(json.dumps(seconds), encoding="utf-8")
