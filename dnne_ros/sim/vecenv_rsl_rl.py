"""rsl_rl's ``VecEnv``, made by a function of the user's, as a simulator.

Nothing of rsl_rl is imported: an object with its attributes is one.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim.simulator import ArraySpec, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.step_seconds import step_seconds
from dnne_ros.sim.vecenv_base import MakeEnv, UserVectorEnv, close

_GROUPS = ("actor", "policy")
"""What rsl_rl and Isaac Lab call the observations of the actor."""


class RslRlVecEnv(UserVectorEnv):
    """A ``VecEnv``, which starts finished environments in the same step.

    *Ends.*  Those of ``dones`` that are in ``extras["time_outs"]`` timed out.  ``VecEnv`` does not
    give what an episode ended with.  Where ``extras["final_obs"]`` has it, that is
    ``next_observations``; otherwise what was observed before the step takes its place, whose value
    rsl_rl, too, takes for that of an episode that is cut off.

    *Observations* are a tensor, or the group ``actor`` or ``policy``, or the only one there is.
    *Actions* have no bounds.  *Seeds*: for other episodes the environments are made anew.
    """

    def __init__(self, env: Any, make_env: MakeEnv, settings: SimulatorSettings):
        """Look at ``env``; InputError if its observations do not fit."""
        super().__init__(env, make_env, settings)
        with self._user_code("get_observations()"):
            first = self._group(_first(env.get_observations()))
        if first.dim() != 2:
            raise InputError(f"simulator {self._name}", [
                f"expected observations (environments, numbers), found {tuple(first.shape)}"])
        size, actions = first.shape[1], int(env.num_actions)
        limit = getattr(env, "max_episode_length", 0)
        self._spec = TaskSpec(
            name=self._name, num_envs=self._num_envs,
            observation=ArraySpec.unbounded(
                tuple(f"observation_{i}" for i in range(size)), ("",) * size),
            action=ArraySpec.unbounded(
                tuple(f"action_{i}" for i in range(actions)), ("",) * actions),
            discrete_actions=None, step_seconds=step_seconds(env),
            max_episode_steps=int(torch.as_tensor(limit).max()), device=str(first.device))
        self._observations = self._vectors(first)
        self._spec.check_observations(self._observations, 0)

    def _begin(self, seed: int) -> Tensor:
        old, self._env = self._env, None
        close(old)
        self._env = self._make_env(seed)
        return self._vectors(self._group(_first(self._env.get_observations())))

    def _step(self, actions: Tensor) -> StepResult:
        found = self._env.step(actions.to(self._spec.device, copy=True))
        if not isinstance(found, tuple) or len(found) != 4:
            raise self._error("expected observations, rewards, dones and extras of step(), found "
                              + (f"{len(found)} values" if isinstance(found, tuple)
                                 else type(found).__name__))
        observations, rewards, dones, extras = found
        done = self._rows(dones, "dones", torch.bool)
        time_outs = extras.get("time_outs")
        timed_out = torch.zeros_like(done) if time_outs is None \
            else done & self._rows(time_outs, "time_outs", torch.bool)
        present = self._vectors(self._group(observations))
        following = present.clone()
        if done.any():
            final = extras.get("final_obs")
            before = self._observations if final is None \
                else self._vectors(self._group(final), "final_obs")
            following[done] = before[done]
        return StepResult(present, self._rows(rewards, "rewards", torch.float32),
                          done & ~timed_out, timed_out, following)

    def _group(self, observations: Any) -> Tensor:
        """Return the tensor for the actor; SimulationError if there is none to choose."""
        if isinstance(observations, Tensor):
            return observations
        if not hasattr(observations, "keys"):
            raise self._error("expected observations that are a tensor or groups of them, found "
                              f"{type(observations).__name__}")
        names = list(observations.keys())
        chosen = next((name for name in _GROUPS if name in names), None)
        if chosen is None and len(names) == 1:
            chosen = names[0]
        if chosen is None:
            raise self._error(f"expected a group {' or '.join(_GROUPS)} among the observations, "
                              f"found {', '.join(map(str, names))}")
        group: Tensor = observations[chosen]
        return group


def _first(found: Any) -> Any:
    """Return the observations of older versions' ``observations, extras``."""
    return found[0] if isinstance(found, tuple) else found
