"""Nodes for runs that are short to start: numbers without end, and one that fails."""

import asyncio

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class Ticks(Node):
    """Send the numbers from 0, with a rest between two."""

    without_torch = True
    value = Output(Int(), "The next number.")
    rest = Widget(0.01, "Seconds between two.", minimum=0.0, maximum=10.0, live=True)

    async def process(self):
        number = 0
        while True:
            await self.send_output(number, "value")
            number += 1
            await asyncio.sleep(self.rest)


class FailsAt(Node):
    """Take numbers, and fail at one of them."""

    without_torch = True
    value = Input(Int(), "A number.")
    number = Widget(-1, "At which it fails; -1: at none.", minimum=-1, maximum=1000)

    def compute(self, value):
        if value == self.number:
            raise ValueError(f"it is {value}")
