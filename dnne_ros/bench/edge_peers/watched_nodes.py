"""A producer and a consumer whose topic others watch while they measure."""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path

import numpy as np

from dnne_ros.bench.edge_peers.rally import LAST, cpu_seconds
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

_TRICKLE_SECONDS = 0.005
_CHUNK = 20


class Source(Node):
    """Send as fast as the edge takes it, for a while, whenever the file ``go.<n>`` appears.

    In between, items trickle, so that a watcher can tell that it is there.
    """

    total = Input(Int(), "How many items came so far, after each while.")
    value = Output(Tensor("float32", ("element",)), "The items.", starts_loop=True)
    folder = Widget("", "Where files come and go.")
    payload = Widget(65536, "Bytes of an item.")
    seconds = Widget(0.5, "How long a while is.", unit="s")

    async def process(self) -> None:
        """Follow the files until one says stop."""
        import torch

        folder = Path(self.folder)
        values = np.random.default_rng(0).random(self.payload // 4, dtype=np.float32)
        item = torch.from_numpy(values)
        last = item.clone()
        last[-1] = LAST
        number, sent = 0, 0
        while True:
            go = folder / f"go.{number}"
            if not go.exists():
                await self.send_output(item, "value")
                sent += 1
                await asyncio.sleep(_TRICKLE_SECONDS)
                continue
            if go.read_text(encoding="utf-8") == "stop":
                await self.context.finish("measured")
            before, started, cpu = sent, time.perf_counter(), cpu_seconds()
            while time.perf_counter() - started < self.seconds:
                for _ in range(_CHUNK):
                    await self.send_output(item, "value")
                sent += _CHUNK
            await self.send_output(last, "value")
            sent += 1
            total = await self.get_input("total")
            seconds = time.perf_counter() - started
            done = folder / f"done.{number}"
            aside = folder / "done.part"
            aside.write_text(json.dumps({
                "items_s": (sent - before) / seconds, "lost": sent - total,
                "cpu_us": (cpu_seconds() - cpu) / (sent - before) * 1e6}), encoding="utf-8")
            os.replace(aside, done)
            number += 1


class Sink(Node):
    """Count items; after the last one of a while, say how many came."""

    value = Input(Tensor("float32", ("element",)), "The items.")
    total = Output(Int(), "How many came so far.")

    async def process(self) -> None:
        """Look at the last element of each."""
        taken = 0
        while True:
            item = await self.get_input("value")
            taken += 1
            if item.numpy()[-1] == LAST:
                await self.send_output(taken, "total")
