"""What it costs a graph that a dashboard shows it, beside the same graph without."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.children import Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of
from dnne_ros.bench.edge_watching import NOBODY, WatchedRun
from dnne_ros.bench.rounds import ratio_row

_ROOM = "dnne_ros.bench.edge_peers"
_PAIRS = 4
_SECONDS = 60.0
_STREAM_SECONDS = 3.0
"""Of a stream: what is said of a graph is said once a second."""

PAGE = "page"
FIGURES = ("items_s", "cpu_us")
DASHBOARD = {"one process": "one process: dashboard", "two processes": "two processes: dashboard"}
"""Names of the cases."""


def measure_dashboard(place: str, effort: float) -> Mapping[str, float]:
    """Return items/s and CPU/item of streams with and without a dashboard and a page of it.

    They are turned round after each pair (without, with, with, without), so that what changes
    slowly on the machine counts for both alike.
    """
    with tempfile.TemporaryDirectory(prefix="edges_") as name, \
            Children(Path(name), child_environment()) as children:
        folder = Path(name)
        run = WatchedRun(folder, children, place, _STREAM_SECONDS * effort)
        run.segment()  # the first one warms up
        found: dict[str, list[dict[str, float]]] = {NOBODY: [], PAGE: []}
        for kinds in ((NOBODY, PAGE), (PAGE, NOBODY)) * (_PAIRS // 2):
            for kind in kinds:
                _let_look(folder, children, looking=kind == PAGE)
                found[kind].append(run.segment())
        _let_look(folder, children, looking=False)
        run.end()
        return {f"{kind} {figure}": statistics.mean(segment[figure] for segment in segments)
                for kind, segments in found.items() for figure in FIGURES}


def _let_look(folder: Path, children: Children, *, looking: bool) -> None:
    """Have a dashboard show the graph, or nobody."""
    shown = folder / "dashboard.json"
    if looking and not shown.exists():
        children.start("dashboard", [sys.executable, "-m", f"{_ROOM}.dashboard_page", str(folder),
                                     namespace_of(folder)])
        children.wait_until(shown.exists, _SECONDS, "a dashboard that shows the graph")
    elif not looking and shown.exists():
        children.end(["dashboard"])
        shown.unlink()


DASHBOARDS: dict[str, Callable[[float], Mapping[str, float]]] = {
    DASHBOARD["one process"]: partial(measure_dashboard, "fused"),
    DASHBOARD["two processes"]: partial(measure_dashboard, "split"),
}
"""All cases, given the effort."""


def dashboard_ratios(rounds: Mapping[str, Mapping[str, list[float]]]) -> list[dict[str, Any]]:
    """Return the means of the rounds' ratios, with / without, and their standard errors."""
    wanted = {"items_s": ("items/s", "≥ 0.99"), "cpu_us": ("CPU/item", "≤ 1.01")}
    rows = []
    for case in DASHBOARD.values():
        for figure, (label, limit) in wanted.items():
            figures = rounds.get(case, {})
            rows += ratio_row(f"{case}: {label}, with / without", limit,
                              figures.get(f"{PAGE} {figure}", []),
                              figures.get(f"{NOBODY} {figure}", []))
    return rows
