"""What ``/diagnostics`` says of a node that runs a policy."""

from __future__ import annotations

import math
import time

from dnne_ros.node_api.health import Health
from dnne_ros.toolkit.recent_times import RecentTimes

_TOLD_SECONDS = 1.0


class PolicyHealth:
    """Counts actions and how long they take, and says so once a second.

    ``runtime``, ``interface`` (the first digits of its SHA-256), ``actions``,
    ``inference_p99_us``, and, where it is known how old observations are when the action for them
    goes out, ``age_p50_ms`` and ``age_p99_ms``: of the last 1,000 actions.  Where the rate is
    known, ``missed_periods``: how many periods have passed without an action since the first.
    """

    def __init__(self, health: Health, runtime: str, interface: str, rate_hz: float = 0.0):
        """Speak through ``health``; "" and 0 for an interface and a rate that are not known."""
        self._said = health.values
        self._said.update(runtime=runtime, interface=interface or "not known", actions=0)
        self._periods = MissedPeriods(rate_hz) if rate_hz else None
        if rate_hz:
            self._said["missed_periods"] = 0
        self._times, self._ages = RecentTimes(), RecentTimes()
        self._aged = False
        self._told = time.monotonic()

    def of_states(self, name: str) -> dict[str, float]:
        """Return how old states were when the actions that rest on them went out, for the report.

        By ``name`` of the node: ``NAME.age_p50_ms`` and ``NAME.age_p99_ms``, of the last 1,000;
        nothing where that is not known.
        """
        return {f"{name}.age_p{percent}_ms": round(1e3 * self._ages.percentile(percent / 100), 3)
                for percent in (50, 99)} if self._aged else {}

    def acted(self, seconds: float, age: float | None = None) -> None:
        """Note an action that took ``seconds``; ``age``: of its observation, in seconds."""
        self._said["actions"] += 1
        now = time.monotonic()
        if self._periods is not None:
            self._said["missed_periods"] = self._periods.acted(now)
        self._times.add(seconds)
        if age is not None:
            self._ages.add(age)
            self._aged = True
        if now - self._told < _TOLD_SECONDS:
            return
        self._told = now
        self._said["inference_p99_us"] = round(1e6 * self._times.percentile(0.99), 1)
        if age is not None:
            self._said["age_p50_ms"] = round(1e3 * self._ages.percentile(0.5), 3)
            self._said["age_p99_ms"] = round(1e3 * self._ages.percentile(0.99), 3)


class MissedPeriods:
    """How many periods have passed without an action since the first, however long a silence is.

    An action that comes less than half a period late has missed none.
    """

    def __init__(self, rate_hz: float):
        """Count periods of ``rate_hz``."""
        self._rate = rate_hz
        self._acted: float | None = None
        self._missed = 0

    def acted(self, now: float) -> int:
        """Note an action at ``now``, in seconds; return how many were missed by then."""
        if self._acted is not None:
            self._missed += max(0, math.floor((now - self._acted) * self._rate + 0.5) - 1)
        self._acted = now
        return self._missed
