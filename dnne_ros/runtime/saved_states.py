"""Which checkpoint the nodes of a process begin with, and which a node made anew goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dnne_ros.checkpoints.checkpoint_store import MANIFEST, POLICY_INTERFACE, CheckpointStore
from dnne_ros.checkpoints.policy_interface import differences
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.options.run_settings import RunSettings


class SavedStates:
    """The checkpoints that a run may read."""

    def __init__(self, graph: Graph, settings: RunSettings):
        """Read what ``settings`` and the nodes of ``graph`` ask for; nothing is read yet."""
        self._settings = settings
        self._resumes = any(node.values.get("checkpoint_load_on_start") is True
                            for node in graph.nodes.values())

    @property
    def directory(self) -> str | None:
        """Return the checkpoint that the run begins with; None: it begins afresh."""
        if self._settings.load_checkpoint_dir:
            return self._settings.load_checkpoint_dir
        return self._written_directory() if self._resumes else None

    def first(self) -> dict[str, NodeState]:
        """Return what the nodes begin with, by id; `InputError` if it cannot be read."""
        directory = self.directory
        return {} if directory is None else CheckpointStore(directory).read()

    def newest(self) -> dict[str, NodeState]:
        """Return what this run has saved last or, having saved nothing, began with."""
        directory = self._written_directory()
        return self.first() if directory is None else CheckpointStore(directory).read()

    def misfits(self, nodes: Mapping[str, Node]) -> list[tuple[str, str]]:
        """Return (node, what is wrong) where the policy was trained with something else.

        Training may go on with another rate or scale; a robot must never be driven so.
        """
        directory = self._settings.load_checkpoint_dir
        trained = None if directory is None else CheckpointStore(directory).policy_interface()
        where = "--load-checkpoint-dir" if directory is None \
            else f"{directory}/{POLICY_INTERFACE}"
        found = []
        for node_id, node in nodes.items():
            if trained is None:
                if node.needs_trained_policy(node.values):
                    found.append((node_id, f"{where}: expected the policy interface of a trained "
                                           "policy, found none"))
            elif node.needs_trained_policy(node.values) or self._settings.inference:
                found += [(node_id, f"{where}: {difference}")
                          for difference in differences(trained, node.policy_interface())]
        return found

    def _written_directory(self) -> str | None:
        """Return where the run saves, if there is a checkpoint already."""
        directory = self._settings.save_checkpoint_dir
        if directory is None or not (Path(directory) / MANIFEST).exists():
            return None
        return directory
