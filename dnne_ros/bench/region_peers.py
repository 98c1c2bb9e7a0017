"""The benchmark's chain without a framework: ``python -m dnne_ros.bench.region_peers``.

Given ``queues``, ``calls`` or ``nested``, the number of items and the file for the seconds of one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from dnne_ros.bench.region_nodes import ChainLink, ShortLink

LINKS = 10
_CAPACITY = 100

Numbers = asyncio.Queue[float]


async def _through_queues(items: int) -> float:
    """Return the seconds: a task for each link, as if each were a node of its own."""
    queues = [Numbers(_CAPACITY) for _ in range(LINKS + 1)]

    async def link(compute: Callable[[float], dict[str, float]], before: Numbers, after: Numbers
                   ) -> None:
        while True:
            await after.put(compute(await before.get())["out"])

    async def send() -> None:
        for number in range(items):
            await queues[0].put(float(number))

    tasks = [asyncio.ensure_future(link(ChainLink().compute, *ends))
             for ends in pairwise(queues)]
    began = time.perf_counter()
    tasks.append(asyncio.ensure_future(send()))
    for _ in range(items):
        await queues[-1].get()
    seconds = time.perf_counter() - began
    for task in tasks:
        task.cancel()
    return seconds


def _in_a_loop(items: int) -> float:
    """Return the seconds: the calls and nothing else."""
    computes = [ChainLink().compute for _ in range(LINKS)]
    began = time.perf_counter()
    for number in range(items):
        value = float(number)
        for compute in computes:
            value = compute(number=value)["out"]
    return time.perf_counter() - began


def _in_each_other(items: int) -> float:
    """Return the seconds of the least that Python can do: functions called in each other."""
    a, b, c, d, e, f, g, h, i, j = (ShortLink().compiled() for _ in range(LINKS))
    began = time.perf_counter()
    for number in range(items):
        j(i(h(g(f(e(d(c(b(a(float(number)))))))))))
    return time.perf_counter() - began


_KINDS: dict[str, Callable[[int], float]] = {
    "queues": lambda items: asyncio.run(_through_queues(items)), "calls": _in_a_loop,
    "nested": _in_each_other}

if __name__ == "__main__":
    kind, count, file = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    file.write_text(json.dumps(_KINDS[kind](count) / count), encoding="utf-8")
