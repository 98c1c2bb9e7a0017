"""``dnne-ros bench record``: how fast items are recorded, beside the mcap library's own writer."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.bench.rounds import document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.recording.installed import check_recording
from dnne_ros.transport.codecs import codec_for

_PAYLOADS = {"16 B": (16, 100_000), "64 KiB": (2**16, 4_000), "4 MiB": (2**22, 100)}
"""Bytes of an item, and how many are recorded."""
_KINDS = 16
"""How many different items there are: random numbers, which hardly compress."""
_CHANNEL = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--folder", default="/dev/shm", metavar="DIR",
                        help="where to record (default /dev/shm, which is memory)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return items and bytes a second for each way and size."""
    check_recording("bench record")
    cases = {f"{way}, {name}": partial(_case, record, Path(options.folder), *size)
             for name, size in _PAYLOADS.items()
             for way, record in (("ours", _ours), ("mcap", _theirs))}
    return document("record", interleave(cases, options.rounds, say), options.rounds)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return a row for each size."""
    table = Table("recording items of float32, until they are in the file", (
        "item", "ours, items/s", "mcap's writer, items/s", "ours, MB/s", "mcap's writer, MB/s"))
    for name in _PAYLOADS:
        ours, theirs = (document["medians"][f"{way}, {name}"] for way in ("ours", "mcap"))
        table.rows.append((name, *(f"{each[figure]:,.0f}" for figure in ("items_per_s", "mb_per_s")
                                   for each in (ours, theirs))))
    return [table]


def _case(record: Callable[[Path, list[Any], int], None], folder: Path, payload: int, items: int,
          round: int) -> dict[str, float]:
    random = np.random.default_rng(round)
    values = [_tensor(random.standard_normal(payload // 4, np.float32)) for _ in range(_KINDS)]
    with tempfile.TemporaryDirectory(dir=folder) as place:
        before = time.perf_counter()
        record(Path(place) / "items.mcap", values, items)
        seconds = time.perf_counter() - before
    return {"items_per_s": items / seconds, "mb_per_s": items * payload / seconds * 1e-6}


def _tensor(numbers: np.ndarray) -> Any:
    if importlib.util.find_spec("torch") is None:
        return numbers
    import torch

    return torch.from_numpy(numbers)


def _ours(path: Path, values: list[Any], items: int) -> None:
    """Record as a run does: a sender, an output, and the recorder as its consumer."""
    from dnne_ros.recording.ends import RecordedOutput
    from dnne_ros.recording.recorder import Recorder
    from dnne_ros.recording.shared_file import SharedFile
    from dnne_ros.runtime.edges.output_port import OutputPort

    async def send() -> None:
        type = Tensor("float32")
        file = SharedFile(path, "bench", bytes, b"", None)
        recorder = Recorder(file, asyncio.get_running_loop(), _fail)
        end = RecordedOutput(recorder, _CHANNEL, type, recorder.log(_CHANNEL + 1), 0, drops=False)
        output = OutputPort(type, [end], None, None, None)
        end.number = lambda: output.sent
        for item in range(items):
            await output.send(values[item % _KINDS])
        recorder.close()

    asyncio.run(send())


def _theirs(path: Path, values: list[Any], items: int) -> None:
    """Record with the library's writer, in the sender's thread."""
    from mcap.writer import Writer

    type = Tensor("float32")
    codec = codec_for(type.sent_as())
    with open(path, "wb") as file:
        writer = Writer(file)
        writer.start("ros2")
        channel = writer.register_channel("/items", "cdr", 0)
        for item in range(items):
            now = time.time_ns()
            writer.add_message(channel, now, codec.encode(type.pack(values[item % _KINDS])), now,
                               item + 1)
        writer.finish()  # type: ignore[no-untyped-call]  # of the library


def _fail(error: OSError) -> None:
    raise error
