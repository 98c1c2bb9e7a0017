"""What went wrong with a node, in its part of ``/diagnostics``."""

from __future__ import annotations

import time
from collections.abc import Callable

from dnne_ros.node_api.health import Health, Level

SHOWN_SECONDS = 5.0
"""How long a fault that is over still shows as a warning: several messages of /diagnostics."""


class FaultRecord:
    """Counts faults in a node's `Health` and lends it a level and a message while one counts.

    What the node said of itself is put back afterwards, unless it has said something new.
    """

    def __init__(self, health: Health, mark: Callable[[str, int], None]):
        """Write into ``health``; ``mark(what, number)`` is told of each fault."""
        self._health = health
        self._mark = mark
        self._own: tuple[Level, str] | None = None
        self._lent: tuple[Level, str] = (Level.OK, "")
        self._until = 0.0

    def count(self, key: str) -> int:
        """Add one to a counter and return it."""
        total = int(self._health.values.get(key, 0)) + 1
        self._health.values[key] = total
        self._mark(key, total)
        return total

    def worst(self, key: str, value: float, lowest: bool = False) -> None:
        """Keep the largest (or ``lowest``) of the values seen."""
        known = self._health.values.get(key)
        if known is None or (value < float(known) if lowest else value > float(known)):
            self._health.values[key] = round(value, 6)

    def show(self, level: Level, message: str) -> None:
        """Let the node's level be at least ``level`` for a while."""
        health = self._health
        if self._own is None or (health.level, health.message) != self._lent:
            self._own = (health.level, health.message)
        if level >= self._own[0]:
            self._lent = health.level, health.message = level, message
        self._until = time.monotonic() + SHOWN_SECONDS

    def fade(self) -> None:
        """Put back what the node said of itself, if the last fault is long enough ago."""
        if self._own is not None and time.monotonic() > self._until:
            if (self._health.level, self._health.message) == self._lent:
                self._health.level, self._health.message = self._own
            self._own = None
