"""``dnne-ros bench recording``: what it costs to record a graph, for each item."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.rounds import Case, chosen, document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.bench.turns import run_in_turns
from dnne_ros.errors import InputError

NOTHING, AGAIN, FLIGHT, TRACE = "nothing", "nothing, again", "flight recorder", "trace"
"""What is recorded in a turn; between the first two there is no difference but chance."""
_RUN = Path(__file__).with_name("recorded_run.py")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --workflow, --turns, --seconds and --only."""
    parser.add_argument("--workflow", metavar="FILE", default="config/workflows/cartpole_ppo.json",
                        help="Cartpole (default config/workflows/cartpole_ppo.json)")
    parser.add_argument("--turns", type=int, default=20, metavar="N",
                        help="turns of each way to record, in a round (default 20)")
    parser.add_argument("--seconds", type=float, default=0.5, metavar="T",
                        help="how long a turn is (default 0.5)")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only the cases with this in their names; several separated by "
                             "semicolons")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every case in turn, round after round."""
    if options.turns < 2 or options.seconds <= 0:
        raise InputError("bench recording", ["--turns, --seconds: expected 2, and above 0"])
    with tempfile.TemporaryDirectory(prefix="recording_") as name:
        cases = chosen("bench recording", _cases(Path(name), options), options.only, ";")
        found = interleave(cases, options.rounds, say)
    return document("recording", found, options.rounds, turns=options.turns,
                    seconds=options.seconds)


def tables(document: dict[str, Any]) -> list[Table]:
    """Return the table of costs."""
    table = Table(
        "Processor time of an item, and by how much more it is than while nothing is recorded "
        "(wanted: flight recorder < 1 %, trace ≤ 5 % of Cartpole)",
        ("", "nothing", *(word for what in (AGAIN, FLIGHT, TRACE)
                          for word in (what, "±"))))
    for case, figures in document["all_rounds"].items():
        row = [case, f"{statistics.median(figures['item_us']):.2f} µs"]
        for what in (AGAIN, FLIGHT, TRACE):
            costs, errors = figures[what], figures[f"{what} error"]
            error = math.sqrt(sum(each ** 2 for each in errors)) / len(errors)
            row += [f"{statistics.mean(costs):+.2%}", f"{error:.2%}"]
        table.rows.append(tuple(row))
    return [table]


def _cases(folder: Path, options: argparse.Namespace) -> dict[str, Case]:
    stream = folder / "stream.json"
    stream.write_text(json.dumps({
        "1": {"class_type": "Stream", "inputs": {}},
        "2": {"class_type": "Drain", "inputs": {"item": ["1", 0]}}}), encoding="utf-8")
    cases: dict[str, Case] = {
        f"Cartpole, {count} environments": partial(
            _run, [options.workflow, "--set", f"1.num_envs={count}"], options)
        for count in (64, 512)}
    cases["items of 16 B"] = partial(
        _run, [str(stream), "--nodes", str(_RUN)], options)
    return cases


def _run(words: list[str], options: argparse.Namespace, _: int) -> Mapping[str, float]:
    """Run a graph that is recorded in turns; return what each way to record costs.

    With the standard error, and the µs of an item while nothing is recorded.
    """
    found = run_in_turns("recorded_run", words, options.turns, options.seconds)
    usual = list(map(_mean, zip(found[NOTHING], found[AGAIN], strict=True)))
    figures = {"item_us": statistics.median(usual)}
    for what, beside in ((AGAIN, found[NOTHING]), (FLIGHT, usual), (TRACE, usual)):
        ratios = [math.log(each / other) for each, other in zip(found[what], beside, strict=True)]
        figures[what] = math.expm1(statistics.mean(ratios))
        figures[f"{what} error"] = statistics.stdev(ratios) / math.sqrt(len(ratios))
    return figures


def _mean(pair: tuple[float, float]) -> float:
    return math.sqrt(pair[0] * pair[1])
