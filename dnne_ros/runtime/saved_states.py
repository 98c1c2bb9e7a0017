"""Which checkpoint the nodes of a process begin with, and which a node made anew goes on from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.checkpoints.policy_interface import differences, merge_statements
from dnne_ros.errors import InputError
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.state import NodeState
from dnne_ros.options.first_states import first_directory, has_checkpoint, read_first
from dnne_ros.options.first_weights import first_weight_files
from dnne_ros.options.run_settings import RunSettings


class SavedStates:
    """The checkpoints that a run may read."""

    def __init__(self, graph: Graph, settings: RunSettings):
        """Read what ``settings`` and the nodes of ``graph`` ask for; nothing is read yet."""
        self._graph = graph
        self._settings = settings
        self.directory = first_directory(graph, settings)
        """The checkpoint that the run begins with; None: it begins afresh."""
        self.weight_files = first_weight_files(graph, settings)
        """Files of another program's weights, by the nodes that begin with them: then there is
        no checkpoint."""
        self._trained: dict[str, Any] | None = None
        self._trained_where = "--load-checkpoint-dir"

    def first(self, nodes: Collection[str]) -> dict[str, NodeState]:
        """Return what those of ``nodes`` (ids) begin with that do not begin afresh.

        `InputError` if the checkpoint is damaged or does not fit the graph.
        """
        if self.weight_files:
            return {}
        checkpoint = read_first(self._graph, self._settings, nodes)
        if checkpoint is None:
            return {}
        if self._settings.load_checkpoint_dir is not None:
            self._trained = checkpoint.policy_interface()
            self._trained_where = str(checkpoint.policy_interface_path)
        return checkpoint.states()

    def newest(self, node_id: str) -> NodeState | None:
        """Return what this run has saved last of a node or, having saved nothing, began with."""
        directory = self._settings.save_checkpoint_dir
        if directory is None or not has_checkpoint(directory):
            return self.first([node_id]).get(node_id)
        return Checkpoint.read(directory, [node_id]).states().get(node_id)

    def misfits(self, nodes: Mapping[str, Node]) -> list[tuple[str, str]]:
        """Return (node, what is wrong) where the policy was trained with something else.

        To be called after `first`.  Training may go on with another rate or scale; a robot must
        never be driven so, and what a node brings is not trained any more.
        """
        sources = [] if self._trained is None else [
            (self._trained, self._trained_where, self._settings.inference)]
        if (brought := self._brought(nodes)) is not None:
            sources.append((*brought, True))
        found = []
        for node_id, node in nodes.items():
            needs_one = node.needs_trained_policy(node.values)
            if needs_one and not sources:
                found.append((node_id, f"{self._trained_where}: expected the policy interface of "
                                       "a trained policy, found none"))
            found += [(node_id, f"{where}: {difference}")
                      for trained, where, always in sources if always or needs_one
                      for difference in differences(trained, node.policy_interface())]
        return found

    def _brought(self, nodes: Mapping[str, Node]) -> tuple[dict[str, Any], str] | None:
        """Return what policies that nodes bring were trained with, and whose they are.

        `InputError` for two that were trained with different things.
        """
        brought = {}
        for node_id, node in self._graph.nodes.items():
            values = nodes[node_id].values if node_id in nodes else node.values
            stated = node.type.trained_interface(values)
            if stated is not None:
                brought[node.ros_name] = stated
        if not brought:
            return None
        names = ", ".join(brought)
        try:
            return merge_statements(brought.values()), f"the policy of {names}"
        except ValueError as error:
            raise InputError(f"the policies of {names}", [str(error)]) from None
