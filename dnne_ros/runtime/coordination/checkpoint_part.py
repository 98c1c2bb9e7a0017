"""What one process adds to a checkpoint: the states of its nodes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.checkpoints.manifest import FileRecord
from dnne_ros.errors import DnneError

if TYPE_CHECKING:
    from dnne_ros.node_api.state import NodeState
    from dnne_ros.runtime.coordination.save_messages import SaveRequest

SAVE_SECONDS = 30.0
"""How long the nodes of a process may take to give their states, and the other processes to
answer."""


class SavedNodes(Protocol):
    """The nodes of a process, as far as a checkpoint is concerned."""

    async def save(self, aligned: bool) -> dict[str, NodeState]:
        """Return the states of those that have one, by id; `DnneError` naming one that fails."""
        ...

    def statements(self) -> list[dict[str, Any]]:
        """Return what each has to say for the policy interface."""
        ...


@dataclass(frozen=True)
class Written:
    """What a process has added to a checkpoint: the ids of its nodes in it, and their files."""

    nodes: list[str]
    files: Mapping[str, FileRecord]


class CheckpointPart:
    """Writes the states of one process's nodes into the files of a generation."""

    def __init__(self, nodes: SavedNodes, directory: str | None):
        """Save ``nodes`` below ``directory``; None: a run that does not save."""
        self._nodes = nodes
        self._directory = directory

    def store(self, folder: str) -> CheckpointStore:
        """Return the store of a folder below the directory; `DnneError` if there is none."""
        if self._directory is None:
            raise DnneError("no --save-checkpoint-dir is given")
        return CheckpointStore(Path(self._directory) / folder)

    async def write(self, request: SaveRequest) -> Written:
        """Write the states of the nodes that have one.

        Raises OSError, or `DnneError` for a node that gives none or one that is no state.
        """
        states: dict[str, NodeState] = {}

        async def collect() -> None:
            states.update(await self._nodes.save(request.aligned))

        if not await ended_within(SAVE_SECONDS, collect()):
            raise DnneError(f"its nodes have not given their states within {SAVE_SECONDS:g} s")
        store = self.store(request.folder)
        files: dict[str, FileRecord] = {}
        for node, state in states.items():
            try:
                files.update(store.write_node(request.generation, node, state))
            except (TypeError, ValueError, AttributeError) as error:
                raise DnneError(
                    f"node {node}: what it saves cannot be written: {error}") from error
        return Written(sorted(states), files)

    def statements(self) -> list[dict[str, Any]]:
        """Return what the nodes have to say for the policy interface."""
        return self._nodes.statements()


async def ended_within(seconds: float, awaitable: Awaitable[Any]) -> bool:
    """Tell whether ``awaitable`` has ended within so many seconds; it is cancelled if not."""
    try:
        await asyncio.wait_for(awaitable, seconds)
    except asyncio.TimeoutError:
        return False
    return True
