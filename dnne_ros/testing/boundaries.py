"""Boundaries in memory: what a node's state was there, and whether its run ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dnne_ros.node_api.state import NodeState

if TYPE_CHECKING:
    from dnne_ros.testing.context import InMemoryContext


class SavedState(NamedTuple):
    """A state that a node gave at a boundary, and how far it was."""

    state: NodeState | None
    sent: int
    """How many values it had sent, over all outputs."""
    unread: int
    """How many of the items that it was fed it had not taken."""


class InMemoryBoundary:
    """A boundary of an `InMemoryContext`."""

    def __init__(self, context: InMemoryContext, saves: bool, ends: str | None):
        """Save the node of ``context`` if ``saves``, and stand still for ever if it ``ends``."""
        self.saves = saves
        self._context = context
        self._ends = ends

    async def reached(self) -> None:
        """Keep the node's state in `InMemoryContext.saved`; never returns when the run ends."""
        if self.saves:
            await self._context.save()
        if self._ends is not None:
            await self._context.stand_still(self._ends)
