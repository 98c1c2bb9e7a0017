"""``dnne-ros bench replicas``: a node that blocks, with one replica, two and four."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.children import Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of
from dnne_ros.bench.rounds import document, interleave, ratio
from dnne_ros.bench.table import Table

_PLAIN = "none: in the event loop"
_CASES: dict[str, tuple[str, dict[str, Any] | None]] = {
    _PLAIN: ("BlockingCall", None), "1": ("BlockingCall", {"count": 1}),
    "2": ("BlockingCall", {"count": 2}), "4": ("BlockingCall", {"count": 4}),
    "4 processes": ("BlockingCall", {"count": 4, "in": "processes"}),
    "4, a state per key": ("KeyedCall", {"count": 4}),
    "4 processes, a state per key": ("KeyedCall", {"count": 4, "in": "processes"})}
_SECONDS = 240.0
_FIGURE = "ms_per_item"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --items and --milliseconds."""
    parser.add_argument("--items", type=int, default=300,
                        help="items of each case in a round (default 300)")
    parser.add_argument("--milliseconds", type=float, default=20.0,
                        help="how long the node blocks over an item (default 20)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every case in turn, round after round."""
    cases = {name: partial(_measure, kind, asked, options.items, options.milliseconds)
             for name, (kind, asked) in _CASES.items()}
    return document("replicas", interleave(cases, options.rounds, say), options.rounds,
                    items=options.items, milliseconds=options.milliseconds)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return a row for each case."""
    medians = {case: figures[_FIGURE] for case, figures in document["medians"].items()}
    table = Table(f"a node that blocks for {document['milliseconds']:g} ms over an item",
                  ("replicas", "ms an item", "× one replica's items/s"))
    for case, median in medians.items():
        table.rows.append((case, f"{median:.2f}", f"{ratio(medians['1'], median):.2f}"))
    return [table]


def _measure(kind: str, asked: Mapping[str, Any] | None, items: int, milliseconds: float,
             _: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="replicas_") as name:
        folder = Path(name)
        workflow, file = folder / "replicas.json", folder / "seconds.json"
        workflow.write_text(json.dumps({
            "1": {"class_type": "ChainSource", "inputs": {"items": items}},
            "2": {"class_type": kind, "inputs": {
                "number": ["1", 0], "milliseconds": milliseconds},
                "dnne_ros": {} if asked is None else {"replicas": asked}},
            "3": {"class_type": "OrderedSink", "inputs": {
                "number": ["2", 0], "items": items, "file": str(file)}}}), encoding="utf-8")
        here = Path(__file__)
        with Children(folder, child_environment()) as children:
            children.start("graph", [
                sys.executable, "-m", "dnne_ros", "run", str(workflow), "--quiet",
                "--nodes", str(here.with_name("region_nodes.py")),
                "--nodes", str(here.with_name("replica_nodes.py")),
                "--ros-args", "-r", f"__ns:={namespace_of(folder)}"])
            children.wait("graph", _SECONDS)
        return {_FIGURE: 1e3 * json.loads(file.read_text(encoding="utf-8"))}
