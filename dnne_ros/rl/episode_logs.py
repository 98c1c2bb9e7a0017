"""What the environment says of the last finished episodes: terms of the reward, curricula."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any


class EpisodeLogs:
    """Means over the newest steps that have ``window`` finished episodes together."""

    def __init__(self, window: int = 100):
        """Begin with no episode."""
        self._window = window
        self._logs: deque[tuple[int, dict[str, float]]] = deque()
        self._episodes = 0

    def add(self, log: Mapping[str, Any] | None) -> None:
        """Take what an ``info`` has of the episodes that ended with a step; None: none did.

        Numbers that are not finite are left out: a task may divide by nothing.
        """
        if log is None:
            return
        means = {name: value for name, value in log["means"].items() if math.isfinite(value)}
        self._logs.append((log["episodes"], means))
        self._episodes += log["episodes"]
        while self._episodes - self._logs[0][0] >= self._window:
            self._episodes -= self._logs.popleft()[0]

    def means(self) -> dict[str, float]:
        """Return the mean of each figure, by ``episode/NAME``; names in a group stay as they are.

        Each counts with the episodes of the steps that had it.
        """
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for episodes, means in self._logs:
            for name, value in means.items():
                key = name if "/" in name else f"episode/{name}"
                sums[key] = sums.get(key, 0.0) + episodes * value
                counts[key] = counts.get(key, 0) + episodes
        return {key: total / counts[key] for key, total in sums.items()}

    def state(self) -> list[list[Any]]:
        """Return everything as JSON values."""
        return [[episodes, means] for episodes, means in self._logs]

    def restore(self, state: list[list[Any]]) -> None:
        """Go back to what `state` returned."""
        self._logs = deque((episodes, means) for episodes, means in state)
        self._episodes = sum(episodes for episodes, _ in self._logs)
