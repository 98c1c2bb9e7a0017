"""The first items of a stream, taken out of it."""

from __future__ import annotations

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyTensor, Sync
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget


class EatN(Node):
    """Take the first tensors out of a stream and pass on all later ones.

    So a stream is shifted against another; ``trigger`` lets a Barrier go on for those that are
    gone.
    """

    type_name = "Eat_N"
    aliases = ("EatN",)
    category = "flow"
    without_torch = True

    input = Input(AnyTensor(), "The stream.")
    output = Output(AnyTensor(), "What comes behind the first ones.")
    trigger = Output(Sync(), "One was taken out: each of them, or the last.")
    num_to_eat = Widget(1, "How many are taken out.", minimum=1, maximum=2**31 - 1)
    trigger_mode = Widget("every_eat", "When to trigger.", choices=("every_eat", "last_only"))

    def setup(self) -> None:
        """Begin at the start of the stream."""
        self._eaten = 0

    async def process(self) -> None:
        """Take out the first ones, then pass on the rest."""
        while True:
            item = await self.get_input("input")
            if self._eaten >= self.num_to_eat:
                await self.send_output(item, "output")
                continue
            self._eaten += 1
            if self.trigger_mode == "every_eat" or self._eaten == self.num_to_eat:
                await self.send_output(None, "trigger")

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save how many were taken out."""
        return NodeState(values={"eaten": self._eaten})

    def load_state(self, state: NodeState) -> None:
        """Go on from there."""
        self._eaten = state.values["eaten"]
