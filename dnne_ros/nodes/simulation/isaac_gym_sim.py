"""A simulator as one node of a control loop: an action in, an observation out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import (
    Action,
    EnvironmentSettings,
    SimHandle,
    Sync,
    Tensor,
)
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.simulation.real_time import RealTime

if TYPE_CHECKING:
    import torch

    from dnne_ros.sim.simulator import Simulator

_MANY = 1_000_000


def parse_action(text: str) -> list[float]:
    """Return ``"0.0, 1"`` as [0.0, 1.0]; empty: []; ValueError for what is no list of numbers."""
    numbers = [float(part) for part in text.split(",")] if text.strip() else []
    if any(number - number for number in numbers):  # NaN and infinity are not even themselves
        raise ValueError("a number is not finite")
    return numbers


class IsaacGymSim(Node):
    """Give observations, and step the environments once for each action on them.

    The first observations come without any action.  Finished episodes start again in the same
    step.  A ``reset`` counts at the next action, which is lost in it: the environments go back to
    where the run began, and what they look like there is the answer.
    """

    category = "simulation"
    retired_widgets = (*Node.retired_widgets, "render", "camera_position", "camera_target")

    env_config = Input(SimHandle(), "Which environments: an IsaacGymEnvs; or a simulator.",
                       accepts_also=(EnvironmentSettings(),), aliases=("env", "sim_handle"))
    action = Input(Action(), "What each environment does: (env, action), or (action) for a single "
                   "one.", accepts_also=(Tensor("float32"),), aliases=("actions",))
    reset = Input(Sync(), "Starts the episodes of all environments anew.", optional=True,
                  free_first_round=True)
    observation = Output(Tensor("float32", ("env", "observation")), "What to act on next.",
                         starts_loop=True, aliases=("observations",))
    done = Output(Sync(), "Behind an observation: an episode ended on the way to it.")
    rewards = Output(Tensor("float32", ("env",)), "Of each step, after its observation.")
    ended = Output(Tensor("bool", ("env",)), "Of each step: the episodes that it ended.")
    reset_when_done = Widget(True, "Must be true: finished episodes always start again.")
    null_action = Widget("", "An action that is made once at the start and after a reset, such as "
                         "0.0, 0.0; empty: none.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the null action, and refuse simulators that wait behind an episode's end."""
        problems = [] if values["reset_when_done"] else [
            "widget 'reset_when_done': expected true, found false: simulators start finished "
            "episodes again by themselves"]
        try:
            parse_action(values["null_action"])
        except ValueError as error:
            problems.append("widget 'null_action': expected numbers such as 0.0, 0.0, found "
                            f"{values['null_action']!r:.60} ({error})")
        return problems

    def setup(self) -> None:
        """Wait for the simulator."""
        self._start: NodeState | None = None

    async def process(self) -> None:
        """Answer each action with an observation."""
        simulator: Simulator = await self.get_input("env_config")
        pace = RealTime(simulator.spec.step_seconds, self.context.health, 1.0,
                        self.context.steady) if self.context.inference else None
        if self._start is None:
            self._start = NodeState(*_split(simulator.state()))
            observations = self._begin(simulator)
        else:
            observations = simulator.observations()
        await self.send_output(observations, "observation")
        while True:
            action = await self.get_input("action")
            if pace is not None:
                await pace.wait()
            if self.context.is_linked("reset") and await self.get_batch("reset", _MANY, 0.0):
                simulator.restore(self._start.tensors, dict(self._start.values))
                await self.send_output(self._begin(simulator), "observation")
                continue
            step = simulator.step(action[None] if action.dim() == 1 else action)
            ended = step.terminated | step.timed_out
            given = {"observation": step.observations, "rewards": step.rewards, "ended": ended}
            await self.send_outputs(given | ({"done": None} if ended.any() else {}))

    def _begin(self, simulator: Simulator) -> torch.Tensor:
        """Return the observations that an episode begins with, behind the null action."""
        numbers = parse_action(self.null_action)
        if not numbers:
            return simulator.observations()
        import torch

        spec = simulator.spec
        if len(numbers) != spec.action.size:
            raise InputError("widget 'null_action'", [
                f"expected {spec.action.size} numbers ({', '.join(spec.action.names)}), found "
                f"{self.null_action!r:.60}"])
        action = torch.tensor([numbers], device=spec.device).repeat(spec.num_envs, 1)
        return simulator.step(action).observations

    async def save_state(self, aligned: bool) -> NodeState | None:
        """Save where the run began, to which a reset goes back."""
        return self._start

    def load_state(self, state: NodeState) -> None:
        """Know where the run began."""
        self._start = state


def _split(state: tuple[dict[str, torch.Tensor], dict[str, Any]]
           ) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor], dict[str, Any]]:
    """Return a simulator's state as the parts of a node's: no weights, tensors, values."""
    tensors, values = state
    return {}, dict(tensors), dict(values)
