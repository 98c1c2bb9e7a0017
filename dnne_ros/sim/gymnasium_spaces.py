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


class ActionSpace:
    """A ``Box``, clipped at its bounds and not scaled; or a ``Discrete``, an index from 0.

    ``columns`` and ``choices`` are what `TaskSpec` calls ``action`` and ``discrete_actions``.
    """

    def __init__(self, space: spaces.Box | spaces.Discrete):
        """Describe ``space``."""
        self._space = space
        self.choices = int(space.n) if isinstance(space, spaces.Discrete) else None
        self.columns = columns("action", space) if isinstance(space, spaces.Box) \
            else ArraySpec(("choice",), ("",), (0.0,), (int(space.n) - 1.0,))
        self._low = np.array(self.columns.low, np.float32)
        self._high = np.array(self.columns.high, np.float32)

    def native(self, actions: np.ndarray) -> np.ndarray:
        """Return float32 (n, columns) as the environments take them, of the space's dtype."""
        actions = np.clip(actions, self._low, self._high)
        if isinstance(self._space, spaces.Discrete):
            return np.asarray(
                np.rint(actions[:, 0]).astype(self._space.dtype) + self._space.start)
        return actions.reshape(-1, *self._space.shape).astype(self._space.dtype, copy=False)
