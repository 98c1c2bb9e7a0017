"""Which checkpoint the nodes of a process begin with, and which a node made anew goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dnne_ros.checkpoints.checkpoint_store import MANIFEST, POLICY_INTERFACE, CheckpointStore
from dnne_ros.checkpoints.model_files import MODEL, model_files
from dnne_ros.checkpoints.policy_interface import differences
from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.options.run_settings import RunSettings


class SavedStates:
    """The checkpoints that a run may read."""

    def __init__(self, graph: Graph, settings: RunSettings):
        """Read what ``settings`` and the nodes of ``graph`` ask for; nothing is read yet."""
        self._graph = graph
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
        return {} if directory is None or self.weight_files() else CheckpointStore(
            directory).read()

    def weight_files(self) -> dict[str, Path]:
        """Return the files of another program's weights that nodes begin with, by node id.

        What was saved for a trainer are the weights of the model that it trains.  `InputError`
        for a node that is not in the graph.
        """
        directory = self._settings.load_checkpoint_dir
        if directory is None or (Path(directory) / MANIFEST).exists():
            return {}
        files = model_files(Path(directory))
        strange = [f"node_{id}/{MODEL}: expected weights of nodes in the graph, found those of "
                   f"node {id}, which is not in it" for id in files if id not in self._graph.nodes]
        if strange:
            raise InputError(directory, strange)
        return {self._owner(id): file for id, file in files.items()}

    def _owner(self, node: str) -> str:
        """Return the node that has the model which ``node`` trains, or itself."""
        for name, port in self._graph.nodes[node].type.inputs.items():
            for edge in self._graph.incoming[node].get(name, ()) if port.trains else ():
                return edge.source.node
        return node

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
