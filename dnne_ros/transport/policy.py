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


DEFAULT_CAPACITY = 100
"""Items in flight on an edge, unless a link says otherwise."""
