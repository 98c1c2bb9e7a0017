"""Gymnasium's environments, any of them by its id, behind the `Simulator` interface.

They run one after the other in one thread (``SyncVectorEnv``).  A process for each one
(``AsyncVectorEnv``) costs more in messages than a step of these environments takes.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim.episode_log import EpisodeLog, EpisodeTerms
from dnne_ros.sim.gymnasium_spaces import ACTIONS, ActionSpace, columns
from dnne_ros.sim.gymnasium_state import can_be_saved, saved_state, write_state
from dnne_ros.sim.mujoco_warnings import take_over_warnings
from dnne_ros.sim.simulator import SimulationError, Simulator, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.step_seconds import step_seconds
from dnne_ros.sim.unknown_task import UnknownTask
from dnne_ros.sim.vecenv_function import described

if TYPE_CHECKING:
    from dnne_ros.sim.renderer import Renderer


class GymnasiumEnvs(Simulator):
    """A ``gymnasium.make_vec`` environment.

    *Ends.*  Gymnasium's own resets are off (``AutoresetMode.DISABLED``): a step gives the
    observation that the action led to, for ``next_observations``; then the finished episodes
    are reset, in the same step.  What Gymnasium calls truncated is ``timed_out``, unless the
    same step also terminated.

    *Actions.*  A ``Box`` is clipped at its bounds and not scaled.  A ``Discrete`` space takes
    an index from 0, its first choice.  *Observations* of other shapes are flattened as
    `gymnasium.spaces.flatten` does; a discrete one becomes one-hot.

    *Saving.*  The environments that come with Gymnasium and keep their state in MuJoCo or in a
    ``state`` attribute (classic control) go on bit-identically; others start new episodes.
    """

    def __init__(self, id: str, num_envs: int, seed: int, *, drawn: bool = False):
        """Make ``num_envs`` environments of ``id`` and reset them; ``drawn``: for a `renderer`.

        Raises:
            InputError: an unknown id, one whose packages are missing, or an action space that
                is neither ``Box`` nor ``Discrete`` nor ``MultiDiscrete``.

        """
        if num_envs < 1:
            raise ValueError(f"num_envs: expected at least 1, found {num_envs}")
        take_over_warnings()
        self._seed = seed
        flat, seconds, draws = _look_at(id)
        envs = gymnasium.make_vec(
            id, num_envs, vectorization_mode="sync", disable_env_checker=True,
            **({"render_mode": "rgb_array"} if drawn and draws else {}),
            vector_kwargs={"autoreset_mode": AutoresetMode.DISABLED, "copy": False},
            wrappers=[] if flat else [gymnasium.wrappers.FlattenObservation])
        assert isinstance(envs, SyncVectorEnv)  # so "sync" says
        self._envs = envs
        observed: Any = envs.single_observation_space
        self._actions = ActionSpace(envs.single_action_space)  # type: ignore[arg-type]
        self._spec = TaskSpec(
            name=id, num_envs=num_envs, action=self._actions.columns,
            observation=columns("observation", observed),
            discrete_actions=self._actions.choices, step_seconds=seconds,
            max_episode_steps=gymnasium.spec(id).max_episode_steps or 0)
        self._steps = 0
        self._terms = EpisodeTerms(num_envs)
        self._log: EpisodeLog | None = None
        self._start(0)
        self.resumes = all(can_be_saved(env) for env in self._envs.envs)

    @property
    def spec(self) -> TaskSpec:
        """The task, as far as Gymnasium tells it: columns have numbers for names."""
        return self._spec

    def observations(self) -> Tensor:
        """Return the present observations, float32 (n, observation.size)."""
        return torch.from_numpy(self._observations.copy())

    def episode_log(self) -> EpisodeLog | None:
        """Return what Gymnasium's infos say of the episodes that ended with the last step."""
        return self._log

    def step(self, actions: Tensor) -> StepResult:
        """Step each environment once, and reset those that finish."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        native = self._actions.native(actions.detach().cpu().numpy())
        with self._environments_code("step()"):
            observations, rewards, terminated, truncated, infos = self._envs.step(native)
        following = observations.astype(np.float32)
        next_observations = torch.from_numpy(following)
        gained = torch.from_numpy(rewards.astype(np.float32))
        self._spec.check_observations(next_observations, self._steps)
        self._spec.check_rewards(gained, self._steps)
        done = terminated | truncated
        self._log = self._terms.add(infos, done)
        if done.any():
            with self._environments_code("reset()"):
                observations, _ = self._envs.reset(options={"reset_mask": done})
            self._observations = observations.astype(np.float32)
            self._spec.check_observations(torch.from_numpy(self._observations), self._steps)
        else:
            self._observations = following
        return StepResult(
            self.observations(), gained, torch.from_numpy(terminated.copy()),
            torch.from_numpy(truncated & ~terminated), next_observations.clone())

    def renderer(self, width: int, height: int) -> Renderer:
        """Draw MuJoCo's models; other environments draw themselves, as large as they like."""
        from dnne_ros.sim.renderer import ModelRenderer, OwnRenderer

        inner: Any = [env.unwrapped for env in self._envs.envs]
        if all(hasattr(env, "model") and hasattr(env, "data") for env in inner):
            return ModelRenderer(inner[0].model, lambda env: inner[env].data.qpos.tolist(), width,
                                 height)
        if self._envs.render_mode != "rgb_array":
            raise InputError(f"simulator {self._spec.name}", [
                "it cannot be filmed: it has no render_mode rgb_array"])
        return OwnRenderer(self._draw)

    def _draw(self, env: int) -> Any:
        try:
            return self._envs.envs[env].render()
        except (gymnasium.error.Error, ImportError) as error:  # such as pygame that is missing
            raise SimulationError(f"{self._spec.name} cannot draw itself: {error}") from error

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return physics, random states and episode lengths, as far as they can be had."""
        values: dict[str, Any] = {
            "num_envs": self._spec.num_envs, "steps": self._steps, "resumes": self.resumes}
        if not self.resumes:
            return {}, values
        states = [saved_state(env) for env in self._envs.envs]
        tensors = {name: torch.from_numpy(np.stack([arrays[name] for arrays, _ in states]))
                   for name in states[0][0]}
        values["environments"] = [rest for _, rest in states]
        return {"observations": self.observations(), **tensors}, values

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Go back to what `state` returned, or start the new episodes that follow it."""
        if values["num_envs"] != self._spec.num_envs:
            raise SimulationError(f"{self._spec.name}: expected a state of {self._spec.num_envs} "
                                  f"environments, found one of {values['num_envs']}")
        self._spec.check_state(tensors, self.state()[0])
        self._steps = values["steps"]
        if not self.resumes:
            self._start(self._steps)
            return
        for row, (env, rest) in enumerate(zip(
                self._envs.envs, values["environments"], strict=True)):
            write_state(env, {name: tensor[row].numpy() for name, tensor in tensors.items()
                              if name != "observations"}, rest)
        self._observations = tensors["observations"].numpy().copy()
        self._terms.begin(whole=False)

    def close(self) -> None:
        """Close all environments."""
        self._envs.close()

    def _start(self, steps: int) -> None:
        """Reset all, with seeds that follow from the seed and the ``steps`` taken so far."""
        self._terms.begin()
        seeds = np.random.SeedSequence([self._seed, steps]).generate_state(
            self._spec.num_envs, np.uint64)
        with self._environments_code("reset()"):
            observations, _ = self._envs.reset(seed=[int(seed) for seed in seeds])
        self._observations = observations.astype(np.float32)
        self._spec.check_observations(torch.from_numpy(self._observations), self._steps)

    @contextmanager
    def _environments_code(self, what: str) -> Iterator[None]:
        """Say task, step and place of what code of the environments raises.

        Gymnasium notices observations of another shape only when it puts all side by side.
        """
        try:
            yield
        except Exception as error:
            shape = self._envs.single_observation_space.shape
            given = enumerate(getattr(self._envs, "_env_obs", ()))
            odd = next((f"environment {env} gave observations {found}, expected {shape}"
                        for env, each in given if each is not None
                        and (found := np.shape(each)) != shape), "")
            raise SimulationError(
                f"{self._spec.name}, step {self._steps}: "
                + (odd or f"{what} of the environments failed: {described(error)}")) from error


def make(settings: SimulatorSettings) -> GymnasiumEnvs:
    """Make what the settings ask for."""
    return GymnasiumEnvs(settings.task, settings.num_envs, settings.seed, drawn=settings.drawn)


def _look_at(id: str) -> tuple[bool, float, bool]:
    """Make one environment of ``id``.

    Return whether it is flat, its step in seconds, and whether it can draw itself.
    """
    source = f"simulator {id}"
    # "module:id" would have Gymnasium import the module: a workflow must not choose code.
    if ":" in id:
        raise InputError(source, ["expected the id alone; import the module that registers it in "
                                  "the file given with --nodes"])
    if id not in gymnasium.registry:
        known = list(gymnasium.registry)
        close = difflib.get_close_matches(id, known, n=5, cutoff=0.6) or known[:5]
        raise UnknownTask(source, [f"Gymnasium has no environment {id!r}; the nearest of "
                                   f"{len(known)} are {', '.join(close)}"])
    try:
        env = gymnasium.make(id, disable_env_checker=True)
    except (gymnasium.error.Error, ImportError) as error:
        raise InputError(source, [f"Gymnasium cannot make it: {error}"]) from error
    try:
        if not isinstance(env.action_space, ACTIONS):
            raise InputError(source, [f"expected an action space Box, Discrete or MultiDiscrete, "
                                      f"found {env.action_space}"])
        if not env.observation_space.is_np_flattenable:
            raise InputError(source, [f"expected observations of a fixed size, found "
                                      f"{env.observation_space}"])
        flat = isinstance(env.observation_space, spaces.Box) \
            and len(env.observation_space.shape) == 1
        return flat, step_seconds(env), "rgb_array" in env.metadata.get("render_modes", ())
    finally:
        env.close()
