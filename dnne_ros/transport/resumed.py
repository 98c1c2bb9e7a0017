"""Where a source goes on that takes another's place."""

from __future__ import annotations

from dnne_ros.transport.round_log import RoundLog
from dnne_ros.transport.window import Window

_HANDLED, _SENT = 0, 1
COLUMNS = 2
"""What the log of an output holds."""


class Resumed:
    """The `Restart` of an output whose node goes on with any item that it is asked for."""

    def __init__(self, log: RoundLog):
        """Note in ``log`` how far the consumers are."""
        self._log = log
        self._before = log.row(log.newest)

    def follow(self, window: Window) -> None:
        """Note each word of the lossless consumers of the output."""
        if window.lossless:
            window.on_handled = lambda: self._log.append((int(window.handled), window.sent))

    def base(self, had: int | None) -> int:
        """Return what all consumers had; if one is new, too, what the ones before have handled."""
        return self._before[_HANDLED] if had is None else had

    def repeated_until(self) -> int:
        """Return up to which number a consumer may get items again, at most."""
        # Since the last note, no more can have been sent than was sent before it was noted.
        return 2 * self._before[_SENT] - self._before[_HANDLED]
