"""What vector environments of the user's have in common as simulators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim.episode_log import EpisodeLog
from dnne_ros.sim.simulator import SimulationError, StepResult
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.unsaved_simulator import UnsavedSimulator, first_seed
from dnne_ros.sim.vecenv_function import described

if TYPE_CHECKING:
    from dnne_ros.sim.renderer import Renderer

MakeEnv = Callable[[int], Any]
"""Makes the vector environment that has a seed."""


class UserVectorEnv(UnsavedSimulator):
    """A vector environment made by the user; its state cannot be saved (``resumes`` is False).

    A subclass sets ``_spec`` and says how it begins and steps.  What fails in the user's code is
    a SimulationError with the task, the step, and the file and line.
    """

    def __init__(self, env: Any, make_env: MakeEnv, settings: SimulatorSettings):
        """Hold ``env``, made with the seed that follows from the settings' at step 0."""
        self._env, self._make_env = env, make_env
        self._name, self._num_envs = f"vecenv:{settings.task}", settings.num_envs
        self._seed = settings.seed
        self._observations: Tensor
        self._log: EpisodeLog | None = None

    def observations(self) -> Tensor:
        """Return the present observations."""
        return self._observations.clone()

    def episode_log(self) -> EpisodeLog | None:
        """Return what the environments say of the episodes that ended with the last step."""
        return self._log

    def step(self, actions: Tensor) -> StepResult:
        """Step all environments once; what they give is checked."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        with self._user_code("step()"):
            result = self._step(actions.detach())
        for observations in (result.next_observations, result.observations):
            self._spec.check_observations(observations, self._steps)
        self._spec.check_rewards(result.rewards, self._steps)
        self._observations = result.observations.clone()
        return result

    def renderer(self, width: int, height: int) -> Renderer:
        """Let the user's environments draw, as they were made to with ``render_mode``."""
        from dnne_ros.sim.renderer import OwnRenderer

        inner = getattr(self._env, "unwrapped", self._env)
        if getattr(inner, "render_mode", None) != "rgb_array":
            raise InputError(f"simulator {self._name}", [
                "it cannot be filmed: make the environments with render_mode='rgb_array'"])
        return OwnRenderer(self._draw)

    def _draw(self, env: int) -> Any:
        """Return the picture of an environment: of those of all, or of the one that there is."""
        with self._user_code("render()"):
            found = self._env.render()
            picture = found if getattr(found, "ndim", 0) == 3 else found[env]
        if getattr(picture, "ndim", 0) != 3 or picture.shape[2] != 3:
            raise self._error("expected render() to return pictures (height, width, 3), found "
                              f"{getattr(picture, 'shape', type(picture).__name__)}")
        return picture

    def close(self) -> None:
        """Close the user's environment, if it can be closed."""
        env, self._env = self._env, None
        close(env)

    @abstractmethod
    def _begin(self, seed: int) -> Tensor:
        """Reset all environments; return their observations (n, observation.size)."""

    @abstractmethod
    def _step(self, actions: Tensor) -> StepResult:
        """Step all environments; the result's tensors are nobody else's."""

    def _start(self) -> None:
        with self._user_code("the reset"):
            self._observations = self._begin(first_seed(self._seed, self._steps))
        self._spec.check_observations(self._observations, self._steps)

    def _rows(self, values: Any, what: str, dtype: torch.dtype) -> Tensor:
        """Return a copy of a number or flag for each environment; SimulationError otherwise."""
        return self._taken(values, what, (self._num_envs,), dtype)

    def _vectors(self, values: Any, what: str = "observations") -> Tensor:
        """Return a copy of observations, float32 (n, observation.size)."""
        found = torch.as_tensor(values)
        if found.dim() > 1:
            found = found.reshape(len(found), -1)
        return self._taken(found, what, (self._num_envs, self._spec.observation.size),
                           torch.float32)

    def _taken(self, values: Any, what: str, shape: tuple[int, ...], dtype: torch.dtype
               ) -> Tensor:
        found = torch.as_tensor(values).detach()
        if tuple(found.shape) != shape:
            raise self._error(f"expected {what} {shape}, found {tuple(found.shape)}")
        return found.to(self._spec.device, dtype, copy=True)

    def _error(self, text: str) -> SimulationError:
        return SimulationError(f"{self._name}, step {self._steps}: {text}")

    @contextmanager
    def _user_code(self, what: str) -> Iterator[None]:
        try:
            yield
        except SimulationError:
            raise
        except Exception as error:
            raise self._error(f"{what} of the environments failed: {described(error)}") from error


def close(env: Any) -> None:
    """Close a vector environment that can be closed."""
    if callable(getattr(env, "close", None)):
        env.close()
