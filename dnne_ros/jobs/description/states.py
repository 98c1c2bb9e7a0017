"""What a job can be, and how long a failed one rests."""

from __future__ import annotations

import random

QUEUED = "queued"
WAITING = "waiting"
RUNNING = "running"
SUCCEEDED = "succeeded"
FAILED = "failed"
CANCELLED = "cancelled"
DEAD = "dead"
STATES = (QUEUED, WAITING, RUNNING, SUCCEEDED, FAILED, CANCELLED, DEAD)
OPEN = (QUEUED, WAITING, RUNNING)
"""A job in one of these has not ended."""

FOR_JOBS, FOR_TIME, FOR_RESOURCES = "jobs", "time", "resources"
"""What a waiting job waits for."""

BACKOFFS = ("immediate", "linear", "exponential", "fibonacci")
BASE_SECONDS = 5.0
MOST_SECONDS = 600.0
_JITTER = 0.1


def backoff_seconds(kind: str, failures: int, base: float = BASE_SECONDS,
                    most: float = MOST_SECONDS) -> float:
    """Return how long to rest after so many failures (from 1), without jitter, at most ``most``.

    In units of ``base``: linear 1, 2, 3, 4; exponential 1, 2, 4, 8; fibonacci 1, 1, 2, 3, 5.
    """
    if kind == "immediate":
        return 0.0
    if kind == "linear":
        units = float(failures)
    elif kind == "exponential":
        units = 2.0 ** min(failures - 1, 64)
    else:
        units, before = 1.0, 0.0
        for _ in range(min(failures, 200) - 1):
            units, before = units + before, units
    return min(most, base * units)


def jittered(seconds: float, draw: random.Random) -> float:
    """Return a time up to a tenth shorter or longer: what failed together comes back apart."""
    return seconds * draw.uniform(1 - _JITTER, 1 + _JITTER)
