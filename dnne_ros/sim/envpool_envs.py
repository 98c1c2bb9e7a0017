"""EnvPool's tasks: many environments stepped by C++ threads, behind the `Simulator` interface.

EnvPool means to start a finished environment with its next step, whose action is ignored.  Here
it is told to at once (``reset`` with the environments' numbers), so that no action is lost.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.sim.envpool_tasks import ENDLESS, find_task, named_errors, seconds_of
from dnne_ros.sim.gymnasium_spaces import ActionSpace, columns
from dnne_ros.sim.simulator import StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.unsaved_simulator import UnsavedSimulator, first_seed


class EnvPoolEnvs(UnsavedSimulator):
    """A pool of EnvPool's in its synchronous mode.

    *Ends.*  EnvPool calls an episode that falls in its last step truncated and not terminated.  So
    its limit is one step later than the task's, and the task's is kept here: terminated wins.

    *Actions.*  A ``Box`` is clipped at its bounds and not scaled.  A ``Discrete`` space takes an
    index from 0.  *Observations* are one vector; of a dictionary, that which is called ``state``.

    *Seeds.*  Each environment has one of its own, which follows from the seed.

    EnvPool gives no state away (``resumes`` is False).
    """

    def __init__(self, task: str, num_envs: int, seed: int, threads: int | None = None):
        """Make ``num_envs`` environments of ``task`` and reset them.

        Args:
            task: EnvPool's name, such as ``HalfCheetah-v5``.
            num_envs: at least 1 (ValueError).
            seed: of the start states; from 0 to 2**63 - 1.
            threads: EnvPool's, at least 1; None: as many as this process may use cores.  There are
                never more than environments.

        Raises:
            InputError: EnvPool cannot be imported, does not know the task, cannot make it, or its
                observations or actions are not of those above.

        """
        if num_envs < 1:
            raise ValueError(f"num_envs: expected at least 1, found {num_envs}")
        self._seed = seed
        self._threads = min(num_envs, threads or len(os.sched_getaffinity(0)))
        found = find_task(task)
        self._key = found.key
        self._actions = ActionSpace(found.action)
        self._spec = TaskSpec(
            name=task, num_envs=num_envs, observation=columns("observation", found.observation),
            action=self._actions.columns, discrete_actions=self._actions.choices,
            step_seconds=seconds_of(found), max_episode_steps=found.limit)
        self._pool: Any = None
        self._start()

    def observations(self) -> Tensor:
        """Return the present observations, float32 (n, observation.size)."""
        return torch.from_numpy(self._observations.copy())

    def step(self, actions: Tensor) -> StepResult:
        """Step all environments, and reset those that finish."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        native = self._actions.native(actions.detach().cpu().numpy())
        observations, rewards, terminated, truncated, info = self._pool.step(native)
        following = self._vector(observations)
        next_observations = torch.from_numpy(following)
        self._spec.check_observations(next_observations, self._steps)
        over = info["elapsed_step"] >= (self._spec.max_episode_steps or math.inf)
        timed_out = (truncated | over) & ~terminated
        self._observations = following
        if (done := terminated | timed_out).any():
            finished = np.flatnonzero(done).astype(np.int32)
            self._observations = following.copy()
            self._observations[finished] = self._vector(self._pool.reset(finished)[0])
        return StepResult(
            self.observations(), torch.from_numpy(rewards.astype(np.float32)),
            torch.from_numpy(terminated.copy()), torch.from_numpy(timed_out),
            next_observations.clone())

    def close(self) -> None:
        """End EnvPool's threads."""
        self._pool = None

    def _start(self) -> None:
        """Make all environments, with seeds that follow from the seed and the steps so far.

        EnvPool takes seeds at no other time.
        """
        import envpool

        limit, num_envs = self._spec.max_episode_steps, self._spec.num_envs
        first = first_seed(self._seed, self._steps)
        with named_errors(self._spec.name):
            self._pool = envpool.make(
                self._spec.name, env_type="gymnasium", num_envs=num_envs,
                num_threads=self._threads,
                seed=[(first + env) % ENDLESS for env in range(num_envs)],
                max_episode_steps=limit + 1 if limit else ENDLESS)
            self._observations = self._vector(self._pool.reset()[0])

    def _vector(self, observations: Any) -> np.ndarray:
        """Return a copy of EnvPool's observations as float32 (n, observation.size)."""
        if self._key:
            observations = observations[self._key]
        return np.array(observations, np.float32)


def make(settings: SimulatorSettings) -> EnvPoolEnvs:
    """Make what the settings ask for."""
    return EnvPoolEnvs(settings.task, settings.num_envs, settings.seed, settings.threads)
