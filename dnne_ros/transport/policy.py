"""What an edge promises."""

from __future__ import annotations

from enum import Enum


class EdgePolicy(str, Enum):
    """The promise of an edge, chosen from the port's type and overridable for each link."""

    LOSSLESS = "lossless"
    """Every item once, in order; a full edge makes the sender wait."""

    LATEST = "latest"
    """The newest item only; a late joiner gets it."""

    DROP_OLDEST = "drop_oldest"
    """At most ``capacity`` items; the oldest makes room, and drops are counted."""


class WhenAbsent(str, Enum):
    """What becomes of an edge whose other end, in another process, is gone for too long."""

    WAIT = "wait"
    """It is named, and waited for."""

    DROP = "drop"
    """Items for it are dropped and counted until it comes back, so that others can go on."""

    FAIL = "fail"
    """The run ends."""


DEFAULT_CAPACITY = 100
"""Items in flight on an edge, unless a link says otherwise."""
