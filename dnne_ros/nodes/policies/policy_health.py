"""What ``/diagnostics`` says of a node that runs a policy."""

from __future__ import annotations

import time

from dnne_ros.node_api.health import Health
from dnne_ros.toolkit.recent_times import RecentTimes

_TOLD_SECONDS = 1.0


class PolicyHealth:
    """Counts actions and how long they take, and says so once a second.

    ``runtime``, ``interface`` (the first digits of its SHA-256), ``actions``,
    ``inference_p99_us``, and, where it is known how old observations are when the action for them
    goes out, ``age_p50_ms`` and ``age_p99_ms``: of the last 1,000 actions.
    """

    def __init__(self, health: Health, runtime: str, interface: str):
        """Speak through ``health``; "" for an interface that is not known."""
        self._said = health.values
        self._said.update(runtime=runtime, interface=interface or "not known", actions=0)
        self._times, self._ages = RecentTimes(), RecentTimes()
        self._told = time.monotonic()

    def acted(self, seconds: float, age: float | None = None) -> None:
        """Note an action that took ``seconds``; ``age``: of its observation, in seconds."""
        self._said["actions"] += 1
        self._times.add(seconds)
        if age is not None:
            self._ages.add(age)
        if time.monotonic() - self._told < _TOLD_SECONDS:
            return
        self._told = time.monotonic()
        self._said["inference_p99_us"] = round(1e6 * self._times.percentile(0.99), 1)
        if age is not None:
            self._said["age_p50_ms"] = round(1e3 * self._ages.percentile(0.5), 3)
            self._said["age_p99_ms"] = round(1e3 * self._ages.percentile(0.99), 3)
