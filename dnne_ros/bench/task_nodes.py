"""The nodes of ``dnne-ros bench tasks``, as a user would write them."""

from __future__ import annotations

import time
from typing import Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget


class RandomActions(Node):
    """Answer observations with actions that were drawn before: a policy that costs nothing."""

    observations = Input(Tensor("float32", ("env", "observation")), "Of the step before.")
    actions = Output(Action(), "From -1 to 1.")
    size = Widget(1, "Numbers in an action.", minimum=1, maximum=100_000)
    kinds = Widget(64, "How many are drawn, to be taken in turn.", minimum=1, maximum=10_000)

    def setup(self) -> None:
        """Nothing has been observed."""
        self._drawn: Any = None
        self._next = 0

    def compute(self, observations: Any) -> dict[str, Any]:
        """Give the next of those drawn."""
        if self._drawn is None:
            import torch

            self._drawn = 2 * torch.rand(
                self.kinds, len(observations), self.size,
                generator=torch.Generator().manual_seed(0)) - 1
        self._next = (self._next + 1) % self.kinds
        return {"actions": self._drawn[self._next]}


class StepClock(Node):
    """Count steps for some seconds, then report how many there were in one and end the run."""

    rewards = Input(Tensor("float32", ("env",)), "Of a step.")
    seconds = Widget(4.0, "How long it counts.", minimum=0.01, unit="s")
    first = Widget(20, "Steps that do not count.", minimum=1, maximum=1_000_000)

    async def process(self) -> None:
        """Count."""
        for _ in range(self.first):
            await self.get_input("rewards")
        began = now = time.perf_counter()
        steps = 0
        while now - began < self.seconds:
            steps += len(await self.get_input("rewards"))
            now = time.perf_counter()
        self.context.report({"env_steps_per_s": steps / (now - began)})
        await self.context.finish("measured")
