"""EnvPool by itself: its own loop over the pool of a graph that runs, in the graph's process.

So both find the same memory, threads and cores.  It has its own way to start finished
environments again: with their next step, whose action is ignored.
"""

from __future__ import annotations

import time
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dnne_ros.sim.envpool_envs import EnvPoolEnvs

FIRST = 5
"""Steps that do not count: a turn finds the memory of others, and what they left of episodes."""


class Alone:
    """EnvPool's own loop, which is let go on for some time now and then.

    Attributes:
        seconds: how long it has stepped so far, without what does not count.
        steps: of environments in that time, as far as an action made them.
        lost: which share of its actions was ignored.

    """

    def __init__(self, simulator: EnvPoolEnvs, actions: np.ndarray):
        """Step the environments of ``simulator`` with ``actions`` (…, n, actions), in turn."""
        self._simulator = simulator
        self._actions = cycle(actions)
        self._elapsed: list[np.ndarray] = []
        self.seconds = 0.0

    def go_on(self, seconds: float) -> None:
        """Step for some time."""
        pool, envs = self._simulator.pool()
        for _ in range(FIRST):
            pool.step(next(self._actions), envs)
        began = now = time.perf_counter()
        while now - began < seconds:
            self._elapsed.append(pool.step(next(self._actions), envs)[-1]["elapsed_step"])
            now = time.perf_counter()
        self.seconds += now - began

    @property
    def steps(self) -> int:
        """Return how many steps were made by an action."""
        return sum(map(np.count_nonzero, self._elapsed))

    @property
    def lost(self) -> float:
        """Return which share of the actions made none."""
        return 1.0 - self.steps / sum(map(len, self._elapsed))
