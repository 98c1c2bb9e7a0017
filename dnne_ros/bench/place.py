"""What ``dnne-ros place`` finds, beside fused, split, and three placements by hand.

Each graph is placed once, by the command itself; then all placements take turns, those that are
the same as one.  The speed of a run is that of all edges, beside the run of the same round in the
placement that was found: the geometric mean.  A placement whose best round is clearly behind the
worst one of another takes no part in later rounds, so that the time goes into those that may be
the best.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from dnne_ros.bench.children import child_environment
from dnne_ros.bench.place_graphs import GRAPHS
from dnne_ros.bench.rounds import chosen, document
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph
from dnne_ros.placement.planning import place
from dnne_ros.placement.speed import Rates, edge_rates, times_as_fast

FUSED, SPLIT, FOUND = "fused", "split", "place"
NODES = str(Path(__file__).with_name("place_nodes.py"))
_CLEARLY_BEHIND, _LEAST_ROUNDS = 0.85, 2
"""A placement is left out if its best round is slower by this than another's worst, after so many
rounds at least."""
_THREADS = {"OMP_NUM_THREADS": "1"}
"""For everybody: with more, what a process loses by others is what is measured."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --only and --seconds."""
    parser.add_argument("--only", default="", metavar="GRAPH,…",
                        help=f"some of: {', '.join(GRAPHS)}")
    parser.add_argument("--seconds", type=float, default=2.0, metavar="N",
                        help="how long a run takes (default 2)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Return how fast each graph is in each placement, and how place's is beside the best."""
    graphs: dict[str, Any] = {}
    for name in chosen("bench place", dict.fromkeys(GRAPHS, _no_case), options.only, ","):
        with tempfile.TemporaryDirectory(prefix="place_") as folder:
            graphs[name] = _measured(name, Path(folder), options, say)
    return document("place", {}, options.rounds, seconds=options.seconds, graphs=graphs)


def tables(document: dict[str, Any]) -> list[Table]:
    """Return a table of the graphs, and one of the placements of each."""
    whole = Table(f"What `dnne-ros place` found, {document['rounds']} rounds of "
                  f"{document['seconds']:g} s: medians",
                  ("", "× fused", "best of the others", "× fused", "place / best"))
    each = Table("All placements, × fused", ("graph", "placement", "× fused", "rounds"))
    for name, graph in document["graphs"].items():
        whole.rows.append((name, f"{graph['speed'][FOUND]:.2f}", graph["best"],
                           f"{graph['speed'][graph['best']]:.2f}", f"{graph['ratio']:.2f}"))
        for case, speed in graph["speed"].items():
            each.rows.append((name, case, f"{speed:.2f}", str(len(graph["rounds"][case]))))
    return [whole, each]


def _no_case(_: int) -> Mapping[str, float]:
    return {}


def _measured(name: str, folder: Path, options: argparse.Namespace, say: Callable[[str], None]
              ) -> dict[str, Any]:
    """Place a graph, and let its placements take turns."""
    graph = GRAPHS[name]
    workflow = folder / "graph.json"
    workflow.write_text(json.dumps(graph.workflow(folder)), encoding="utf-8")
    found = folder / "found.json"
    say(f"{name}: finding a placement")
    _call("place", str(workflow), "--nodes", NODES, "--duration", f"{options.seconds:g}s", "-o",
          str(found))
    places = {FUSED: FUSED, SPLIT: SPLIT, FOUND: str(found)}
    for number, (case, processes) in enumerate(graph.by_hand.items()):
        file = folder / f"by_hand_{number}.json"
        file.write_text(json.dumps({"processes": processes}), encoding="utf-8")
        places[case] = str(file)
    same = _same(workflow, places)
    rates = _take_turns(
        list(dict.fromkeys(same.values())), same[FOUND], options.rounds,
        lambda case: _rates(workflow, places[case], folder / "report.json", options.seconds),
        lambda text: say(f"{name}: {text}"))
    beside = {case: _beside(rates[as_this], rates[same[FOUND]]) for case, as_this in same.items()}
    found_beside_fused = 1.0 / median(beside[FUSED])
    speed = {case: median(values) * found_beside_fused for case, values in beside.items()}
    best = max((case for case in speed if case != FOUND), key=lambda case: speed[case])
    return {"placement": json.loads(found.read_text(encoding="utf-8")), "speed": speed,
            "rounds": beside, "best": best, "ratio": 1.0 / median(beside[best])}


def _take_turns(cases: Sequence[str], found: str, rounds: int, run: Callable[[str], Rates],
                say: Callable[[str], None]) -> dict[str, list[Rates]]:
    """Return the rates of each case, round by round; every other round goes backwards.

    ``found`` is in all rounds, others until they are clearly behind.
    """
    rates: dict[str, list[Rates]] = {case: [] for case in cases}
    left = list(cases)
    for number in range(rounds):
        for case in left[::-1 if number % 2 else 1]:
            say(f"round {number + 1} of {rounds}: {case}")
            rates[case].append(run(case))
        if number + 1 >= _LEAST_ROUNDS:
            beside = {case: _beside(rates[case], rates[found]) for case in left}
            least = _CLEARLY_BEHIND * max(map(min, beside.values()))
            left = [case for case in left if case == found or max(beside[case]) >= least]
    return rates


def _beside(rates: Sequence[Rates], found: Sequence[Rates]) -> list[float]:
    """Return how much faster a case was than what was found, in each round that it was in."""
    return [times_as_fast(mine, its) for mine, its in zip(rates, found, strict=False)]


def _same(workflow: Path, places: Mapping[str, str]) -> dict[str, str]:
    """Return for each case the first one that places the nodes in the same way."""
    parser = argparse.ArgumentParser()
    add_workflow_arguments(parser)
    graph = load_graph(parser.parse_args([str(workflow), "--nodes", NODES]))
    parts = {case: frozenset(place(graph, how).processes.values())
             for case, how in places.items()}
    return {case: next(other for other in parts if parts[other] == parts[case])
            for case in places}


def _rates(workflow: Path, place: str, report: Path, seconds: float) -> Rates:
    report.unlink(missing_ok=True)
    _call("run", str(workflow), "--nodes", NODES, "--place", place, "--quiet",
          "--no-flight-record", "--duration", f"{seconds:g}s", "--report", str(report))
    return edge_rates(json.loads(report.read_text(encoding="utf-8")))


def _call(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "dnne_ros", *words], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, check=False,
                          env={**child_environment(), **_THREADS})
    if done.returncode:
        raise DnneError(f"bench place: {words[0]} failed: "
                        f"{(done.stderr or done.stdout).strip()[-500:]}")
