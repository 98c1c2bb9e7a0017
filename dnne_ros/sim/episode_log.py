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
        self.begin()

    def begin(self, names: tuple[str, ...] = (), *, whole: bool = True) -> None:
        """Forget what was added; the terms are called ``names`` as far as that is known.

        Not ``whole``: the episodes that go on have begun earlier, and are left out of the means.
        """
        self._sums = np.zeros((self._num_envs, 1))
        """Of the steps, and of each term: (n, 1 + terms), so that what is an environment's is in
        one place of the memory."""
        self._name(names)
        self._whole = np.full(self._num_envs, whole)

    def add(self, terms: Mapping[str, Any], done: np.ndarray) -> EpisodeLog | None:
        """Take the ``terms`` of a step and say how the episodes went that are ``done`` (n,).

        A term is an array of float numbers (n,); what is no such thing is left out.  None: no
        episode ended, or nothing is known of those that did.
        """
        known = {name: values for name, values in terms.items()
                 if isinstance(values, np.ndarray) and values.dtype.kind == "f"
                 and values.shape == (self._num_envs,)}
        new = tuple(name for name in known if name not in self._names)
        if new:
            self._name(self._names + new)
        none, finished = np.zeros(self._num_envs), np.flatnonzero(done)
        values = self.rows([known.get(name, none) for name in self._names])
        log = self.log_of(values, finished)
        self.add_up(values, finished)
        return log

    def rows(self, terms: Sequence[np.ndarray]) -> np.ndarray:
        """Return the values (n, terms) of a step, of ``terms`` in the order of their names.

        What is behind those of the environments is left out.
        """
        if not terms:
            return np.zeros((self._num_envs, 0))
        # One call for all of them: each would have to be read from memory again.
        values: np.ndarray = np.concatenate(terms).reshape(len(terms), -1)[:, :self._num_envs].T
        return values

    def log_of(self, values: np.ndarray, finished: np.ndarray) -> EpisodeLog | None:
        """Say how the episodes went whose last step has these ``values``, as `rows`.

        `add_up` is to follow.  ``finished``: int (m,), the environments whose episodes are done.
        None as `add`.
        """
        envs = finished[self._whole[finished]]
        if not envs.size or not self._names:
            return None
        sums = self._sums[envs]
        sums[:, 0] += 1.0
        sums[:, 1:] += values[envs]
        means = (sums[:, 1:] / np.where(self._adds_up, 1.0, sums[:, :1])).sum(0) / len(envs)
        return EpisodeLog(len(envs), dict(zip(self._names, means.tolist(), strict=True)))

    def add_up(self, values: np.ndarray, finished: np.ndarray) -> None:
        """Add the ``values`` of a step, as `rows`, and begin anew with those ``finished``."""
        self._sums[:, 0] += 1.0
        self._sums[:, 1:] += values
        if finished.size:
            self._sums[finished] = 0.0
            self._whole[finished] = True

    def _name(self, names: tuple[str, ...]) -> None:
        """Let there be sums of terms with these ``names``, of which the first may be there."""
        new = np.zeros((self._num_envs, 1 + len(names) - self._sums.shape[1]))
        self._names, self._sums = names, np.concatenate((self._sums, new), 1)
        self._adds_up = np.array([name.startswith("reward") for name in names], bool)


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
