"""Gymnasium's ``VectorEnv``, made by a function of the user's, as a simulator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim.episode_log import EpisodeTerms
from dnne_ros.sim.gymnasium_spaces import ACTIONS, ActionSpace, columns
from dnne_ros.sim.simulator import StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.step_seconds import step_seconds
from dnne_ros.sim.vecenv_base import MakeEnv, UserVectorEnv


class GymnasiumVectorEnv(UserVectorEnv):
    """A ``VectorEnv`` in any of Gymnasium's three modes of starting finished environments.

    *Same step*: ``final_obs`` of its infos are the observations before the reset.  *Disabled*, and
    *next step* where Gymnasium's own classes step the environments: they are reset here by mask,
    in the same step.  *Next step* of other classes: ``resets_in_step`` is False, and an episode
    has one more step, in which it is reset.

    Observations are a ``Box``, flattened; actions a ``Box``, ``Discrete`` or ``MultiDiscrete``.
    Seeds are those of ``reset(seed=…)``.
    """

    def __init__(self, env: Any, make_env: MakeEnv, settings: SimulatorSettings):
        """Reset ``env``; InputError if its spaces do not fit."""
        super().__init__(env, make_env, settings)
        observation, action = env.single_observation_space, env.single_action_space
        if not isinstance(observation, spaces.Box):
            raise InputError(f"simulator {self._name}", [
                f"expected observations that are a Box, found {observation}"])
        if not isinstance(action, ACTIONS):
            raise InputError(f"simulator {self._name}", [
                f"expected an action space Box, Discrete or MultiDiscrete, found {action}"])
        self._mode = AutoresetMode(env.metadata.get("autoreset_mode", AutoresetMode.NEXT_STEP))
        own = isinstance(env.unwrapped, (SyncVectorEnv, AsyncVectorEnv))
        self._by_mask = self._mode == AutoresetMode.DISABLED or (
            own and self._mode == AutoresetMode.NEXT_STEP)
        self.resets_in_step = self._by_mask or self._mode == AutoresetMode.SAME_STEP
        limit = getattr(env.spec, "max_episode_steps", None) or 0
        self._actions = ActionSpace(action)
        inner = env.unwrapped
        self._spec = TaskSpec(
            name=self._name, num_envs=self._num_envs, action=self._actions.columns,
            observation=columns("observation", observation),
            discrete_actions=self._actions.choices,
            step_seconds=step_seconds(inner.envs[0] if isinstance(inner, SyncVectorEnv) else env),
            max_episode_steps=limit and limit + (not self.resets_in_step))
        self._terms = EpisodeTerms(self._num_envs)
        self._start()

    def _begin(self, seed: int) -> Tensor:
        self._terms.begin()
        observations, _ = self._env.reset(seed=seed)
        return self._vectors(observations)

    def _step(self, actions: Tensor) -> StepResult:
        observations, rewards, terminated, truncated, infos = self._env.step(
            self._actions.native(actions.cpu().numpy()))
        ended = self._rows(terminated, "terminated", torch.bool)
        timed_out = self._rows(truncated, "truncated", torch.bool) & ~ended
        rewards = self._rows(rewards, "rewards", torch.float32)
        following = self._vectors(observations)
        done = ended | timed_out
        self._log = self._terms.add(_of_the_step(infos), done.numpy())
        present = following.clone()
        if done.any() and self._by_mask:
            observations, _ = self._env.reset(options={"reset_mask": done.numpy()})
            present = self._vectors(observations)
        elif done.any() and self._mode == AutoresetMode.SAME_STEP:
            following[done] = self._final(infos, done)
        return StepResult(present, rewards, ended, timed_out, following)

    def _final(self, infos: dict[str, Any], done: Tensor) -> Tensor:
        """Return the observations before the reset of those that are ``done``, (done, size)."""
        final = infos.get("final_obs")
        if final is None:
            raise self._error("expected final_obs in the infos of a step that ends an episode "
                              "(AutoresetMode.SAME_STEP), found none")
        rows = np.stack([np.asarray(final[env], np.float32).ravel()
                         for env in done.nonzero()[:, 0].tolist()])
        return self._taken(rows, "final_obs", (len(rows), self._spec.observation.size),
                           torch.float32)


def _of_the_step(infos: dict[str, Any]) -> dict[str, Any]:
    """Return what the infos say of a step, where others already speak of the next episode."""
    final = infos.get("final_info")
    if not isinstance(final, dict):
        return infos
    return {**infos, **{name: np.where(final[f"_{name}"], values, infos.get(name, values))
                        for name, values in final.items()
                        if f"_{name}" in final and isinstance(values, np.ndarray)}}
