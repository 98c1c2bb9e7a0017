"""What a node type says of what it remembers, and how checkpoints come by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from dnne_ros.node_api.item_key import ItemKey, KeyFunction

if TYPE_CHECKING:
    from dnne_ros.node_api.keyed_states import KeyedStates
    from dnne_ros.node_api.state import NodeState


class Stateful:
    """The part of `dnne_ros.Node` about its state: one of the node, or one for each key."""

    type_name: ClassVar[str]
    superseded_by: ClassVar[str]

    state_per: ClassVar[str | KeyFunction | None] = None
    """It remembers something for each key of its items, in `keyed_state`, and nothing else from
    one item to the next.  What the key is: an input and entries of its dictionaries,
    ``"order.customer"``, or a function of some inputs that returns text or a number."""

    keyed_state: dict[str, Any]
    """While `compute` works on an item, what it remembers of the item's key, {} at first: it may
    change it, and what it leaves there is what the next item of the key finds.  Whatever a DICT
    carries will do.  A key whose state is empty is forgotten; an item over which `compute` fails
    changes nothing."""

    keyed_states: KeyedStates | None = None
    """Of all keys; the run time's."""

    @classmethod
    def state_key(cls) -> ItemKey | None:
        """Return what tells the keys of items apart; None: it keeps no state by key."""
        return None if cls.state_per is None else ItemKey(cls.state_per, "state_per")

    @classmethod
    def keeps_state(cls) -> bool:
        """Tell whether checkpoints hold something of it: it has `state_per` or a `save_state`."""
        return cls.state_per is not None or cls.save_state is not Stateful.save_state

    @classmethod
    def state_type(cls) -> str:
        """Return the type that checkpoints know it by: that of new graphs, if superseded."""
        return cls.superseded_by or cls.type_name

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Return what a checkpoint must hold of this node, or None if there is nothing yet.

        No checkpoint is written before each node that has this method gives a state; an empty
        one will do.  A type with `state_per` needs none of its own.

        ``aligned``: the graph stands still at a boundary, so the states of all nodes fit
        together; otherwise the run was stopped wherever it was.
        """
        return None if self.keyed_states is None else self.keyed_states.saved()

    def load_state(self, state: NodeState) -> None:
        """Take up a saved state, after `setup`.  ValueError if it does not fit."""
        if self.keyed_states is None:
            raise ValueError(f"{self.type_name} keeps no state")
        self.keyed_states.load(state)
