"""Where a source goes on that takes another's place."""

from __future__ import annotations

import math

from dnne_ros.transport.round_log import RoundLog
from dnne_ros.transport.window import Window

_HANDLED, _MOST = 0, 1
COLUMNS = 2
"""What the log of an output holds."""


class Resumed:
    """The `Restart` of an output whose node goes on with any item that it is asked for."""

    def __init__(self, log: RoundLog):
        """Note in ``log`` how far the consumers are."""
        self._log = log
        self._before = log.row(log.newest)

    def follow(self, window: Window) -> None:
        """Note each word of the lossless consumers of the output, and what may come before."""
        if not window.lossless:
            return
        if not self._log.restarted:
            self._log.append((0, self._most(window)))
        window.on_handled = lambda: self._log.append((int(window.handled), self._most(window)))

    def base(self, had: int | None) -> int:
        """Return what all consumers had; if one is new, too, what the ones before have handled."""
        return self._before[_HANDLED] if had is None else had

    def sent_before(self) -> int:
        """Return up to which number the one before may have sent items, at most."""
        return self._before[_MOST]

    def _most(self, window: Window) -> int:
        """Return which item may have been sent before the next word of a consumer."""
        room = window.sent if math.isinf(window.room_until) else int(window.room_until)
        return max(self._before[_MOST], window.sent, room)
