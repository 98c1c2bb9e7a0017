"""What others than graphs say on ``/diagnostics``: drivers, controllers, other packages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import printable, shortened
from dnne_ros.node_api.health import Level
from dnne_ros.runtime.monitoring.diagnostics import MARK

_STATUSES = 500
_VALUES = 50
_CHARACTERS = 500


class ForeignDiagnostics:
    """The last word of each status, by name; as many as a person would read."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self._statuses: dict[str, tuple[float, dict[str, Any]]] = {}
        self.count = 0

    def note(self, array: Any, now: float) -> None:
        """Take a ``DiagnosticArray`` at a time in seconds; what is of graphs is skipped."""
        for status in array.status:
            if any(pair.key == MARK for pair in status.values):
                continue
            name = _short(status.name)
            if name not in self._statuses and len(self._statuses) >= _STATUSES:
                continue
            self.count += 1
            self._statuses[name] = now, {
                "name": name, "level": Level(min(status.level[0], Level.STALE)).name,
                "message": _short(status.message), "hardware_id": _short(status.hardware_id),
                "values": _values(status.values)}

    def as_list(self, now: float) -> list[dict[str, Any]]:
        """Return all of them, each with its age in seconds."""
        return [{**status, "age": round(now - heard, 1)}
                for heard, status in self._statuses.values()]


def _values(pairs: Any) -> Mapping[str, str]:
    return {_short(pair.key): _short(pair.value) for pair in pairs[:_VALUES]}


def _short(text: str) -> str:
    return shortened(printable(text), _CHARACTERS)
