"""What is written down of a run with its figures."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path
from typing import Any

from dnne_ros.cli.report import RunReport
from dnne_ros.durable_files import read_file
from dnne_ros.graph.graph import Graph
from dnne_ros.loggers.run_logger import RunFacts, Status
from dnne_ros.options.run_settings import RUN_OPTIONS

_UNTOLD = ("key_file", "peers")
"""Options that say nothing of what is learned, and something of the user's network."""


def facts_of(options: argparse.Namespace, graph: Graph) -> RunFacts:
    """Return what a run was started with: file, options that are set, and every widget."""
    given = {option.name: value for option in RUN_OPTIONS
             if option.name not in _UNTOLD
             and (value := getattr(options, option.name)) != option.default_value}
    widgets = {f"{node.ros_name}.{name}": value
               for node in graph.nodes.values() for name, value in node.values.items()}
    return RunFacts(graph.name, {
        "workflow": Path(options.workflow).name,
        "workflow_sha256": hashlib.sha256(read_file(Path(options.workflow))).hexdigest(),
        "seed": options.seed, "place": options.place or "as the workflow says",
        **{name: _plain(value) for name, value in {**given, **widgets}.items()}})


def status_of(report: RunReport) -> Status:
    """Return how a run ended, for its loggers."""
    if report.failure or report.checkpoint_error:
        return "failed"
    return "interrupted" if report.was_ended_by_user else "finished"


def _plain(value: Any) -> str | int | float | bool:
    return value if isinstance(value, (str, int, float, bool)) else str(value)
