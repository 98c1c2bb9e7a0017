"""Environments that have begun and wait to take the place of others, whose episodes end.

To begin some of many takes as long as the slowest of them, while most threads have nothing to do.
EnvPool begins a finished environment with the next step, beside those that act, which takes no
time of its own.  So there are some more environments than act; one that has begun comes in the
place of one that is finished, and what it begins with is known already.
"""

from __future__ import annotations

import numpy as np

from dnne_ros.sim.envpool_arrays import PoolArrays, Stepped

_FOR_ONE = 16
"""How many environments act for a spare one.  Go1's fall, with random actions, in 2 % of steps."""
_NONE = np.zeros(0, np.int64)


def spares_for(num_envs: int) -> int:
    """Return how many more environments there are to be than ``num_envs`` that act."""
    return num_envs // _FOR_ONE


class SpareEnvs:
    """Lets as many environments of a pool act as wanted, and keeps the others ready."""

    def __init__(self, arrays: PoolArrays, num_envs: int):
        """Let the first ``num_envs`` of a pool act, which was just made."""
        self._arrays, self._num_envs = arrays, num_envs
        self._envs = arrays.envs.copy()
        """In the pool: those that act, and behind them those that are let begin."""
        self._spares = self._envs[num_envs:].copy()
        self._starts = [each[num_envs:].copy() for each in arrays.started.observations]
        """Each part of what the spare ones begin with, in their order, where they are ready."""
        self._ready, self._ended = np.arange(len(self._spares)), _NONE
        """Which of the spare ones have begun, in the order of that, and which are to, those whose
        place was taken last."""
        self._actions: np.ndarray | None = None

    def pool_env(self, env: int) -> int:
        """Return which of the pool's acts as ``env``."""
        return int(self._envs[env])

    @property
    def acting(self) -> np.ndarray:
        """Return the environments of the pool that act, int32 (num_envs,)."""
        return np.array(self._envs[:self._num_envs])

    def send(self, actions: np.ndarray) -> None:
        """Let all act, as (num_envs, …); `receive` waits for them."""
        if self._actions is None:
            shape = (len(self._envs), *actions.shape[1:])
            self._actions = np.zeros(shape, self._arrays.dtype)
        self._actions[:self._num_envs] = actions
        sent = self._num_envs + self._ended.size
        self._envs[self._num_envs:sent] = self._spares[self._ended]
        self._arrays.send(self._actions[:sent], self._envs[:sent])

    def receive(self) -> Stepped:
        """Return what those that acted came to; behind their terms may be others'."""
        stepped = self._arrays.receive()
        if not self._ended.size:
            return stepped
        for starts, part in zip(self._starts, stepped.observations, strict=True):
            starts[self._ended] = part[self._num_envs:]
        self._ready, self._ended = np.concatenate((self._ready, self._ended)), _NONE
        return stepped.first(self._num_envs)

    def begin(self, finished: np.ndarray, *, in_pool: bool) -> None:
        """Let episodes begin anew in some environments, int (m,); `receive_begun` is to follow.

        ``in_pool``: the pool, too, says of all of them that they are done.
        """
        if not in_pool or finished.size > self._ready.size:
            self._arrays.reset(self._envs[finished])
            return
        spares, self._ready = self._ready[:finished.size], self._ready[finished.size:]
        self._envs[finished], self._spares[spares] = self._spares[spares], self._envs[finished]
        self._ended = spares

    def receive_begun(self) -> list[np.ndarray]:
        """Return each part (m, …) of what they begin with, waiting for it where it must be."""
        if not self._ended.size:
            return self._arrays.receive().observations
        return [starts[self._ended] for starts in self._starts]
