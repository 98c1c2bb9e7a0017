"""A node's ``properties.dnne_ros``: what a workflow says of it that is no widget's value."""

from __future__ import annotations

from collections.abc import Callable, Collection

from dnne_ros.graph.names import to_ros_name
from dnne_ros.graph.replicas import Replicas
from dnne_ros.graph.resources import Resources
from dnne_ros.node_api.fault_settings import GROUPS
from dnne_ros.node_api.node import Node
from dnne_ros.workflow.records import NodeRecord

Report = Callable[..., None]
"""Takes what is wrong."""

_EXPECTED = ("process", "inputs", "resources", "replicas", "priority", *GROUPS)
_MOST_PRIORITY = 100


def check_options(record: NodeRecord, inputs: Collection[str], report: Report) -> None:
    """Report entries that there are not, and edge options of inputs that it has not."""
    if unknown := sorted(set(record.options) - {*_EXPECTED}):
        report(f"unknown entries in properties.dnne_ros: {', '.join(unknown)}; expected "
               f"{', '.join(_EXPECTED)}")
    edges = record.options.get("inputs", {})
    if not isinstance(edges, dict):
        report("expected properties.dnne_ros.inputs to be an object of edge options by input, "
               f"found {edges!r:.40}")
        return
    for name in edges:
        if name not in inputs:
            report(f"edge options for an input {name!r:.40}, which it has not; its inputs are: "
                   f"{', '.join(inputs) or 'none'}")


def wanted_process(record: NodeRecord, report: Report) -> str | None:
    """Return the name of the process that the node asks to be in, if any."""
    process = record.options.get("process")
    if process is None or (isinstance(process, str) and process == to_ros_name(process)):
        return process
    report(f"process {process!r:.40} is not a legal name; expected lower-case letters, digits and "
           "single underscores")
    return None


def wanted_resources(record: NodeRecord, report: Report) -> Resources:
    """Return what the node asks for, of which its process gets as much."""
    return Resources.read(record.options.get("resources", {}),
                          lambda problem: report(f"properties.dnne_ros.resources: {problem}"))


def wanted_replicas(record: NodeRecord, type: type[Node], report: Report) -> Replicas | None:
    """Return how many of the node there are to be, and where; None: it says nothing of it."""
    if "replicas" not in record.options:
        return None
    return Replicas.read(record.options["replicas"], type.own_process,
                         lambda problem: report(f"properties.dnne_ros.replicas: {problem}"))


def wanted_priority(record: NodeRecord, report: Report) -> int:
    """Return which of the nodes of a process goes first: the one with more of it."""
    priority = record.options.get("priority", 0)
    if isinstance(priority, int) and not isinstance(priority, bool) \
            and abs(priority) <= _MOST_PRIORITY:
        return priority
    report(f"properties.dnne_ros.priority: expected a whole number from {-_MOST_PRIORITY} to "
           f"{_MOST_PRIORITY}, found {priority!r:.40}")
    return 0
