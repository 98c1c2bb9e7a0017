"""The nodes of ``dnne-ros bench tasks``, as a user would write them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch


class RandomActions(Node):
    """Answer observations with actions that were drawn before: a policy that costs nothing."""

    observations = Input(Tensor("float32", ("env", "observation")), "Of the step before.")
    actions = Output(Action(), "From -1 to 1.")
    size = Widget(1, "Numbers in an action.", minimum=1, maximum=100_000)
    kinds = Widget(64, "How many are drawn, to be taken in turn.", minimum=1, maximum=10_000)

    def setup(self) -> None:
        """Nothing has been observed."""
        self._drawn: tuple[torch.Tensor, ...] = ()
        self._next = 0

    def compute(self, observations: Any) -> dict[str, Any]:
        """Give the next of those drawn."""
        if not self._drawn:
            import torch

            drawn = 2 * torch.rand(self.kinds, len(observations), self.size,
                                   generator=torch.Generator().manual_seed(0)) - 1
            self._drawn = drawn.unbind()
        self._next = (self._next + 1) % self.kinds
        return {"actions": self._drawn[self._next]}


class StepClock(Node):
    """Count steps for some seconds, then report how many there were in one and end the run."""

    rewards = Input(Tensor("float32", ("env",)), "Of a step.")
    seconds = Widget(4.0, "How long it counts.", minimum=0.01, unit="s")
    first = Widget(20, "Steps that do not count.", minimum=1, maximum=1_000_000)

    def setup(self) -> None:
        """Count nothing yet."""
        self._steps = -self.first
        self._ending: asyncio.Task[None] | None = None

    def compute(self, rewards: Any) -> None:
        """Count."""
        now = time.perf_counter()
        self._steps += 1
        if self._steps == 0:
            self._began = now
        elif self._steps > 0 and now - self._began >= self.seconds and self._ending is None:
            self.context.report({
                "env_steps_per_s": self._steps * len(rewards) / (now - self._began)})
            self._ending = asyncio.ensure_future(self.context.finish("measured"))
