"""A control node at 500 Hz beside trainings that take all cores: with priority, and without."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dnne_ros.bench import ppo_setting
from dnne_ros.bench.children import CaseFailed, Children
from dnne_ros.bench.rounds import document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError

TICK_HZ = 500.0
ENVS = 512
_TICK = "100"
_CASES: dict[str, dict[str, int]] = {
    "as it is": {}, "nice -10": {"nice": -10}, "realtime 20": {"realtime": 20}}
_GRACE_SECONDS = 120.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--seconds", type=float, default=20.0,
                        help="how long each case is counted (default 20)")
    parser.add_argument("--trainings", type=int, default=None,
                        help="trainings beside it (default: as many as there are cores)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run the cases in turn and return the share of ticks that were kept."""
    trainings = options.trainings or len(os.sched_getaffinity(0))
    cases = {name: lambda round, wanted=wanted: _run(wanted, trainings, options.seconds)
             for name, wanted in _CASES.items()}
    found = interleave(cases, options.rounds, say)
    return document("priority", found, options.rounds, seconds=options.seconds, tick_hz=TICK_HZ,
                    trainings=trainings, envs=ENVS)


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of the cases."""
    table = Table(f"A {document['tick_hz']:g} Hz node in a process of its own, beside "
                  f"{document['trainings']} training processes, {document['seconds']:g} s",
                  ("its process", "ticks kept", "p99 late by", "latest"))
    for case, figures in document["medians"].items():
        table.rows.append((case, f"{figures['kept']:.2%}", f"{1e3 * figures['p99_s']:.2f} ms",
                           f"{1e3 * figures['latest_s']:.2f} ms"))
    return [table]


def _run(wanted: dict[str, int], trainings: int, seconds: float) -> dict[str, float]:
    """Run the graph in processes of its own, as a user would; return what the node reports."""
    graph: dict[str, Any] = {_TICK: {
        "class_type": "TickNode", "inputs": {"rate": TICK_HZ, "seconds": seconds}}}
    processes = {"control": [_TICK]}
    for number in range(1, trainings + 1):
        one = {f"{number}{id}": node for id, node in _renamed(number).items()}
        processes[f"training_{number}"] = list(one)
        graph |= one
    with tempfile.TemporaryDirectory(prefix="priority_") as name:
        folder = Path(name)
        workflow, placement, report = (folder / file for file in (
            "priority.json", "placement.json", "report.json"))
        workflow.write_text(json.dumps(graph), encoding="utf-8")
        placement.write_text(json.dumps({
            "processes": processes, **({"resources": {"control": wanted}} if wanted else {})}),
            encoding="utf-8")
        words = [sys.executable, "-m", "dnne_ros", "run", str(workflow), "--place", str(placement),
                 "--quiet", "--nodes", str(Path(__file__).with_name("priority_nodes.py")),
                 "--report", str(report)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        try:
            with Children(folder, environment) as children:
                children.start("graph", words)
                children.wait("graph", seconds + _GRACE_SECONDS)
            log = (folder / "graph.log").read_text(encoding="utf-8", errors="replace")
        except CaseFailed as failure:
            raise DnneError(str(failure)) from None
        if "is not permitted" in log:
            raise DnneError(log.strip()[-300:])
        metrics = json.loads(report.read_text(encoding="utf-8"))["metrics"]
    return {name: metrics[name] for name in ("kept", "latest_s", "p99_s")}


def _renamed(number: int) -> dict[str, Any]:
    """Return a training whose nodes' ids have ``number`` before them."""
    graph = ppo_setting.workflow(ENVS)
    return {id: {**node, "inputs": {
        name: [f"{number}{value[0]}", value[1]] if isinstance(value, list) else value
        for name, value in node["inputs"].items()}} for id, node in graph.items()}
