"""One of our simulators as the vector environment that Stable-Baselines3 trains in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from dnne_ros.sim.simulator import Simulator, StepResult


class SimulatorVecEnv(VecEnv):
    """Actions are within ±1, whatever the task makes of them."""

    def __init__(self, simulator: Simulator, step: Callable[[torch.Tensor], StepResult]):
        """Step with ``step``, which takes actions within ±1."""
        spec = simulator.spec
        super().__init__(spec.num_envs, spaces.Box(-np.inf, np.inf, (spec.observation.size,)),
                         spaces.Box(-1.0, 1.0, (spec.action.size,)))
        self._simulator, self._step = simulator, step

    def reset(self) -> np.ndarray:
        """Return the observations: what is asked for once, at the start."""
        return self._simulator.observations().numpy()

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions."""
        self._actions = torch.from_numpy(actions)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Step; an episode's last observation and kind of end are in its info."""
        result = self._step(self._actions)
        done = (result.terminated | result.timed_out).numpy()
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for env in np.flatnonzero(done):
            infos[env] = {"terminal_observation": result.next_observations[env].numpy(),
                          "TimeLimit.truncated": bool(result.timed_out[env])}
        return result.observations.numpy(), result.rewards.numpy(), done, infos

    def get_attr(self, attr_name: str, indices: Any = None) -> list[None]:
        """Return nothing for each: there is no render mode."""
        return [None] * self.num_envs

    def close(self) -> None:
        """Close the simulator."""
        self._simulator.close()

    # VecEnv wants them, and PPO calls none of them: if that changes, the benchmark ends.
    def _unused(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("not needed by Stable-Baselines3's PPO")

    set_attr = env_method = env_is_wrapped = _unused
