"""What is wrong with a node at the moment, for people: in the log and on ``/diagnostics``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dnne_ros.node_api.health import Level

if TYPE_CHECKING:
    from dnne_ros.node_api.context import NodeContext

_QUIET_SECONDS = 5.0


class HealthReporter:
    """Logs a trouble when it begins and when it is over, each kind at most every 5 s.

    Trouble that comes and goes a thousand times a second must not fill the log; the node's
    health always shows how it is.
    """

    def __init__(self, context: NodeContext):
        """Speak for the node of ``context``."""
        self._log = context.log
        self._health = context.health
        self._kind = ""
        self._told = False
        self._quiet_until: dict[str, float] = {}

    def note(self, kind: str, message: str, level: Level = Level.WARN) -> None:
        """Say that there is trouble; ``message`` may differ each time for the same ``kind``."""
        self._health.level, self._health.message = level, message
        if kind == self._kind:
            return
        self._kind = kind
        now = time.monotonic()
        self._told = now >= self._quiet_until.get(kind, 0.0)
        if self._told:
            self._log.warning(message)
            self._quiet_until[kind] = now + _QUIET_SECONDS

    @property
    def is_there(self) -> bool:
        """Tell whether there is something for `clear`."""
        return bool(self._kind)

    def clear(self, message: str) -> None:
        """Say that all is well again, if it was not."""
        if not self._kind:
            return
        self._kind = ""
        self._health.level, self._health.message = Level.OK, "ok"
        if self._told:
            self._log.info(message)
