"""What Gymnasium's spaces are as the columns of a task."""

from __future__ import annotations

import math

import numpy as np
from gymnasium import spaces

from dnne_ros.sim.simulator import ArraySpec


def columns(name: str, space: spaces.Box) -> ArraySpec:
    """Return the columns of ``space`` flattened, with numbers for names: ``name_0``."""
    size = math.prod(space.shape)
    return ArraySpec(
        tuple(f"{name}_{i}" for i in range(size)), ("",) * size,
        tuple(space.low.astype(float).flatten().tolist()),
        tuple(space.high.astype(float).flatten().tolist()))


ACTIONS = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete)
"""What an action may be; a ``MultiDiscrete`` has one axis."""


class ActionSpace:
    """A ``Box``, clipped at its bounds and not scaled; or a ``Discrete``, an index from 0.

    A ``MultiDiscrete`` is several of these.

    ``columns`` and ``choices`` are what `TaskSpec` calls ``action`` and ``discrete_actions``.
    """

    def __init__(self, space: spaces.Box | spaces.Discrete | spaces.MultiDiscrete):
        """Describe ``space``."""
        self._space = space
        self.choices: int | tuple[int, ...] | None = None
        if isinstance(space, spaces.Box):
            self.columns = columns("action", space)
        elif isinstance(space, spaces.Discrete):
            self.choices = int(space.n)
            self.columns = ArraySpec(("choice",), ("",), (0.0,), (self.choices - 1.0,))
        else:
            self.choices = tuple(map(int, space.nvec))
            self.columns = ArraySpec(
                tuple(f"choice_{i}" for i in range(len(self.choices))), ("",) * len(self.choices),
                (0.0,) * len(self.choices), tuple(count - 1.0 for count in self.choices))
        self._low = np.array(self.columns.low, np.float32)
        self._high = np.array(self.columns.high, np.float32)

    def native(self, actions: np.ndarray) -> np.ndarray:
        """Return float32 (n, columns) as the environments take them, of the space's dtype."""
        actions = np.minimum(np.maximum(actions, self._low), self._high)  # quicker than np.clip
        if isinstance(self._space, spaces.Discrete):
            return np.asarray(
                np.rint(actions[:, 0]).astype(self._space.dtype) + self._space.start)
        if isinstance(self._space, spaces.MultiDiscrete):
            return np.asarray(np.rint(actions).astype(self._space.dtype) + self._space.start)
        return actions.reshape(-1, *self._space.shape).astype(self._space.dtype, copy=False)
