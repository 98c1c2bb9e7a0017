"""Items that wait for leave to go on."""

from __future__ import annotations

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyTensor, AnyValue, Sync
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget


class Barrier(Node):
    """Hold tensors back until they are released: one goes on for each release, the oldest first.

    A release that comes before its tensor counts for it.  What is held waits on the edge, so that
    its capacity is how many may be held before their sender has to wait.
    """

    category = "flow"
    without_torch = True

    input = Input(AnyTensor(), "What is held.")
    release = Input(Sync(), "Lets one tensor go on, whatever it is.", accepts_also=(AnyValue(),))
    output = Output(AnyTensor(), "What was held.")
    hold_mode = Widget("FIFO", "Which goes on: the oldest.", choices=("FIFO",))

    def setup(self) -> None:
        """Begin with nothing released."""
        self._is_released = False

    async def process(self) -> None:
        """Let an item go on for each release."""
        while True:
            if not self._is_released:
                await self.get_input("release")
                self._is_released = True
            item = await self.get_input("input")
            self._is_released = False
            await self.send_output(item, "output")

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save whether a release has come before its item."""
        return NodeState(values={"is_released": self._is_released})

    def load_state(self, state: NodeState) -> None:
        """Go on from there."""
        self._is_released = state.values["is_released"]
