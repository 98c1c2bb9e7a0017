"""``dnne-ros bench``: measure this package beside its peers."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from dnne_ros import strict_json
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError

_BENCHMARKS = {
    "ppo": "training Cartpole, beside rsl_rl and Stable-Baselines3",
    "curves": "learning HalfCheetah, Hopper and Walker2d, beside Stable-Baselines3",
    "tasks": "EnvPool's tasks in a graph beside EnvPool alone, training beside Stable-Baselines3",
    "mnist": "supervised learning, beside a plain PyTorch loop",
    "memory": "CartPole without velocities, with and without a memory",
    "io": "a 100 Hz node beside a camera that blocks",
    "place": "what dnne-ros place finds, beside fused, split and placed by hand",
    "priority": "a 500 Hz node beside trainings that take all cores",
    "robot": "from a robot's state to its command, beside a node written by hand",
    "clouds": "point clouds as tensors, beside sensor_msgs_py",
    "jobs": "accepting, beginning and ending jobs, beside huey",
    "edges": "moving arrays between two nodes, beside rclpy, asyncio.Queue and dora",
    "recording": "what a flight recorder and a trace cost for each item",
    "regions": "a chain of ten nodes that compute, beside asyncio.Queue and a plain loop",
    "replicas": "a node that blocks, with one replica and with several",
    "hosts": "moving arrays from one machine to another, beside rclpy",
    "record": "recording items, beside the writer of mcap",
}
"""Name, as module of `dnne_ros.bench` → what it measures."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command, with one sub-command for each benchmark."""
    parser = commands.add_parser(
        "bench", help="measure this package beside its peers",
        description="Measure this package beside its peers, interleaved in one run.",
        epilog="example: dnne-ros bench edges --json edges.json")
    benchmarks = parser.add_subparsers(title="benchmarks", metavar="BENCHMARK", required=True)
    for name, description in _BENCHMARKS.items():
        one = benchmarks.add_parser(name, help=description, description=description)
        one.add_argument("--json", metavar="FILE", help="also write all figures as JSON")
        one.add_argument("--markdown", metavar="FILE", help="also write the tables as Markdown")
        one.add_argument("--rounds", type=int, default=5,
                         help="interleaved rounds, of which medians are shown, or seeds (default "
                              "%(default)s)")
        importlib.import_module(f"dnne_ros.bench.{name}").add_arguments(one)
        one.set_defaults(run=run, benchmark=name)


def run(options: argparse.Namespace) -> int:
    """Measure, print the tables, write the JSON."""
    if options.rounds < 1:
        raise InputError("bench", [f"--rounds: expected at least 1, found {options.rounds}"])
    for option in ("json", "markdown"):
        file = getattr(options, option)
        if file and not Path(file).absolute().parent.is_dir():
            raise InputError("bench", [f"--{option} {file}: there is no such folder"])
    benchmark = importlib.import_module(f"dnne_ros.bench.{options.benchmark}")
    document = benchmark.measure(options, lambda text: print(text, file=sys.stderr, flush=True))
    tables = benchmark.tables(document)
    for table in tables:
        table.show()
    if options.json:
        _write("json", options.json, strict_json.dumps(document, indent=1))
    if options.markdown:
        _write("markdown", options.markdown, "\n\n".join(table.markdown() for table in tables))
    return 0


def _write(option: str, file: str, text: str) -> None:
    try:
        write_file(Path(file), f"{text}\n".encode())
    except OSError as error:
        raise InputError("bench", [f"--{option} {file}: {error.strerror}"]) from None
