"""rsl_rl's ``VecEnv``, made by a function of the user's, as a simulator.

Nothing of rsl_rl is imported: an object with its attributes is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim.episode_log import logged
from dnne_ros.sim.group_columns import CRITIC, Part, actors_group
from dnne_ros.sim.simulator import ArraySpec, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.step_seconds import step_seconds
from dnne_ros.sim.vecenv_base import MakeEnv, UserVectorEnv, close


class RslRlVecEnv(UserVectorEnv):
    """A ``VecEnv``, which starts finished environments in the same step.

    *Ends.*  Those of ``dones`` that are in ``extras["time_outs"]`` timed out.  ``VecEnv`` does not
    give what an episode ended with.  Where ``extras["final_obs"]`` has it, that is
    ``next_observations``; otherwise what was observed before the step takes its place, whose value
    rsl_rl, too, takes for that of an episode that is cut off.

    *Observations* are a tensor, or the group ``actor`` or ``policy``, or the only one there is; a
    critic sees the group ``critic``, if there is one.
    *Actions* have no bounds.  *Seeds*: for other episodes the environments are made anew.
    """

    def __init__(self, env: Any, make_env: MakeEnv, settings: SimulatorSettings):
        """Look at ``env``; InputError if its observations do not fit."""
        super().__init__(env, make_env, settings)
        with self._user_code("get_observations()"):
            groups = self._named(_first(env.get_observations()))
            self.own_group = self._actors(groups)
        first = groups[self.own_group]
        if CRITIC in groups and self.own_group != CRITIC:
            self.for_critic = (Part(CRITIC, None),)
        self._sizes = {name: tuple(group.shape) for name, group in groups.items()}
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
        self._present = self._before = self._groups(groups)
        self._observations = self._present[self.own_group]
        self._spec.check_observations(self._observations, 0)

    def groups(self) -> Mapping[str, Tensor]:
        """Return all groups at present."""
        return {name: group.clone() for name, group in self._present.items()}

    def next_groups(self, step: StepResult) -> Mapping[str, Tensor]:
        """Return all groups before any reset of the last step, as far as they are known."""
        return {name: group.clone() for name, group in self._before.items()}

    def _begin(self, seed: int) -> Tensor:
        old, self._env = self._env, None
        close(old)
        self._env = self._make_env(seed)
        self._present = self._before = self._groups(
            self._named(_first(self._env.get_observations())))
        return self._present[self.own_group].clone()

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
        present = self._groups(self._named(observations))
        following = {name: group.clone() for name, group in present.items()}
        if done.any():
            final = extras.get("final_obs")
            # Groups of which it is not known what they ended with stand as they were before.
            before = self._present if final is None else self._groups(
                {**self._present, **self._named(final)}, "final_obs")
            for name, group in following.items():
                group[done] = before[name][done]
        self._present, self._before = present, following
        self._log = logged(extras, int(done.sum()))
        return StepResult(present[self.own_group].clone(),
                          self._rows(rewards, "rewards", torch.float32), done & ~timed_out,
                          timed_out, following[self.own_group].clone())

    def _named(self, observations: Any) -> Mapping[str, Tensor]:
        """Return the groups of observations by name; a tensor is one of them."""
        if isinstance(observations, Tensor):
            return {self.own_group: observations}
        if not hasattr(observations, "keys"):
            raise self._error("expected observations that are a tensor or groups of them, found "
                              f"{type(observations).__name__}")
        return {str(name): observations[name] for name in observations.keys()}  # noqa: SIM118

    def _actors(self, groups: Mapping[str, Tensor]) -> str:
        """Return the name of the group for the actor; SimulationError if none is to choose."""
        chosen = actors_group(groups)
        if chosen is None:
            raise self._error("expected a group actor or policy among the observations, "
                              f"found {', '.join(groups)}")
        return chosen

    def _groups(self, groups: Mapping[str, Tensor], what: str = "observations"
                ) -> dict[str, Tensor]:
        """Return copies of all groups, float32, each with the shape that it began with."""
        found = {}
        for name in sorted(self._sizes, key=self.own_group.__ne__):  # the actor's comes first
            if name not in groups:
                raise self._error(f"expected a group {name!r} among the {what}, found "
                                  f"{', '.join(groups)}")
            found[name] = self._taken(groups[name], what if name == self.own_group else
                                      f"{what} {name!r}", self._sizes[name], torch.float32)
            if name != self.own_group and not found[name].isfinite().all():
                raise self._error(f"the {what} {name!r} are not finite numbers")
        return found


def _first(found: Any) -> Any:
    """Return the observations of older versions' ``observations, extras``."""
    return found[0] if isinstance(found, tuple) else found
