"""How a node is doing, in the words of ``/diagnostics``."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class Level(IntEnum):
    """The levels of ``diagnostic_msgs/DiagnosticStatus``."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass
class Health:
    """What a node says of itself; published once a second, with ``values`` as its key-value pairs.

    Each value is a bool, int, float or str.  A node (or what watches over it) changes it in place
    at any time, in the event loop's thread.
    """

    level: Level = Level.OK
    message: str = "ok"
    values: dict[str, Any] = field(default_factory=dict)
