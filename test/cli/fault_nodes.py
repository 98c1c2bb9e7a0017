"""A source of numbers that can go on where it was, and consumers that write down what they get."""

import asyncio
import os
import random
import struct

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

NUMBER = struct.Struct("<I")


class Numbers(Node):
    """Send the numbers from 0; after a restart, from the first that somebody lacks."""

    resumes = True
    value = Output(Int(), "The next number.")
    count = Widget(1000, "How many.", minimum=1)

    async def process(self):
        for number in range(self.context.delivered("value"), self.count):
            await self.send_output(number, "value")


class WriteDown(Node):
    """Append each number to a file as soon as it comes."""

    value = Input(Int(), "A number.")
    file = Widget("", "The file.")
    stalls = Widget(False, "Rest now and then.")

    async def process(self):
        file = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        chance = random.Random(1)
        while True:
            number = await self.get_input("value")
            os.write(file, NUMBER.pack(number))
            if self.stalls and chance.random() < 0.001:
                await asyncio.sleep(chance.random() * 0.02)
