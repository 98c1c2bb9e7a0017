"""What a task says of finished episodes: reward terms, curricula, and whatever else it counts."""

from __future__ import annotations

from collections.abc import Mapping
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
        self._rows: dict[str, int] = {}
        self._sums = np.zeros((0, num_envs))
        self._steps = np.zeros(num_envs, np.int64)
        self._whole = np.ones(num_envs, bool)

    def begin(self, *, whole: bool = True) -> None:
        """Forget what was added.

        Not ``whole``: the episodes that go on have begun earlier, and are left out of the means.
        """
        self._rows = {}
        self._sums = np.zeros((0, self._num_envs))
        self._steps[:] = 0
        self._whole[:] = whole

    def add(self, terms: Mapping[str, Any], done: np.ndarray) -> EpisodeLog | None:
        """Take the ``terms`` of a step and say how the episodes went that are ``done`` (n,).

        A term is an array of float numbers (n,); what is no such thing is left out.  None: no
        episode ended, or nothing is known of those that did.
        """
        self._steps += 1
        for name, values in terms.items():
            if isinstance(values, np.ndarray) and values.dtype.kind == "f" \
                    and values.shape == (self._num_envs,):
                sums = self._sums_of(name)
                sums += values
        if not self._rows or not done.any():
            return None
        counted = done & self._whole
        episodes = int(counted.sum())
        means = self._means(counted) if episodes else {}
        self._sums[:, done] = 0.0
        self._steps[done] = 0
        self._whole[done] = True
        return EpisodeLog(episodes, means) if means else None

    def _sums_of(self, name: str) -> np.ndarray:
        row = self._rows.get(name)
        if row is None:
            row = self._rows[name] = len(self._rows)
            self._sums = np.concatenate([self._sums, np.zeros((1, self._num_envs))])
        sums: np.ndarray = self._sums[row]
        return sums

    def _means(self, counted: np.ndarray) -> dict[str, float]:
        """Return the means of all terms over the episodes of some environments."""
        sums, steps = self._sums[:, counted], self._steps[counted]
        each = zip(self._rows, sums.mean(1).tolist(), (sums / steps).mean(1).tolist(), strict=True)
        return {name: total if name.startswith("reward") else a_step
                for name, total, a_step in each}


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
