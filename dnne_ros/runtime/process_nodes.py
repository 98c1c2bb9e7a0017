"""The nodes of one process: made, loaded, saved, made anew, closed."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros.checkpoints.model_files import read_model
from dnne_ros.errors import (
    FOREIGN_ERRORS,
    DnneError,
    InputError,
    NodeError,
    Problems,
    describe,
    shortened,
)
from dnne_ros.graph.graph import Graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Layers
from dnne_ros.node_api.state import NodeState
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.runtime.node.node_host import NodeHost
from dnne_ros.runtime.node.node_runner import close_node
from dnne_ros.runtime.saved_states import SavedStates

_RESTART_GRACE = 0.05
"""Seconds for a blocking call of a node that is made anew: it is likely what hangs."""


class ProcessNodes:
    """Nodes by id, each with its host and its context."""

    def __init__(self, graph: Graph, hosts: Mapping[str, NodeHost], saved: SavedStates):
        """Hold the nodes of ``hosts``; `create` makes them."""
        self._graph = graph
        self._hosts = hosts
        self._saved = saved
        self.by_id: dict[str, Node] = {}
        self.contexts: dict[str, HostContext] = {}

    def create(self, values: Mapping[str, Mapping[str, Any]],
               make_context: Callable[[NodeHost], HostContext], problems: Problems) -> None:
        """Make each node with its widgets' ``values`` and set it up.

        One that finds fault with them goes into ``problems`` and is left out.
        """
        for node_id, host in self._hosts.items():
            context = self.contexts[node_id] = make_context(host)
            try:
                node = host.graph_node.type(values[node_id])
                node.context = context
                node.setup()
            except InputError as error:
                self.add_problems(problems, node_id, error)
                continue
            except DnneError:
                raise
            except FOREIGN_ERRORS as error:
                context.log.error(shortened("".join(traceback.format_exception(error)).rstrip()))
                raise NodeError(context.name, f"setup() failed: {describe(error)}") from error
            self._put(node_id, node)

    def load(self, problems: Problems) -> None:
        """Give each node its state from the checkpoint that the run begins with.

        What does not fit goes into ``problems``; `InputError` if the checkpoint is broken.
        """
        directory = self._saved.directory
        states = self._saved.first(self.by_id)
        for node_id, node in self.by_id.items():
            if node_id not in states:
                if node_id in self._saved.weight_files:
                    self._load_weights(node_id, node, problems)
                elif directory is not None and node.keeps_state() \
                        and not self._saved.weight_files:
                    self.contexts[node_id].log.warning(
                        f"begins afresh: the checkpoint {directory} holds no state of it")
                continue
            try:
                node.load_state(states[node_id])
            except Exception as error:  # of a file that another program may have written
                said = " ".join(str(error).split())
                if not isinstance(error, (DnneError, ValueError)):
                    said = f"{type(error).__name__}: {said}"
                self._add_problem(problems, node_id,
                                  f"checkpoint {directory} does not fit: {said}")
        for node_id, misfit in self._saved.misfits(self.by_id):
            self._add_problem(problems, node_id, misfit)

    def _load_weights(self, node_id: str, node: Node, problems: Problems) -> None:
        """Let a node begin with the weights in another program's file."""
        file = self._saved.weight_files[node_id]
        try:
            node.load_weights(read_model(file), self._layers(node_id))
        except InputError as error:
            for problem in error.problems:
                self._add_problem(problems, node_id, f"{file}: {problem}")

    def _layers(self, node_id: str) -> list[dict[str, Any]]:
        """Return the descriptions of the layers that lead from a node back to it.

        They are in its process, as descriptions of layers do not leave one.
        """
        layers: list[dict[str, Any]] = []
        place = node_id
        while len(layers) < len(self.by_id):
            following = [edge.target.node for edges in self._graph.outgoing[place].values()
                         for edge in edges if isinstance(edge.type, Layers)]
            if not following or following[0] == node_id:
                break
            place = following[0]
            describe = getattr(self.by_id[place], "description_of_layer", None)
            if describe is None:
                break
            layers.append(describe())
        return layers

    async def save(self, aligned: bool) -> dict[str, NodeState]:
        """Return the states of those that have one, by id; `NodeError` naming one that fails."""
        states = {}
        for node_id, node in self.by_id.items():
            self.contexts[node_id].mark("saves its state")
            try:
                state = await node.save_state(aligned)
            except FOREIGN_ERRORS as error:
                raise NodeError(self.contexts[node_id].name,
                                f"save_state() failed: {describe(error)}") from error
            if state is not None:
                states[node_id] = state
        return states

    def statements(self) -> list[dict[str, Any]]:
        """Return what each has to say for the policy interface."""
        return [dict(node.policy_interface()) for node in self.by_id.values()]

    async def remake(self, node_id: str) -> Node:
        """Close a node and return another of its type, with the state that was saved last.

        States by key it takes over: what failed or hung has changed none of them.
        """
        old, context = self.by_id[node_id], self.contexts[node_id]
        await close_node(old, _RESTART_GRACE)
        context.topics.close()
        context.services.close()
        context.actions.close()
        node = type(old)(old.values)
        node.context = context
        node.setup()
        if old.keyed_states is not None:
            node.keyed_states = old.keyed_states
        elif (state := self._saved.newest(node_id)) is not None:
            node.load_state(state)
        elif node_id in self._saved.weight_files:
            problems = Problems(str(self._saved.directory))
            self._load_weights(node_id, node, problems)
            problems.raise_if_any()
        self._put(node_id, node)
        return node

    async def close(self) -> None:
        """Close them all, at once."""
        await asyncio.gather(*(close_node(node) for node in self.by_id.values()))
        for context in self.contexts.values():  # the loop may outlive them: graphs are managed
            context.topics.leave_loop()

    def add_problems(self, problems: Problems, node_id: str, error: InputError) -> None:
        """Add what a node found wrong, with the node's name."""
        for problem in error.problems:
            self._add_problem(problems, node_id, f"{error.source}: {problem}")

    def _add_problem(self, problems: Problems, node_id: str, message: str) -> None:
        node = self._graph.nodes[node_id]
        problems.add(message, node=node_id, type=node.type.type_name, title=node.title)

    def _put(self, node_id: str, node: Node) -> None:
        self.by_id[node_id] = node
        self.contexts[node_id].note_made()
        self._hosts[node_id].serve(node)
