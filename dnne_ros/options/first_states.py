"""Which checkpoint a run begins with, and whether it holds a state of each node that keeps one.

A policy that begins with random weights drives a robot as readily as one that was trained.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.manifest import MANIFEST
from dnne_ros.errors import Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.options.run_settings import RunSettings


def first_directory(graph: Graph, settings: RunSettings) -> str | None:
    """Return the checkpoint that the run begins with; None: it begins afresh."""
    if settings.load_checkpoint_dir:
        return settings.load_checkpoint_dir
    directory = settings.save_checkpoint_dir
    resumes = any(node.values.get("checkpoint_load_on_start") is True
                  for node in graph.nodes.values())
    return directory if resumes and has_checkpoint(directory) else None


def has_checkpoint(directory: str | None) -> bool:
    """Tell whether there is one, or what is left of one."""
    return directory is not None and (Path(directory) / MANIFEST).exists()


def read_first(graph: Graph, settings: RunSettings, wanted: Collection[str] | None = None
               ) -> Checkpoint | None:
    """Return the checkpoint that the run begins with, if any; see `Checkpoint.read`.

    Raises `InputError` if it is damaged, or names every node of which it holds no state, or that
    of another type; with ``--allow-missing`` the former may begin afresh.
    """
    directory = first_directory(graph, settings)
    if directory is None:
        return None
    checkpoint = Checkpoint.read(directory, wanted)
    problems = Problems(directory)
    for node_id, message in misfits(graph, checkpoint.manifest.nodes,
                                    settings.allow_missing).items():
        node = graph.nodes[node_id]
        problems.add(message, node=node_id, type=node.type.type_name, title=node.title)
    problems.raise_if_any()
    return checkpoint


def misfits(graph: Graph, saved: Mapping[str, str], allow_missing: bool) -> dict[str, str]:
    """Return what is wrong by node, for ``saved``: types of the nodes in a checkpoint by id."""
    found = {}
    for node_id, node in graph.nodes.items():
        if not node.type.keeps_state():
            continue
        if node_id not in saved:
            if not allow_missing:
                found[node_id] = ("expected its state in the checkpoint, found none; with "
                                  "--allow-missing it begins afresh")
        elif saved[node_id] not in (node.type.state_type(), node.type.type_name):
            found[node_id] = ("expected its state in the checkpoint, found that of a node of "
                              f"type {saved[node_id]}")
    return found
