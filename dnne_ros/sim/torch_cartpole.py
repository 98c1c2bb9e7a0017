"""Cartpole as batched tensor code, on the CPU or a CUDA device.

The physics of `dnne_ros.sim.mujoco_cartpole`, written out in float32: the same masses and
lengths, the same integrator, the same substeps.  A step is about sixty operations on whole
batches; on a CUDA device they are captured in one CUDA graph, which is launched at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dnne_ros.cuda_graphs import Captured
from dnne_ros.sim import cartpole
from dnne_ros.sim.counter_random import uniform
from dnne_ros.sim.simulator import SimulationError, Simulator, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings

_CHECK_EVERY = 100
"""Steps between two looks for values that are not finite, on a CUDA device."""

_SUBSTEP = cartpole.STEP_SECONDS / cartpole.SUBSTEPS
_MASS = cartpole.CART_MASS + cartpole.POLE_MASS
_MOMENT = cartpole.POLE_MASS * cartpole.POLE_CENTRE
"""Mass times lever of the pole, kg·m."""
_INERTIA = cartpole.POLE_MASS / 12 * (cartpole.POLE_SIZE[1] ** 2 + cartpole.POLE_SIZE[2] ** 2) \
    + cartpole.POLE_MASS * cartpole.POLE_CENTRE ** 2
"""Of the pole about the hinge, kg·m²."""


def advance(state: Tensor, efforts: Tensor) -> Tensor:
    """Return ``state`` (n, 4) one step later under ``efforts`` (n,), newtons.

    Lagrange's equations of a cart M and a pole m, with l to its centre and inertia I about the
    hinge, solved for the accelerations:

        (M + m)·a - m·l·cos θ·α = F - m·l·sin θ·ω²
        -m·l·cos θ·a + I·α = m·g·l·sin θ

    integrated by semi-implicit Euler: velocities first, then positions with the new ones.
    """
    position, velocity, angle, turn = state.unbind(dim=1)
    for _ in range(cartpole.SUBSTEPS):
        sine, coupling = torch.sin(angle), _MOMENT * torch.cos(angle)
        push = efforts - _MOMENT * sine * turn * turn
        weight = _MOMENT * cartpole.GRAVITY * sine
        determinant = _MASS * _INERTIA - coupling * coupling
        velocity = velocity + _SUBSTEP * (_INERTIA * push + coupling * weight) / determinant
        turn = turn + _SUBSTEP * (_MASS * weight + coupling * push) / determinant
        position = position + _SUBSTEP * velocity
        angle = angle + _SUBSTEP * turn
    return torch.stack((position, velocity, angle, turn), dim=1)


class TorchCartpole(Simulator):
    """Cartpole in float32 on any torch device.

    An episode's start state depends on the seed, the environment and how many episodes that has
    had, and on nothing else: it is the same on every device.
    """

    captures = True
    """Whether a step on a CUDA device is captured in one CUDA graph."""

    def __init__(self, num_envs: int, seed: int, device: torch.device | str = "cpu"):
        """Make ``num_envs`` environments (at least 1, else ValueError) on ``device``."""
        if num_envs < 1:
            raise ValueError(f"num_envs: expected at least 1, found {num_envs}")
        self._device = torch.device(device)
        self._spec = cartpole.task_spec(num_envs, str(self._device))
        self._seed = seed
        self._limits = torch.tensor(cartpole.START_LIMITS, device=self._device)
        self._envs = torch.arange(num_envs, device=self._device)
        self._episodes = torch.zeros(num_envs, dtype=torch.int64, device=self._device)
        self._lengths = torch.zeros(num_envs, dtype=torch.int32, device=self._device)
        self._diverged = torch.zeros(num_envs, dtype=torch.int64, device=self._device)
        self._count = torch.zeros((), dtype=torch.int64, device=self._device)
        self._physics = self._start_states()
        self._steps = 0
        self._captured: Callable[[Tensor], StepResult] | None = None

    @property
    def spec(self) -> TaskSpec:
        """The task."""
        return self._spec

    def observations(self) -> Tensor:
        """Return the present observations, float32 (n, 4)."""
        return self._physics.clone()

    def step(self, actions: Tensor) -> StepResult:
        """Push the carts with ``actions`` (n, 1), in newtons, for one step."""
        if self._device.type == "cuda":
            self._spec.check_shape(actions, self._steps + 1)
            result = self._captured_step(actions.detach())
            self._steps += 1
            if self._steps % _CHECK_EVERY == 0:
                self._check_diverged()
            return result
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        result = self._step(actions.detach())
        self._spec.check_observations(result.next_observations, self._steps)
        return result

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return physics, episode lengths and numbers of episodes, on the CPU."""
        self._check_diverged()
        tensors = {name: tensor.detach().cpu().clone() for name, tensor in self._tensors().items()}
        return tensors, {"num_envs": self._spec.num_envs, "steps": self._steps,
                         "seed": self._seed}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        if values["num_envs"] != self._spec.num_envs:
            raise SimulationError(f"{self._spec.name}: expected a state of {self._spec.num_envs} "
                                  f"environments, found one of {values['num_envs']}")
        self._spec.check_state(tensors, self.state()[0])
        for name, tensor in self._tensors().items():
            tensor.copy_(tensors[name])
        self._steps = values["steps"]
        self._count.fill_(self._steps)
        if self._seed != values["seed"]:
            self._seed = values["seed"]
            self._captured = None  # the seed is a constant of the captured graph

    def close(self) -> None:
        """Free the captured graph."""
        self._captured = None

    def _tensors(self) -> dict[str, Tensor]:
        return {"physics": self._physics, "lengths": self._lengths, "episodes": self._episodes}

    def _step(self, actions: Tensor) -> StepResult:
        """Step without a look at a single value; the state is written in place."""
        efforts = actions[:, 0].clamp(-cartpole.MAX_EFFORT, cartpole.MAX_EFFORT)
        before = self._advance(efforts)
        self._count += 1
        lost = ~before.isfinite().all(dim=1) & (self._diverged == 0)
        self._diverged += lost * self._count
        terminated = cartpole.fallen(before)
        rewards = cartpole.rewards(before, terminated)
        self._lengths += 1
        timed_out = (self._lengths >= cartpole.MAX_EPISODE_STEPS) & ~terminated
        done = terminated | timed_out
        self._episodes += done
        self._lengths *= ~done
        self._physics.copy_(torch.where(done.unsqueeze(1), self._start_states(), before))
        return StepResult(self._physics.clone(), rewards, terminated, timed_out, before)

    def _advance(self, efforts: Tensor) -> Tensor:
        """Return the state (n, 4) one step later; the present one stays as it is."""
        return advance(self._physics, efforts)

    def _start_states(self) -> Tensor:
        """Return the start state of each environment's present episode, float32 (n, 4)."""
        return (2.0 * uniform(self._seed, self._envs, self._episodes, 4) - 1.0) * self._limits

    def _check_diverged(self) -> None:
        """Raise SimulationError for the first value that was not finite, if there is one."""
        steps = self._diverged.cpu()
        if steps.any():
            step = int(steps[steps > 0].min())
            env = int((steps == step).nonzero()[0])
            raise SimulationError(f"{self._spec.name}, step {step}: the physics has diverged, or "
                                  f"the action is not a number, in environment {env}")

    def _captured_step(self, actions: Tensor) -> StepResult:
        """Step as a CUDA graph, if that is how."""
        if not self.captures:
            return self._step(actions)
        if self._captured is None:
            self._captured = Captured(self._step, self._device)
        return StepResult(*(part.clone() for part in self._captured(actions)))


def make(settings: SimulatorSettings) -> TorchCartpole:
    """Make what the settings ask for."""
    return TorchCartpole(settings.num_envs, settings.seed, settings.device)
