"""What a task says of finished episodes: reward terms, curricula, and whatever else it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np


class EpisodeLog(NamedTuple):
    """Means over the ``episodes`` that ended with one step, by the names that the task has."""

    episodes: int
    means: dict[str, float]


class EpisodeTerms:
    """Adds up what a task says of each step, environment by environment.

    Terms of the reward, whose names begin with ``reward``, are added up over an episode, as the
    reward is; of other numbers the mean over its steps counts.
    """

    def __init__(self, num_envs: int):
        """Count for ``num_envs`` environments, all at the start of an episode."""
        self._num_envs = num_envs
        self._one = np.ones(num_envs)
        self.begin()

    def begin(self, *, whole: bool = True) -> None:
        """Forget what was added.

        Not ``whole``: the episodes that go on have begun earlier, and are left out of the means.
        """
        self._names: tuple[str, ...] = ()
        self._sums = np.zeros((1, self._num_envs))
        """Of the steps, and of each term."""
        self._adds_up = np.zeros((0, 1), bool)
        self._whole = np.full(self._num_envs, whole)

    def add(self, terms: Mapping[str, Any], done: np.ndarray) -> EpisodeLog | None:
        """Take the ``terms`` of a step and say how the episodes went that are ``done`` (n,).

        A term is an array of float numbers (n,); what is no such thing is left out.  None: no
        episode ended, or nothing is known of those that did.
        """
        known = {name: values for name, values in terms.items()
                 if isinstance(values, np.ndarray) and values.dtype.kind == "f"
                 and values.shape == (self._num_envs,)}
        return self.add_all(tuple(known), list(known.values()), np.flatnonzero(done))

    def add_all(self, names: tuple[str, ...], values: Sequence[np.ndarray], finished: np.ndarray
                ) -> EpisodeLog | None:
        """Do as `add` with terms that are known to be some: their ``names`` and values.

        ``finished``: the numbers of the environments whose episodes are done.
        """
        if names != self._names:
            values = self._in_order(dict(zip(names, values, strict=True)))
        # One call for all of them: each would have to be read from memory again.
        self._sums += np.concatenate((self._one, *values)).reshape(self._sums.shape)
        if not finished.size:
            return None
        whole = self._whole[finished]
        log = self._log_of(finished[whole]) if self._names and whole.any() else None
        self._sums[:, finished] = 0.0
        self._whole[finished] = True
        return log

    def _in_order(self, terms: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Return what is added to each sum, with sums for ``terms`` that there are none of yet."""
        new = tuple(name for name in terms if name not in self._names)
        self._names += new
        self._sums = np.concatenate([self._sums, np.zeros((len(new), self._num_envs))])
        self._adds_up = np.array([[name.startswith("reward")] for name in self._names])
        return [terms.get(name, np.zeros(self._num_envs)) for name in self._names]

    def _log_of(self, envs: np.ndarray) -> EpisodeLog:
        """Return the means over the episodes of some environments."""
        sums = self._sums[:, envs]
        means = (sums[1:] / np.where(self._adds_up, 1.0, sums[0])).sum(1) / len(envs)
        return EpisodeLog(len(envs), dict(zip(self._names, means.tolist(), strict=True)))


def logged(extras: Mapping[str, Any], episodes: int) -> EpisodeLog | None:
    """Return what an environment of rsl_rl's kind says in ``extras`` of ``episodes`` that ended.

    That is ``extras["log"]``, or ``extras["episode"]`` of older ones: numbers by name.  None if
    it says nothing, or no episode ended: these environments leave the last words standing.
    """
    found = extras.get("log") or extras.get("episode")
    if not episodes or not isinstance(found, Mapping):
        return None
    means = {}
    for name, value in found.items():
        try:
            number = float(value)  # a number, or a tensor of one
        except (TypeError, ValueError, RuntimeError):  # words, or a tensor of several
            continue
        # Isaac Lab and mjlab count the ends of each kind; all else are means.
        means[str(name)] = number / episodes if name.startswith("Episode_Termination/") else number
    return EpisodeLog(episodes, means) if means else None
