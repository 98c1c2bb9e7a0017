"""What one of a node's replicas is to whoever gives it items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.node_api.answering import Computed

if TYPE_CHECKING:
    from dnne_ros.runtime.replicas.states_ahead import LentState


class ReplicaGoneError(Exception):
    """It has died: over its item, which therefore is another one's, or before it had one."""


class Replica(Protocol):
    """Works on one round at a time."""

    async def compute(self, items: Mapping[str, Any], state: LentState | None) -> Computed:
        """Return what the node's type makes of one item of each input.

        ``state`` is that of the key of these, and another one afterwards; None: there are none.
        Raises what that raises, and `ReplicaGoneError` if it has died.
        """
        ...

    def change(self, name: str, value: Any) -> None:
        """Let a live widget have another value, once it is between two items."""
        ...

    async def close(self, seconds: float) -> None:
        """End it; what it works on has some ``seconds`` to end by itself."""
        ...
