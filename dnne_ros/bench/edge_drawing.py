"""What it costs a graph that its edges are drawn by rqt_graph, of which nobody looks at one."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.rounds import ratio_row
from dnne_ros.bench.turns import run_in_turns

SHOWN, AWAY, AGAIN = "shown", "away", "away, again"
"""How edges are in a turn; between the last two there is no difference but chance."""
_TURNS = 12
_TURN_SECONDS = 1.0
_CARTPOLE = "config/workflows/cartpole_ppo.json"
_STREAM = {"1": {"class_type": "Stream", "inputs": {}},
           "2": {"class_type": "Drain", "inputs": {"item": ["1", 0]}}}


def measure_drawing(words: Sequence[str], effort: float) -> Mapping[str, float]:
    """Return the processor time of an item in µs while edges are shown and away.

    In turns of one process, in random order; ``words`` name the graph, none: a stream of 16 B.
    """
    with tempfile.TemporaryDirectory(prefix="drawn_") as name:
        stream = Path(name) / "stream.json"
        stream.write_text(json.dumps(_STREAM), encoding="utf-8")
        graph = list(words) or [str(stream), "--nodes",
                                str(Path(__file__).with_name("recorded_run.py"))]
        found = run_in_turns("drawn_run", graph, max(2, round(_TURNS * effort)), _TURN_SECONDS)
    return {f"{what} cpu_us": statistics.median(times) for what, times in found.items()}


DRAWING: dict[str, Callable[[float], Mapping[str, float]]] = {
    "rqt's edges: items of 16 B": partial(measure_drawing, ()),
    "rqt's edges: Cartpole, 64 environments": partial(
        measure_drawing, (_CARTPOLE, "--set", "1.num_envs=64")),
}
"""All cases, given the effort."""


def drawing_ratios(rounds: Mapping[str, Mapping[str, list[float]]]) -> list[dict[str, Any]]:
    """Return the means of the rounds' ratios, shown / away, and their standard errors.

    Beside each, that of two ways between which there is no difference.
    """
    rows = []
    for case in DRAWING:
        figures = rounds.get(case, {})
        for what, wanted in ((SHOWN, "≤ 1.01"), (AGAIN, "1, but for chance")):
            rows += ratio_row(f"{case}: CPU/item, {what} / {AWAY}", wanted,
                              figures.get(f"{what} cpu_us", []), figures.get(f"{AWAY} cpu_us", []))
    return rows
