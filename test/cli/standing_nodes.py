"""Nodes that bring a graph to a standstill, each in its own way."""

import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.toolkit.rate import Rate


class Once(Node):
    """Give one number and be through."""

    out = Output(Float(), "A number.")

    async def process(self):
        await self.send_output(1.0, "out")


class Flood(Node):
    """Give numbers as long as there is room."""

    out = Output(Float(), "Numbers.")

    async def process(self):
        while True:
            await self.send_output(1.0, "out")


class Pair(Node):
    """Give one number for two of ``first``: a loop runs dry with it."""

    first = Input(Float(), "Two for each output.")
    second = Input(Float(), "One for each output.")
    out = Output(Float(), "A number.")

    async def process(self):
        while True:
            for port in ("first", "first", "second"):
                await self.get_input(port)
            await self.send_output(1.0, "out")


class Ticks(Node):
    """Give numbers at a rate."""

    out = Output(Float(), "Numbers.")

    async def process(self):
        pace = Rate(0.01, self.context.clock)
        while True:
            await pace.wait()
            await self.send_output(1.0, "out")


class Blocks(Node):
    """Hold up the event loop."""

    async def process(self):
        time.sleep(1000)


class Takes(Node):
    """Take numbers, which other ROS nodes may publish."""

    value = Input(Float(), "Numbers.", external=True)

    async def compute(self, value):
        return {}
