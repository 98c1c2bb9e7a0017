"""The latest lines of ``/rosout``, so many of each node: one that talks much hides no other."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import printable, shortened

_LINES = 300
_NODES = 500
_CHARACTERS = 4000
_LEVELS: Mapping[int, str] = {10: "DEBUG", 20: "INFO", 30: "WARN", 40: "ERROR", 50: "FATAL"}


class LogLines:
    """Lines in the order in which they came; each has a number, from 1."""

    def __init__(self) -> None:
        """Have heard nothing."""
        self.count = 0
        self._lines: dict[str, deque[tuple[int, dict[str, Any]]]] = {}

    def note(self, message: Any) -> None:
        """Take an ``rcl_interfaces/msg/Log``."""
        node = "/" + printable(message.name).replace(".", "/")
        self.count += 1
        # Who spoke last is last, so that who has been silent for longest is forgotten.
        lines = self._lines.pop(node, None) or deque(maxlen=_LINES)
        self._lines[node] = lines
        lines.append((self.count, {
            "node": node, "level": _LEVELS.get(message.level, "INFO"),
            "time": message.stamp.sec + message.stamp.nanosec * 1e-9,
            "text": shortened(printable(message.msg), _CHARACTERS)}))
        if len(self._lines) > _NODES:
            del self._lines[next(iter(self._lines))]

    def since(self, number: int) -> list[dict[str, Any]]:
        """Return the lines that came behind that one."""
        found = []
        for lines in self._lines.values():
            for each in reversed(lines):
                if each[0] <= number:
                    break
                found.append(each)
        return [line for _, line in sorted(found, key=lambda each: each[0])]
