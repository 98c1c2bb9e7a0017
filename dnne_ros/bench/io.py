"""A control node at 100 Hz beside a camera that blocks: with `run_blocking`, and without."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dnne_ros.bench.io_nodes import READ_SECONDS, TICK_HZ
from dnne_ros.bench.rounds import document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError

_CASES = {"run_blocking": "AwaitingCameraNode", "blocking the loop": "BlockingCameraNode"}
_GRACE_SECONDS = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--seconds", type=float, default=30.0,
                        help="how long each case runs (default 30)")
    parser.set_defaults(rounds=1)


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run both graphs in turn and return the share of ticks that were kept."""
    cases = {name: lambda round, camera=camera: _run(camera, options.seconds)
             for name, camera in _CASES.items()}
    found = interleave(cases, options.rounds, say)
    return document("io", found, options.rounds, seconds=options.seconds, tick_hz=TICK_HZ,
                    read_seconds=READ_SECONDS)


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of both cases."""
    table = Table(f"A {document['tick_hz']:g} Hz node beside a camera whose read takes "
                  f"{1e3 * document['read_seconds']:g} ms, {document['seconds']:g} s",
                  ("camera reads by", "ticks kept", "latest tick", "frames/s"))
    for case, figures in document["medians"].items():
        table.rows.append((case, f"{figures['kept']:.2%}", f"{1e3 * figures['latest_s']:.1f} ms",
                           f"{figures['frames_per_s']:.1f}"))
    return [table]


def _run(camera: str, seconds: float) -> dict[str, float]:
    """Run the graph in a process of its own, as a user would; return what its nodes report."""
    with tempfile.TemporaryDirectory() as folder:
        workflow, report = Path(folder, "io.json"), Path(folder, "report.json")
        workflow.write_text(json.dumps({
            "1": {"class_type": camera, "inputs": {}},
            "2": {"class_type": "ControlNode",
                  "inputs": {"frame": ["1", 0], "seconds": seconds}}}), encoding="utf-8")
        words = [sys.executable, "-m", "dnne_ros", "run", str(workflow), "--quiet", "--nodes",
                 str(Path(__file__).with_name("io_nodes.py")), "--report", str(report)]
        try:
            done = asyncio.run(_finish(words, seconds + _GRACE_SECONDS))
        except asyncio.TimeoutError:
            raise DnneError(f"{camera}: the graph has not ended by itself") from None
        if done.returncode != 0:
            raise DnneError(f"{camera}: {done.stdout.strip()[-1000:]}")
        metrics = json.loads(report.read_text(encoding="utf-8"))["metrics"]
    return {name: metrics[name] for name in ("kept", "latest_s", "frames_per_s")}


async def _finish(words: list[str], seconds: float) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it is ended, with its children, when we are."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    try:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()  # the run ends its own processes in good order
            await process.wait()
    return subprocess.CompletedProcess(words, process.returncode or 0,
                                       output.decode(errors="replace"), "")
