"""The states by key of a node whose replicas are ahead of what it has given.

They are kept where the items are, in the node's process: a replica is lent the state of an item's
key, and what it has made of it comes back with its result.  So a replica that dies takes no state
with it, and of a key that goes to another replica nothing has to be moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnne_ros.node_api.keyed_states import KeyedStates

if TYPE_CHECKING:
    from dnne_ros.node_api.node import Node


@dataclass
class LentState:
    """The state of a key, packed; who computes an item leaves here what became of it."""

    key: str
    packed: str


@contextmanager
def lent_to(node: Node, state: LentState | None) -> Iterator[None]:
    """Let the node of a replica have a ``state``, and no other, while the block lasts."""
    if state is None:
        yield
        return
    states = node.keyed_states
    assert states is not None  # it is of a node that has such
    states.put(state.key, state.packed)
    try:
        yield
    finally:
        state.packed = states.packed(state.key)
        states.put(state.key, "")


class StatesAhead:
    """What the next item of a key finds while results of those before it are not given yet."""

    def __init__(self) -> None:
        """Be nowhere ahead."""
        self._newest: dict[str, LentState] = {}
        self._count: dict[str, int] = {}

    def lend(self, key: str, states: KeyedStates) -> LentState:
        """Return the state of a key, of which no other item is worked on, for its next item."""
        newest = self._newest.get(key)
        return LentState(key, states.packed(key) if newest is None else newest.packed)

    def take_back(self, lent: LentState) -> None:
        """Let the next item of its key find what became of a state."""
        self._newest[lent.key] = lent
        self._count[lent.key] = self._count.get(lent.key, 0) + 1

    def settle(self, lent: LentState, states: KeyedStates) -> None:
        """Let what was taken back count in ``states``, as its result was given or given up."""
        states.put(lent.key, lent.packed)
        self._count[lent.key] -= 1
        if not self._count[lent.key]:
            del self._newest[lent.key], self._count[lent.key]
