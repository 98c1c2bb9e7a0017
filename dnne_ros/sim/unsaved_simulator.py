"""What simulators have in common whose physics cannot be saved."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from torch import Tensor

from dnne_ros.sim.simulator import SimulationError, Simulator, TaskSpec


class UnsavedSimulator(Simulator):
    """One whose `restore` starts new episodes, the same ones for the same state.

    A subclass sets ``_spec``, counts its ``_steps``, and says how it starts.
    """

    resumes = False
    _spec: TaskSpec
    _steps = 0

    @property
    def spec(self) -> TaskSpec:
        """The task."""
        return self._spec

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return how far it has come; the physics cannot be saved."""
        return {}, {"num_envs": self._spec.num_envs, "steps": self._steps}

    def restore(self, tensors: dict[str, Tensor], values: dict[str, Any]) -> None:
        """Start the new episodes that follow a state."""
        if values["num_envs"] != self._spec.num_envs:
            raise SimulationError(f"{self._spec.name}: expected a state of {self._spec.num_envs} "
                                  f"environments, found one of {values['num_envs']}")
        self._spec.check_state(tensors, {})
        self._steps = values["steps"]
        self._start()

    @abstractmethod
    def _start(self) -> None:
        """Start new episodes in all environments, which follow from the seed and ``_steps``."""


def first_seed(seed: int, steps: int) -> int:
    """Return the seed, from 0 to 2**31 - 1, of episodes that begin behind ``steps`` steps."""
    return int(np.random.SeedSequence([seed, steps]).generate_state(1)[0]) >> 1
