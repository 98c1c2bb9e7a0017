"""Cartpole in MuJoCo.

All environments are bodies of one MuJoCo model, each a kinematic tree of its own, without
contacts or constraints between them.  One `mj_step` then advances all of them, which is several
times faster than a step for each environment (and than `mujoco.rollout` with two threads): the
fixed cost of a step is paid once.  Compiling a model takes quadratic time in its bodies, so that
there are at most `BLOCK` environments in one; further blocks share it.
"""

from __future__ import annotations

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim import cartpole
from dnne_ros.sim.mujoco_scene import cartpole_scene
from dnne_ros.sim.mujoco_warnings import take_over_warnings
from dnne_ros.sim.quiet_mujoco import mujoco
from dnne_ros.sim.randomization import Randomization
from dnne_ros.sim.simulator import SimulationError, Simulator, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings

BLOCK = 512
"""Environments in one MuJoCo model."""
_VARIED = ("mass", "mass", "damping", "damping", "gain")
"""Columns of what an episode draws: cart and pole, cart and pole, the effort."""


class _Block:
    """Some of the environments: rows ``[start, stop)`` of the state, in one MuJoCo model."""

    def __init__(self, model: mujoco.MjModel, start: int, stop: int):
        self._model = model
        self._data = mujoco.MjData(model)
        self._rows = slice(start, stop)
        # Views of MuJoCo's own memory, (environments, 2): cart and pole.
        self._position = self._data.qpos.reshape(-1, 2)
        self._velocity = self._data.qvel.reshape(-1, 2)
        self._force = self._data.qfrc_applied.reshape(-1, 2)
        self._own: tuple[mujoco.MjModel, mujoco.MjModel] | None = None
        """Once it varies, the model as it was made and one that nobody shares."""

    def vary(self, variations: np.ndarray) -> None:
        """Take over ``variations`` (n, 4): factors on the masses, dampings, of cart and pole."""
        if self._own is None:
            self._own = self._model, copy.copy(self._model)
        nominal, self._model = self._own
        rows = variations[self._rows]
        # Body 0 is the world; then come cart and pole of each environment.
        factors = rows[:, :2].ravel()
        self._model.body_mass[1:] = factors * nominal.body_mass[1:]
        self._model.body_inertia[1:] = factors[:, np.newaxis] * nominal.body_inertia[1:]
        masses = self._model.body_mass[1:].reshape(-1, 2)
        subtrees = self._model.body_subtreemass[1:].reshape(-1, 2)
        subtrees[:, 0] = masses.sum(axis=1)
        subtrees[:, 1] = masses[:, 1]
        self._model.dof_damping[:] = rows[:, 2:].ravel()

    def advance(self, physics: np.ndarray, efforts: np.ndarray) -> None:
        """Advance ``physics`` (n, 4) in place; ``efforts`` (n,) in newtons."""
        rows = physics[self._rows]
        self._position[:] = rows[:, 0::2]
        self._velocity[:] = rows[:, 1::2]
        self._force[:, 0] = efforts[self._rows]
        mujoco.mj_step(self._model, self._data, cartpole.SUBSTEPS)
        rows[:, 0::2] = self._position
        rows[:, 1::2] = self._velocity


class MujocoCartpole(Simulator):
    """Cartpole with MuJoCo's physics, in float64; float32 at the interface.

    Each step is 2 substeps of semi-implicit Euler, as in the reference.  Joints have no limits,
    damping or friction, and the pole's angle is not wrapped.  The angle turns about +x, the cart
    slides along +y: a pole that leans at a positive angle leans to negative y.
    """

    def __init__(self, num_envs: int, seed: int, threads: int | None = None,
                 randomization: Randomization | None = None):
        """Make ``num_envs`` environments and reset them.

        Args:
            num_envs: at least 1 (ValueError).
            seed: of the start states; from 0 to 2**63 - 1.
            threads: how many blocks advance at once; None: as many as this process has cores.
            randomization: from where each episode draws its masses, dampings and gain.

        """
        if num_envs < 1:
            raise ValueError(f"num_envs: expected at least 1, found {num_envs}")
        take_over_warnings()
        self._spec = cartpole.task_spec(num_envs)
        self._blocks = _make_blocks(num_envs)
        threads = min(len(self._blocks), threads or os.cpu_count() or 1)
        self._pool = ThreadPoolExecutor(threads, "mujoco") if threads > 1 else None
        self._generator = torch.Generator()
        self._generator.manual_seed(seed)
        self._start_limits = np.array(cartpole.START_LIMITS)
        self._physics = self._start_states(num_envs)
        self._lengths = np.zeros(num_envs, np.int32)
        self._steps = 0
        self._randomization = randomization
        if randomization is not None:
            self._variations = np.empty((num_envs, len(_VARIED)))
            self._vary(np.arange(num_envs))

    @property
    def spec(self) -> TaskSpec:
        """The task."""
        return self._spec

    def observations(self) -> Tensor:
        """Return the present observations, float32 (n, 4)."""
        return torch.from_numpy(self._physics.astype(np.float32))

    def step(self, actions: Tensor) -> StepResult:
        """Push the carts with ``actions`` (n, 1), in newtons, for one step."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        efforts = actions.detach().cpu().numpy()[:, 0]
        efforts = np.clip(efforts, -cartpole.MAX_EFFORT, cartpole.MAX_EFFORT)
        if self._randomization is not None:
            efforts = efforts * self._variations[:, -1]
        self._advance(efforts)

        before = self._physics.astype(np.float32)
        next_observations = torch.from_numpy(before)
        self._spec.check_observations(next_observations, self._steps)
        terminated = cartpole.fallen(before)
        rewards = cartpole.rewards(before, terminated)
        self._lengths += 1
        timed_out = (self._lengths >= cartpole.MAX_EPISODE_STEPS) & ~terminated
        self._reset(np.flatnonzero(terminated | timed_out))
        return StepResult(
            self.observations(), torch.from_numpy(rewards), torch.from_numpy(terminated),
            torch.from_numpy(timed_out), next_observations)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return physics (float64), episode lengths and random state."""
        tensors = {
            "physics": torch.from_numpy(self._physics.copy()),
            "lengths": torch.from_numpy(self._lengths.copy()),
            "generator": self._generator.get_state(),
        }
        if self._randomization is not None:
            tensors["variations"] = torch.from_numpy(self._variations.copy())
        return tensors, {"num_envs": self._spec.num_envs, "steps": self._steps}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned."""
        if values["num_envs"] != self._spec.num_envs:
            raise SimulationError(f"{self._spec.name}: expected a state of {self._spec.num_envs} "
                                  f"environments, found one of {values['num_envs']}")
        self._spec.check_state(tensors, self.state()[0])
        self._physics[:] = tensors["physics"].numpy()
        self._lengths[:] = tensors["lengths"].numpy()
        self._generator.set_state(tensors["generator"])
        self._steps = values["steps"]
        if self._randomization is not None:
            self._variations[:] = tensors["variations"].numpy()
            self._apply_variations()

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def _advance(self, efforts: np.ndarray) -> None:
        if self._pool is None:
            for block in self._blocks:
                block.advance(self._physics, efforts)
        else:
            for _ in self._pool.map(lambda b: b.advance(self._physics, efforts), self._blocks):
                pass  # map raises what a thread raised only when its results are taken

    def _reset(self, envs: np.ndarray) -> None:
        if envs.size:
            self._physics[envs] = self._start_states(envs.size)
            self._lengths[envs] = 0
            if self._randomization is not None:
                self._vary(envs)

    def _vary(self, envs: np.ndarray) -> None:
        """Draw the physics of new episodes."""
        ranges = np.array([getattr(self._randomization, name) for name in _VARIED])
        uniform = torch.rand((len(envs), len(ranges)), generator=self._generator,
                             dtype=torch.float64).numpy()
        self._variations[envs] = ranges[:, 0] + uniform * (ranges[:, 1] - ranges[:, 0])
        self._apply_variations()

    def _apply_variations(self) -> None:
        for block in self._blocks:
            block.vary(self._variations[:, :-1])

    def _start_states(self, count: int) -> np.ndarray:
        """Draw ``count`` start states, float64 (count, 4)."""
        uniform = torch.rand((count, 4), generator=self._generator, dtype=torch.float64)
        return np.asarray((2.0 * uniform.numpy() - 1.0) * self._start_limits)


def make(settings: SimulatorSettings) -> MujocoCartpole:
    """Make what the settings ask for."""
    try:
        randomization = Randomization.parse(settings.randomization)
    except ValueError as error:
        raise InputError(f"simulator {settings.task}, randomization", [str(error)]) from error
    return MujocoCartpole(settings.num_envs, settings.seed, settings.threads, randomization)


def _make_blocks(num_envs: int) -> list[_Block]:
    """Spread environments over blocks of at most `BLOCK`, the last one with the remainder."""
    models: dict[int, mujoco.MjModel] = {}
    blocks = []
    for start in range(0, num_envs, BLOCK):
        size = min(BLOCK, num_envs - start)
        if size not in models:
            models[size] = mujoco.MjModel.from_xml_string(cartpole_scene(size))
        blocks.append(_Block(models[size], start, start + size))
    return blocks
