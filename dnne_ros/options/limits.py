"""Whether a graph has what a run's limits count, and the graph with the epochs asked for."""

from __future__ import annotations

from dataclasses import replace

from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings

EPOCHS_WIDGET = "max_epochs"
"""What a node that counts epochs has."""


def limited(graph: Graph, settings: RunSettings) -> Graph:
    """Return ``graph`` with the last epoch that ``settings`` ask for.

    Raises `InputError` if nothing in it counts what a limit is about: the run would not end.
    """
    counting = {id for id, node in graph.nodes.items()
                if node.type.announces_boundaries and EPOCHS_WIDGET in node.type.widgets}
    learning = {id for id, node in graph.nodes.items()
                if node.type.announces_boundaries} - counting
    problems = Problems(graph.path)
    if settings.epochs is not None and not counting:
        problems.add("--epochs: no node of this graph counts epochs" + (
            "; the updates of a policy are ended by --max-updates" if learning else ""))
    for word, value in (("--max-updates", settings.max_updates),
                        ("--max-env-steps", settings.max_env_steps)):
        if value is not None and not learning:
            problems.add(f"{word}: no node of this graph trains a policy" + (
                "; epochs are ended by --epochs" if counting else ""))
    if settings.max_updates is not None and settings.inference:
        problems.add("--max-updates: there are no updates with --inference")
    problems.raise_if_any()
    if settings.epochs is None:
        return graph
    return replace(graph, nodes={
        id: node if id not in counting else replace(
            node, values={**node.values, EPOCHS_WIDGET: settings.epochs})
        for id, node in graph.nodes.items()})
