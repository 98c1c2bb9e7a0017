"""The nodes of ``dnne-ros bench tasks``, as a user would write them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, ClassVar

from dnne_ros.bench.task_alone import FIRST, Alone
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, SimHandle, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget

if TYPE_CHECKING:
    import torch

    from dnne_ros.sim.envpool_envs import EnvPoolEnvs


KINDS = 64
"""Actions that are drawn, to be taken in turn."""
TURN_SECONDS = 0.5


def draw(kinds: int, num_envs: int, size: int) -> torch.Tensor:
    """Return actions from -1 to 1, float32 (kinds, num_envs, size), the same each time."""
    import torch

    return 2 * torch.rand(kinds, num_envs, size, generator=torch.Generator().manual_seed(0)) - 1


class RandomActions(Node):
    """Answer observations with actions that were drawn before: a policy that costs nothing."""

    observations = Input(Tensor("float32", ("env", "observation")), "Of the step before.")
    actions = Output(Action(), "From -1 to 1.")
    size = Widget(1, "Numbers in an action.", minimum=1, maximum=100_000)

    def setup(self) -> None:
        """Nothing has been observed."""
        self._drawn: tuple[torch.Tensor, ...] = ()
        self._next = 0

    def compute(self, observations: Any) -> dict[str, Any]:
        """Give the next of those drawn."""
        if not self._drawn:
            self._drawn = draw(KINDS, len(observations), self.size).unbind()
        self._next = (self._next + 1) % KINDS
        return {"actions": self._drawn[self._next]}


class StepClock(Node):
    """Count steps in turns with EnvPool's own loop over the same pool; report and end the run.

    A machine may be a fifth quicker for some seconds than for the next ones.  Turns are short, so
    what it does, it does to both.
    """

    simulator: ClassVar[EnvPoolEnvs]
    """What `ShownSimulator` has been given."""

    rewards = Input(Tensor("float32", ("env",)), "Of a step.")
    size = Widget(1, "Numbers in an action.", minimum=1, maximum=100_000)
    turns = Widget(8, "How many turns each has.", minimum=1, maximum=1_000_000)
    first = Widget(20, "Steps before the first turn.", minimum=1, maximum=1_000_000)

    def setup(self) -> None:
        """Count nothing yet."""
        self._to_skip = self.first
        self._left, self._steps, self._seconds = self.turns, 0, 0.0
        self._ending: asyncio.Task[None] | None = None
        self._alone: Alone | None = None

    def compute(self, rewards: Any) -> None:
        """Count; where a turn is over, let EnvPool have its own."""
        if self._ending is not None:
            return
        now = time.perf_counter()
        if self._to_skip:
            self._to_skip -= 1
            self._began = now
            return
        self._steps += len(rewards)
        if now - self._began < TURN_SECONDS:
            return
        self._seconds += now - self._began
        if self._alone is None:
            self._alone = Alone(self.simulator, draw(KINDS, len(rewards), self.size).numpy())
        self._alone.go_on(TURN_SECONDS)
        self._to_skip, self._left = FIRST, self._left - 1
        if not self._left:
            self._end(self._steps / self._seconds, self._alone)

    def _end(self, ours: float, alone: Alone) -> None:
        its = alone.steps / alone.seconds
        self.context.report({"graph": ours, "EnvPool alone": its, "lost": alone.lost,
                             "ratio": ours / its})
        self._ending = asyncio.ensure_future(self.context.finish("measured"))


class ShownSimulator(Node):
    """Show the simulator to `StepClock`, which would be in no region if it came to it."""

    sim_handle = Input(SimHandle(), "The simulator.")

    async def process(self) -> None:
        """Take it once."""
        StepClock.simulator = await self.get_input("sim_handle")
