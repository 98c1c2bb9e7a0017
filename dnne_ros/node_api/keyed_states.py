"""A state for each key of a node's items, as stream processors keep it."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.answering import Computed, may_wait
from dnne_ros.node_api.item_key import ItemKey
from dnne_ros.node_api.port_types import Dict
from dnne_ros.node_api.state import NodeState

if TYPE_CHECKING:
    from dnne_ros.node_api.stateful import Stateful

_PACKING = Dict()
_SAVED_AS = "keyed_states"


class KeyedStates:
    """States by key, each packed as text: so it is nobody's to change, to be sent and saved.

    A state is a dictionary of what a DICT carries; an empty one is none, and takes no memory.
    """

    def __init__(self, key: ItemKey):
        """Hold no state yet, of items that have a ``key``."""
        self.key = key
        self._packed: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._packed)

    def packed(self, key: str) -> str:
        """Return the state of a key as text, "" if there is none."""
        return self._packed.get(key, "")

    def put(self, key: str, packed: str) -> None:
        """Let a key have another state."""
        if packed:
            self._packed[key] = packed
        else:
            self._packed.pop(key, None)

    def saved(self) -> NodeState:
        """Return all of them, for a checkpoint."""
        return NodeState(values={_SAVED_AS: dict(sorted(self._packed.items()))})

    def load(self, state: NodeState) -> None:
        """Have those of a checkpoint, and no others; ValueError for what is none of ours."""
        found = state.values.get(_SAVED_AS)
        if not isinstance(found, Mapping) or not all(map(_is_state, found.values())):
            raise ValueError(f"expected {_SAVED_AS}, a state for each key")
        self._packed = dict(found)


def _is_state(packed: Any) -> bool:
    try:
        return isinstance(_PACKING.unpack(packed), dict)
    except (TypeError, ValueError):
        return False


def with_state(node: Stateful, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``compute`` of a ``node`` as a call that gives it the state of an item's key.

    What it makes of that counts when it returns: an item that fails changes no state.
    """
    def begin(items: Mapping[str, Any]) -> str:
        states = node.keyed_states
        assert states is not None  # it is for such nodes
        key = states.key(items)
        packed = states.packed(key)
        node.keyed_state = _PACKING.unpack(packed) if packed else {}
        return key

    def end(key: str) -> None:
        assert node.keyed_states is not None
        node.keyed_states.put(key, _packed(node.keyed_state))

    def computed(**items: Any) -> Computed:
        key = begin(items)
        outputs: Computed = compute(**items)
        end(key)
        return outputs

    async def awaited(**items: Any) -> Computed:
        key = begin(items)
        made: Awaitable[Computed] = compute(**items)
        outputs = await made
        end(key)
        return outputs

    return functools.wraps(compute)(awaited if may_wait(compute) else computed)


def _packed(state: Any) -> str:
    if not isinstance(state, dict):
        raise TypeError(f"keyed_state: expected a dictionary, found a {type(state).__name__}")
    try:
        return _PACKING.pack(state) if state else ""
    except TypeError as error:
        raise TypeError(f"keyed_state: {error}") from None
