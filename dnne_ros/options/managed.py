"""Which graphs a lifecycle manager can load, run and stop as one managed node."""

from __future__ import annotations

from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings


def check_managed(graph: Graph, settings: RunSettings) -> None:
    """Raise `InputError` if ``settings`` ask for a managed node and ``graph`` cannot be one.

    It must not learn: what it has learned would be gone with each stop.
    """
    if not settings.lifecycle:
        return
    problems = []
    learning = [node.ros_name for node in graph.nodes.values() if node.type.announces_boundaries]
    if learning and not settings.inference:
        problems.append(f"expected a graph that does not learn, found {', '.join(learning)}: "
                        "--inference freezes what it has learned")
    if settings.save_checkpoint_dir is not None:
        problems.append("expected no --save-checkpoint-dir: nothing is learned")
    if settings.record is not None:
        problems.append("expected no --record: a node that is loaded again would begin anew in "
                        "the middle of a recording")
    if settings.host is not None:
        problems.append("expected no --host: a managed graph runs on one machine")
    if problems:
        raise InputError("--lifecycle", problems)
