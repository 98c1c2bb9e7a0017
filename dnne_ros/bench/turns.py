"""A graph that takes turns with itself, in a process of its own."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dnne_ros.bench.children import Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of

FILE, TURNS, SECONDS = "RECORDED_FILE", "RECORDED_TURNS", "RECORDED_SECONDS"
"""Variables of the environment: where the figures go, how many turns of each there are, how long
one is at least."""
_PATIENCE = 1200.0


def run_in_turns(module: str, words: Sequence[str], turns: int, seconds: float
                 ) -> dict[str, list[float]]:
    """Return the processor time of an item in µs, of each turn, by what its way is called.

    ``module`` of `dnne_ros.bench` is the graph's host, and ``words`` name the graph.  Each way has
    so many ``turns`` of so many ``seconds``.
    """
    with tempfile.TemporaryDirectory(prefix="turns_") as name:
        folder = Path(name)
        file = folder / "figures.json"
        environment = {**child_environment(), FILE: str(file), TURNS: str(turns),
                       SECONDS: str(seconds)}
        with Children(folder, environment) as children:
            process = children.start("graph", [
                sys.executable, "-m", f"dnne_ros.bench.{module}", *words, "--flight-dir", name,
                "--ros-args", "-r", f"__ns:={namespace_of(folder)}"])
            children.wait_until(lambda: file.exists() and process.poll() is not None,
                                _PATIENCE, "the graph")
        found: dict[str, list[float]] = json.loads(file.read_text(encoding="utf-8"))
    return found
