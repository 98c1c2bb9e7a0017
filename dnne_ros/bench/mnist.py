"""Supervised learning: a fused graph beside a plain PyTorch loop.

Both train the same layers on the same batches, drawn by the same data loader, and add up the same
figures for each epoch.  Each runs in a process of its own; the first epoch, in which everything is
warmed up, does not count.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.bench.rounds import document, interleave, ratio
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError, InputError

GRAPH = "graph, fused"
ONE_THREAD = "PyTorch, 1 thread"
THREADS = "PyTorch, its own threads"
TARGET = 0.8
_PATIENCE = 600.0
_SIDE = 28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --data, --samples and --epochs."""
    parser.add_argument("--data", metavar="DIR",
                        help="folder of the MNIST files (default: random pictures)")
    parser.add_argument("--samples", type=int, default=8000, metavar="N",
                        help="how many random pictures (default 8000)")
    parser.add_argument("--epochs", type=int, default=10, metavar="N",
                        help="epochs of a run, the first of which does not count (default 10)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return epochs per second of each case and their ratio."""
    if options.epochs < 2 or options.samples < 1:
        raise InputError("bench mnist", ["expected at least 2 epochs and 1 sample"])
    with tempfile.TemporaryDirectory() as folder:
        data = Path(options.data).resolve() if options.data else Path(folder)
        if not options.data:
            write_random_digits(data, "train", options.samples)
        file = Path(folder) / "mnist.json"
        file.write_text(json.dumps(workflow(data, options.epochs)), encoding="utf-8")
        found = interleave({
            GRAPH: lambda number: _graph(file, Path(folder) / "report.json", number),
            ONE_THREAD: lambda number: _loop(data, options.epochs, 1, number),
            THREADS: lambda number: _loop(data, options.epochs, 0, number),
        }, options.rounds, say)
    result = document("mnist", found, options.rounds, epochs=options.epochs, target=TARGET)
    speed = {case: figures["epochs_per_s"] for case, figures in result["medians"].items()}
    result["ratio"] = ratio(speed[GRAPH], max(speed[ONE_THREAD], speed[THREADS]))
    return result


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of epochs per second."""
    speed = {case: figures["epochs_per_s"] for case, figures in document["medians"].items()}
    best = max(speed[ONE_THREAD], speed[THREADS])
    return [Table("MNIST, 784-128-128-10, batches of 32: medians",
                  ("", "epochs/s", "beside the faster loop"),
                  [(case, f"{value:.2f}", f"{value / best:.2f}")
                   for case, value in speed.items()])]


def write_random_digits(folder: Path, prefix: str, samples: int) -> None:
    """Write idx files of random pictures and labels; ``prefix`` is ``train`` or ``t10k``."""
    random = np.random.default_rng(0)
    shape = (samples, _SIDE, _SIDE)
    for name, axes, values in (
            ("images-idx3", shape, random.integers(0, 256, shape, np.uint8)),
            ("labels-idx1", shape[:1], random.integers(0, 10, samples, np.uint8))):
        header = bytes((0, 0, 8, len(axes))) + np.array(axes, ">u4").tobytes()
        (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(
            gzip.compress(header + values.tobytes(), 1))


def workflow(data: Path, epochs: int) -> dict[str, Any]:
    """Return the graph in API format; `dnne_ros.bench.mnist_loop` is the same as a loop."""
    def node(type: str, **inputs: Any) -> dict[str, Any]:
        return {"class_type": type, "inputs": inputs}

    hidden = {"output_size": 128, "activation": "relu", "dropout": 0.5}
    return {
        "1": node("MNISTDataset", data_path=str(data), download=False),
        "2": node("BatchSampler", dataset=["1", 0], schema=["1", 1], batch_size=32),
        "3": node("GetBatch", dataloader=["2", 0], schema=["2", 1], trigger=["10", 0]),
        "4": node("Network", input=["3", 0], to_output=["7", 0], checkpoint_enabled=False),
        "5": node("LinearLayer", input=["4", 0], **hidden),
        "6": node("LinearLayer", input=["5", 0], **hidden),
        "7": node("LinearLayer", input=["6", 0], output_size=10, activation="none"),
        "8": node("CrossEntropyLoss", predictions=["4", 1], labels=["3", 1]),
        "9": node("SGDOptimizer", model=["4", 2]),
        "10": node("TrainingStep", loss=["8", 0], optimizer=["9", 0]),
        "11": node("EpochTracker", epoch_stats=["3", 3], loss=["8", 0], accuracy=["8", 1],
                   max_epochs=epochs),
    }


def _graph(workflow: Path, report: Path, number: int) -> dict[str, float]:
    _run("dnne_ros", "run", str(workflow), "--quiet", "--place", "fused", "--seed", str(number),
         "--report", str(report))
    figures = json.loads(report.read_text(encoding="utf-8"))
    return {"epochs_per_s": figures["epochs_per_s"], "loss": figures["loss"]}


def _loop(data: Path, epochs: int, threads: int, number: int) -> dict[str, float]:
    figures: dict[str, float] = json.loads(_run(
        "dnne_ros.bench.mnist_loop", str(data), str(epochs), str(threads), str(number)))
    return figures


def _run(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", *words], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=_PATIENCE, env=dict(os.environ))
    if done.returncode:
        raise DnneError(f"bench mnist: {words[0]} failed: {done.stderr or done.stdout}")
    return done.stdout
