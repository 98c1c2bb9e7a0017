"""The nodes of the graphs (``--nodes``), for processes in which things go wrong on purpose."""

import asyncio
import mmap
import os
import random
import time

from chaos import faults
from chaos.files import FAULTS, HOLD, NUMBER, RECORD, progress_of, rounds_of, taken_by, total_of
from chaos.items import Item, account_of, booked, item, of_array, round_value, to_array, worked
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

faults.install(FAULTS)


class Feed(Node):
    """Send items that follow from their number; after a restart, from the first that is lacking.

    Goes on until the file `HOLD` is there, then up to a number that the harness writes down.
    """

    resumes = True
    out = Output(Tensor("uint8", ("byte",)), "The next item.")
    salt = Widget(0, "What makes its items its own.")
    sizes = Widget("small", "Sizes of its items.")
    rest = Widget(0.0, "Seconds to rest after each item, on the average.")
    group = Widget(0, "Which sources send as many items as it does.")
    most = Widget(1000, "How many items it sends at the most.")

    async def process(self):
        import torch

        progress = self._progress()
        for number in range(self.context.delivered("out"), self.most):
            is_held = HOLD.exists()
            while is_held and not total_of(self.group).exists():
                await asyncio.sleep(0.01)
            if is_held and number >= int(total_of(self.group).read_text()):
                return
            NUMBER.pack_into(progress, 0, max(number + 1, *NUMBER.unpack_from(progress)))
            await self.send_output(
                torch.from_numpy(to_array(item(self.sizes, self.salt, number))), "out")
            if self.rest:
                await asyncio.sleep(random.expovariate(1 / self.rest))

    def _progress(self):
        file = os.open(progress_of(self.context.name), os.O_RDWR | os.O_CREAT)
        os.ftruncate(file, NUMBER.size)
        return mmap.mmap(file, NUMBER.size)


class Work(Node):
    """Give items that follow from those that it takes, on one output, on both or on none.

    Where it does not wait, it does so in the call that brings the item.
    """

    a = Input(Tensor("uint8", ("byte",)), "A stream.")
    b = Input(Tensor("uint8", ("byte",)), "Another one.", optional=True)
    c = Input(Tensor("uint8", ("byte",)), "Another one.", optional=True)
    x = Output(Tensor("uint8", ("byte",)), "What follows.")
    y = Output(Tensor("uint8", ("byte",)), "What follows, too.")
    salt = Widget(0, "What makes its items its own.")
    sizes = Widget("small", "Sizes of its items.")
    mode = Widget("pass", "When it gives what.")
    rest = Widget(0.0, "Seconds to rest over an item, now and then.")
    blocks = Widget(False, "Block the process meanwhile.")

    def setup(self):
        self._rounds = _appended(rounds_of(self.context.name))
        if self.blocks or not self.rest:
            self.compute = self._work

    async def compute(self, **inputs):
        made = self._work(**inputs)
        if self._rests():
            await asyncio.sleep(self.rest)
        return made

    def _work(self, **inputs):
        import torch

        taken = [of_array(each.numpy()) for each in inputs.values() if each is not None]
        os.write(self._rounds, NUMBER.pack(round_value(self.salt, taken)))
        if self.blocks and self._rests():
            time.sleep(self.rest)
        return {port: torch.from_numpy(to_array(made)) for port, made in
                worked(self.mode, self.sizes, self.salt, taken).items()}

    def _rests(self):
        return self.rest and random.random() < 0.1


class Account(Work):
    """Give items that follow from all that were taken for the same account."""

    def state_per(a):
        return account_of(of_array(a.numpy()))

    def setup(self):
        self._rounds = _appended(rounds_of(self.context.name))

    def compute(self, **inputs):
        import torch

        taken = of_array(inputs["a"].numpy())
        os.write(self._rounds, NUMBER.pack(round_value(self.salt, [taken])))
        state = self.keyed_state["state"] = booked(
            self.salt, taken, self.keyed_state.get("state", 0))
        if self._rests():
            time.sleep(self.rest)
        return {port: torch.from_numpy(to_array(made)) for port, made in
                worked(self.mode, self.sizes, self.salt, [Item(8, state)]).items()}


class Keep(Node):
    """Write down each item as soon as it comes."""

    taken = Input(Tensor("uint8", ("byte",)), "A stream.")
    rest = Widget(0.0, "Seconds to rest after an item, now and then.")

    async def process(self):
        file = _appended(taken_by(self.context.name))
        while True:
            found = of_array((await self.get_input("taken")).numpy())
            os.write(file, RECORD.pack(os.getpid(), *found))
            if self.rest and random.random() < 0.1:
                await asyncio.sleep(self.rest)


def _appended(file):
    """Open a file to append to, which the processes before may have written to."""
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
