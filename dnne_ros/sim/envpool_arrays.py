"""What EnvPool's threads take and give, as plain arrays.

EnvPool's own ``step`` asks for its configuration, and makes dictionaries of all arrays, each time.
The physics has emptied the caches of the processor by then, so that takes as long as a step of
some environments.  Here the arrays are asked of that which EnvPool's ``step`` asks itself, and to
send and to receive are two calls, so that there may be work between them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

_OBSERVATION, _INFO = "obs", "info:"


class Stepped(NamedTuple):
    """What some environments came to, of which there are n.

    Attributes:
        done: bool (n,), whether an episode is over, for whatever reason.
        truncated: bool (n,), whether its time is.
        elapsed: int32 (n,), its steps so far.
        rewards: float32 (n,).
        observations: (n, …), in the order of `PoolArrays.parts`.
        terms: float (n,), in the order of `PoolArrays.terms`.
        arrays: all that there are.  To let go of them takes time: the owner says when.

    """

    done: np.ndarray
    truncated: np.ndarray
    elapsed: np.ndarray
    rewards: np.ndarray
    observations: list[np.ndarray]
    terms: list[np.ndarray]
    arrays: list[np.ndarray]

    def first(self, count: int) -> Stepped:
        """Return what the first ``count`` came to; terms and arrays are still those of all."""
        return Stepped(self.done[:count], self.truncated[:count], self.elapsed[:count],
                       self.rewards[:count], [each[:count] for each in self.observations],
                       self.terms, self.arrays)


class PoolArrays:
    """The arrays of a pool in its synchronous mode, with one agent in each environment.

    ``parts`` are the names of the observations, as far as they are parts of a dictionary; else
    there is one, which is empty.  ``terms`` are those of infos that are one float number of each
    environment.  ``envs`` are the numbers of all environments, int32 (n,), ``dtype`` is that of
    actions.
    """

    def __init__(self, pool: Any):
        """Speak with ``pool``, which was just made, and start all episodes: see `started`."""
        self._send, self._receive, self._reset = pool._send, pool._recv, pool._reset
        self.envs: np.ndarray = pool.all_env_ids
        self.dtype = pool._spec._action_spec[-1][0]
        self._sent: np.ndarray
        names = list(pool._state_keys)
        self._reset(self.envs)
        first = self._receive()
        self._done, self._truncated, self._elapsed, self._rewards = map(
            names.index, ("done", "trunc", "elapsed_step", "reward"))
        parts = {name.removeprefix(_OBSERVATION).removeprefix(":"): at
                 for at, name in enumerate(names) if name.split(":")[0] == _OBSERVATION}
        terms = {name.removeprefix(_INFO): at for at, name in enumerate(names)
                 if name.startswith(_INFO) and "." not in name
                 and first[at].dtype.kind == "f" and first[at].shape == self.envs.shape}
        self.parts, self._parts = tuple(parts), tuple(parts.values())
        self.terms, self._terms = tuple(terms), tuple(terms.values())
        self.started = self._named(first)
        """How all environments began."""

    def send(self, actions: np.ndarray, envs: np.ndarray | None = None) -> None:
        """Let environments act, as (n, …), int32 (n,) of them or all; `receive` waits for them.

        One whose episode is done begins anew instead.  Neither array may be written until then.
        """
        # The threads read them where they are, so they are kept until the next ones.
        self._sent = np.ascontiguousarray(actions, self.dtype)
        self._acting = self.envs if envs is None else envs
        self._send([self._acting, self._acting, self._sent])

    def reset(self, envs: np.ndarray) -> None:
        """Let new episodes begin in some environments, int32 (m,); `receive` waits for them."""
        self._reset(envs)

    def receive(self) -> Stepped:
        """Wait for those that were let act or begin, and return them in that order.

        The arrays are nobody else's.
        """
        return self._named(self._receive())

    def _named(self, arrays: list[np.ndarray]) -> Stepped:
        return Stepped(
            arrays[self._done], arrays[self._truncated], arrays[self._elapsed],
            arrays[self._rewards], [arrays[at] for at in self._parts],
            [arrays[at] for at in self._terms], arrays)
