"""``dnne-ros bench regions``: a chain of ten nodes that compute, compiled and not."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.children import Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of
from dnne_ros.bench.region_peers import LINKS
from dnne_ros.bench.rounds import document, interleave, ratio
from dnne_ros.bench.table import Table

_OURS, _WHOLE = "compiled", "compiled, source and sink, too"
_SHORT, _LONG = "compiled, with functions of their own", "compiled, too long to be inlined"
_NOT_COMPILED = "--no-compile"
_RIM, _WHOLE_RIM = "source and sink alone", "source and sink of a region alone"
_QUEUES, _CALLS, _NESTED = "ten asyncio.Queues", "a plain Python loop", "one expression"
_FREE, _ASKED = ("ChainSource", "ChainSink"), ("AskedSource", "CalledSink")
_SECONDS = 120.0
_FIGURE = "us_per_item"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --items."""
    parser.add_argument("--items", type=int, default=100_000,
                        help="items of each case in a round (default 100,000)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every case in turn, round after round."""
    commands: dict[str, Callable[..., Sequence[str]]] = {
        _OURS: _graph, _WHOLE: partial(_graph, ends=_ASKED),
        _SHORT: partial(_graph, link="ShortLink"), _LONG: partial(_graph, link="LongLink"),
        _NOT_COMPILED: partial(_graph, more=("--no-compile",)), _RIM: partial(_graph, links=0),
        _WHOLE_RIM: partial(_graph, links=0, ends=_ASKED), _QUEUES: partial(_peer, "queues"),
        _CALLS: partial(_peer, "calls"), _NESTED: partial(_peer, "nested")}
    cases = {case: partial(_measure, command, options.items)
             for case, command in commands.items()}
    return document("regions", interleave(cases, options.rounds, say), options.rounds,
                    items=options.items)


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return a row for each case, and one for the nodes without source and sink."""
    medians = {case: figures[_FIGURE] for case, figures in document["medians"].items()}
    table = Table(f"a chain of {LINKS} nodes that compute, µs an item",
                  ("", "µs", "× the queues' items/s", "× the loop's time"))
    shown = dict(medians)
    for case, rim in ((_OURS, _RIM), (_SHORT, _RIM), (_LONG, _RIM), (_WHOLE, _WHOLE_RIM)):
        if case in medians and rim in medians:  # figures of earlier versions have fewer
            shown[f"{case}, but for source and sink"] = medians[case] - medians[rim]
    for case, median in shown.items():
        table.rows.append((case, f"{median:.2f}", f"{ratio(medians[_QUEUES], median):.2f}",
                           f"{ratio(median, medians[_CALLS]):.2f}"))
    return [table]


def _measure(command: Callable[..., Sequence[str]], items: int, _: int
             ) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="regions_") as name:
        file = Path(name) / "seconds.json"
        with Children(Path(name), child_environment()) as children:
            children.start("chain", command(items, file))
            children.wait("chain", _SECONDS)
        return {_FIGURE: 1e6 * json.loads(file.read_text(encoding="utf-8"))}


def _peer(kind: str, items: int, file: Path) -> list[str]:
    return [sys.executable, "-m", "dnne_ros.bench.region_peers", kind, str(items), str(file)]


def _graph(items: int, file: Path, more: Sequence[str] = (), links: int = LINKS,
           link: str = "ChainLink", ends: tuple[str, str] = _FREE) -> list[str]:
    """Return the command that runs the chain, whose workflow is left beside ``file``."""
    chain = {str(number): {"class_type": link, "inputs": {"number": [str(number - 1), 0]}}
             for number in range(1, links + 1)}
    workflow = file.with_name("chain.json")
    workflow.write_text(json.dumps({
        "0": {"class_type": ends[0], "inputs": {"items": items}}, **chain,
        "sink": {"class_type": ends[1], "inputs": {
            "number": [str(links), 0], "items": items, "file": str(file)}}}), encoding="utf-8")
    nodes = Path(__file__).with_name("region_nodes.py")
    return [sys.executable, "-m", "dnne_ros", "run", str(workflow), "--quiet", "--nodes",
            str(nodes), "--duration", "110s", *more, "--ros-args", "-r",
            f"__ns:={namespace_of(file.parent)}"]
