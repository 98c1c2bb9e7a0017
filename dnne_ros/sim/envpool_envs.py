"""EnvPool's tasks: many environments stepped by C++ threads, behind the `Simulator` interface.

EnvPool means to start a finished environment with its next step, whose action is ignored.  Here
another, which has begun already, takes its place at once (`SpareEnvs`), or it is told to begin, so
that no action is lost.

Behind the physics the caches of the processor are empty, and its threads wait: what can be done
later is done beside the next step.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.sim.envpool_arrays import PoolArrays, Stepped
from dnne_ros.sim.envpool_spares import SpareEnvs, spares_for
from dnne_ros.sim.envpool_tasks import ENDLESS, find_task, named_errors, seconds_of
from dnne_ros.sim.episode_log import EpisodeLog, EpisodeTerms
from dnne_ros.sim.group_columns import Part
from dnne_ros.sim.gymnasium_spaces import ActionSpace, columns
from dnne_ros.sim.simulator import StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.unsaved_simulator import UnsavedSimulator, first_seed

if TYPE_CHECKING:
    from dnne_ros.sim.renderer import Renderer


_closed: list[Any] = []
"""The pools that were closed since the last one was made, which then are destroyed.  To destroy
hundreds of robots takes seconds, and a process that ends need not wait for that."""


class EnvPoolEnvs(UnsavedSimulator):
    """A pool of EnvPool's in its synchronous mode.

    *Ends.*  EnvPool calls an episode that falls in its last step truncated and not terminated.  So
    its limit is one step later than the task's, and the task's is kept here: terminated wins.

    *Actions.*  A ``Box`` is clipped at its bounds and not scaled.  A ``Discrete`` space takes an
    index from 0.  *Observations* are one vector; of a dictionary, whose parts are groups, that
    which is called ``state``, and for a critic ``privileged_state``.

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
        _closed.clear()
        self._seed = seed
        self._threads = min(num_envs, threads or len(os.sched_getaffinity(0)))
        found = find_task(task)
        self._key = found.key
        self.own_group = found.key or self.own_group
        if found.critic_key:
            self.for_critic = (Part(found.critic_key, None),)
        self._actions = ActionSpace(found.action)
        self._spec = TaskSpec(
            name=task, num_envs=num_envs, observation=columns("observation", found.observation),
            action=self._actions.columns, discrete_actions=self._actions.choices,
            step_seconds=seconds_of(found), max_episode_steps=found.limit)
        self._taken = (num_envs, self._spec.action.size)
        self._chooses = self._spec.discrete_actions is not None
        self._limit = found.limit or ENDLESS
        self._pool: Any = None
        self._stepped: Stepped
        self._values: np.ndarray | None
        """Rows of the terms of the last step, where an episode ended with it."""
        self._begun: list[np.ndarray]
        self._own: int
        self._arrays: PoolArrays
        self._spares: SpareEnvs
        self._terms = EpisodeTerms(num_envs)
        self._log: EpisodeLog | None = None
        self._start()

    def observations(self) -> Tensor:
        """Return the present observations, float32 (n, observation.size)."""
        return self._observed

    def groups(self) -> Mapping[str, Tensor]:
        """Return all parts of the present observations."""
        return self._tensors(begun=True)

    def next_groups(self, step: StepResult) -> Mapping[str, Tensor]:
        """Return all parts of the observations before any reset of the last step."""
        return self._tensors(begun=False)

    def episode_log(self) -> EpisodeLog | None:
        """Return what EnvPool's infos say of the episodes that ended with the last step."""
        return self._log

    def step(self, actions: Tensor) -> StepResult:
        """Step all environments, and reset those that finish."""
        if actions.dtype is not torch.float32 or actions.shape != self._taken:
            self._spec.check_shape(actions, self._steps + 1)
        taken = actions.numpy(force=True)
        if self._chooses or not np.isfinite(taken).all():
            self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        self._spares.send(self._actions.native(taken))
        self._settle()  # while the threads are at work
        stepped = self._spares.receive()
        terminated = stepped.done > stepped.truncated
        done = stepped.done | stepped.truncated | (stepped.elapsed >= self._limit)
        finished = done.nonzero()[0]
        if finished.size:
            self._spares.begin(finished, in_pool=np.count_nonzero(stepped.done) == finished.size)
        self._stepped, self._finished, self._begun = stepped, finished, []
        following = present = self._part(self._own, begun=False)
        self._values = self._terms.rows(stepped.terms) if finished.size else None
        self._log = None if self._values is None else self._terms.log_of(self._values, finished)
        rewards = np.asarray(stepped.rewards, np.float32)
        if finished.size:
            self._begun = self._spares.receive_begun()
            present = self._part(self._own, begun=True)
        if not np.isfinite(rewards).all():
            self._spec.check_rewards(torch.from_numpy(rewards), self._steps)
        next_observations = self._observed = self._checked(self._own, following)
        if present is not following:
            self._observed = self._checked(self._own, present)
        return StepResult(
            self._observed, torch.from_numpy(rewards), torch.from_numpy(terminated),
            torch.from_numpy(done > terminated), next_observations)

    def renderer(self, width: int, height: int) -> Renderer:
        """Let EnvPool draw, which has a size of its own."""
        from dnne_ros.sim.envpool_renderer import envpool_renderer

        return envpool_renderer(self._spec.name, self._pool, self._spares.pool_env, width, height)

    def pool(self) -> tuple[Any, np.ndarray]:
        """Return EnvPool's own pool, and which of its environments are these, int32 (n,)."""
        return self._pool, self._spares.acting

    def close(self) -> None:
        """Let go of the pool, which is destroyed when another is made."""
        if self._pool is not None:
            _closed.append(self._pool)
            self._pool = None
            del self._arrays, self._spares

    def _start(self) -> None:
        """Make all environments, with seeds that follow from the seed and the steps so far.

        EnvPool takes seeds at no other time.
        """
        import envpool

        limit, num_envs = self._spec.max_episode_steps, self._spec.num_envs
        environments = num_envs + spares_for(num_envs)
        first = first_seed(self._seed, self._steps)
        with named_errors(self._spec.name):
            self._pool = envpool.make(
                self._spec.name, env_type="gymnasium", num_envs=environments,
                num_threads=self._threads, thread_affinity_offset=first_core(self._threads),
                render_mode="rgb_array",
                seed=[(first + env) % ENDLESS for env in range(environments)],
                max_episode_steps=limit + 1 if limit else ENDLESS)
            self._arrays = PoolArrays(self._pool)
        self._spares = SpareEnvs(self._arrays, num_envs)
        self._terms.begin(self._arrays.terms)
        # As if a step had finished all of them.
        self._stepped = self._arrays.started.first(num_envs)
        self._finished, self._begun = np.arange(num_envs), self._stepped.observations
        self._values = None
        self._own = self._arrays.parts.index(self._key) if self._key else 0
        self._observed = self._tensor(self._own, begun=False)

    def _settle(self) -> None:
        """Add the terms of the last step up and let go of its arrays, which are large."""
        values = self._terms.rows(self._stepped.terms) if self._values is None else self._values
        self._terms.add_up(values, self._finished)
        del self._stepped, self._begun

    def _tensors(self, *, begun: bool) -> dict[str, Tensor]:
        """Return all parts of the observations by their names, as `_tensor`."""
        names = self._arrays.parts if self._key else (self.own_group,)
        return {name: self._tensor(at, begun=begun) for at, name in enumerate(names)}

    def _tensor(self, at: int, *, begun: bool) -> Tensor:
        """Return one part as `_part` does, and as `_checked` does."""
        return self._checked(at, self._part(at, begun=begun))

    def _part(self, at: int, *, begun: bool) -> np.ndarray:
        """Return one part as float32 (n, …), before or after the resets of a step."""
        part = np.asarray(self._stepped.observations[at], np.float32)
        if begun and self._finished.size:
            part = part.copy()
            part[self._finished] = self._begun[at]
        return part

    def _checked(self, at: int, part: np.ndarray) -> Tensor:
        """Return one part as a tensor; SimulationError if a number of it is not finite."""
        # What nobody asks for is neither converted nor looked at.  By numpy, since torch would
        # have to be read from memory behind the physics.
        tensor = torch.from_numpy(part)
        if not np.isfinite(part).all():
            if at == self._own:
                self._spec.check_observations(tensor, self._steps)
            else:
                self._spec.check_groups({self._arrays.parts[at]: tensor}, self._steps)
        return tensor


def first_core(threads: int) -> int:
    """Return the core of the first thread, the others following; -1: wherever there is room.

    Where each core of the machine has one thread, each is to stay there: woken for the next step,
    two of them are otherwise put on one core time after time, and the other core waits.
    """
    cores = range(os.cpu_count() or 1)
    return 0 if threads == len(cores) and os.sched_getaffinity(0) == {*cores} else -1


def make(settings: SimulatorSettings) -> EnvPoolEnvs:
    """Make what the settings ask for."""
    return EnvPoolEnvs(settings.task, settings.num_envs, settings.seed, settings.threads)
