"""A further Gymnasium environment that draws what the ones that are stepped look like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np

from dnne_ros.errors import InputError, describe
from dnne_ros.sim.gymnasium_state import can_be_saved, saved_state, write_state


class Twin:
    """Made with ``render_mode="rgb_array"``, which those that are stepped are not."""

    def __init__(self, id: str, envs: Sequence[Any]):
        """Draw any of ``envs``; InputError if their state cannot be had, or nothing draws it."""
        self._envs = envs
        source = f"simulator {id}"
        if not can_be_saved(envs[0]):
            raise InputError(source, [
                "it cannot be filmed: of other environments than Gymnasium's own MuJoCo and "
                "classic control ones, the state cannot be had; a vecenv: function can make them "
                "with render_mode='rgb_array'"])
        try:
            self._env = gymnasium.make(id, render_mode="rgb_array", disable_env_checker=True)
            self._env.reset(seed=0)
            self._env.render()
        except (gymnasium.error.Error, ImportError) as error:  # such as pygame that is missing
            raise InputError(source, [f"it cannot be filmed: {describe(error)}"]) from error

    def draw(self, env: int) -> np.ndarray:
        """Return environment ``env`` as uint8 RGB (height, width, 3)."""
        write_state(self._env, *saved_state(self._envs[env]))
        picture: Any = self._env.render()
        return np.asarray(picture)

    def close(self) -> None:
        """Close it."""
        self._env.close()
