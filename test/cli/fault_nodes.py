"""A source of numbers that can go on where it was, and consumers that write down what they get."""

import asyncio
import os
import random
import struct

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int, Tensor
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


class Arrays(Node):
    """Send arrays of their number, from 0; after a restart, from the first that is lacking."""

    resumes = True
    array = Output(Tensor(), "float64, the number in each element.")
    count = Widget(1000, "How many.", minimum=1)
    size = Widget(10, "Elements of each.", minimum=1)

    async def process(self):
        import torch

        for number in range(self.context.delivered("array"), self.count):
            await self.send_output(torch.full((self.size,), float(number), dtype=torch.float64),
                                   "array")


class AddHalf(Node):
    """Give each array with a half added, and nothing for every seventh."""

    array = Input(Tensor(), "An array.")
    more = Output(Tensor(), "The array with a half added.")

    async def compute(self, array):
        return {"more": array + 0.5} if int(array[0]) % 7 else None


class AddUp(Node):
    """Give the sum of two arrays."""

    one = Input(Tensor(), "An array.")
    other = Input(Tensor(), "Another one.")
    sum = Output(Tensor(), "The sum.")

    async def compute(self, one, other):
        return {"sum": one + other}


class WriteArrays(Node):
    """Append the first and the last element of each array to a file as soon as it comes."""

    array = Input(Tensor(), "An array.")
    file = Widget("", "The file.")
    rests = Widget(False, "Rest now and then.")

    async def process(self):
        file = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        while True:
            array = await self.get_input("array")
            os.write(file, struct.pack("<2d", array[0], array[-1]))
            if self.rests and int(array[0]) % 50 == 1:
                await asyncio.sleep(0.02)
