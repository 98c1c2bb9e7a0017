"""A source, and nodes that write down that they had their turn."""

import asyncio
from pathlib import Path

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class Ticks(Node):
    """Send numbers, one in each of many turns of the event loop."""

    value = Output(Int(), "The next number.")
    count = Widget(50, "How many.")

    async def process(self):
        for number in range(self.count):
            await self.send_output(number, "value")
            for _ in range(20):
                await asyncio.sleep(0)


class Turn(Node):
    """Write down its name at each number."""

    value = Input(Int(), "A number.")
    passed = Output(Int(), "The same.")
    name = Widget("", "What it writes.")
    file = Widget("", "Where.")

    def compute(self, value):
        with Path(self.file).open("a") as file:
            file.write(f"{self.name} {value}\n")
        return {"passed": value}


class Leave(Node):
    """End the run behind so many numbers."""

    value = Input(Int(), "A number.")
    count = Widget(50, "How many.")

    async def process(self):
        for _ in range(self.count):
            await self.get_input("value")
        await self.context.finish("done")


class LogTurn(Turn):
    """The same, in a coroutine of its own."""

    async def compute(self, value):
        return super().compute(value)
