"""Watches one node's deadline, rate and signs of life while it runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.fault_settings import RESTART, WARN
from dnne_ros.node_api.health import Level

if TYPE_CHECKING:
    from dnne_ros.runtime.monitoring.fault_record import FaultRecord
    from dnne_ros.runtime.monitoring.item_monitor import ItemMonitor

_WINDOW = 1.0
_RATE_SHARE = 0.95
_SHORTEST_LOOK = 0.001


class Watchdog:
    """Finds missed deadlines, low rates and silence; what they bring about is for others."""

    def __init__(self, settings: Mapping[str, Any], monitor: ItemMonitor, record: FaultRecord,
                 act: Callable[[str, str], Awaitable[None]],
                 now: Callable[[], float] = time.monotonic,
                 paused: Callable[[], bool] = lambda: False):
        """Watch the node of ``monitor`` as ``settings`` say at each moment.

        ``act(policy, message)`` is awaited for each fault; ``now()`` is the monitor's clock.
        Silence and rate count for nothing while it is ``paused()``.
        """
        self._settings = settings
        self._monitor = monitor
        self._record = record
        self._act = act
        self._now = now
        self._paused = paused
        self._reported: float | None = None
        """The `busy_since` whose deadline has been reported as missed."""
        self._alarm = 0.0
        self._silent_at: int | None = None
        """How many signs of life there had been when the node fell silent; None: it is not."""
        self._window = now()
        self._counted: dict[str, tuple[int, float]] = {}
        """How many items of each port there had been at the last look, and when the last came."""
        self._late: list[float] = []

    def worked(self, seconds: float, since: float) -> None:
        """Note that the node was through with an item that it had ``since``."""
        limit = self._settings["deadline.seconds"]
        if limit and seconds > limit:
            self._record.worst("deadline.worst_s", seconds)
            if self._reported != since:
                self._miss()
                self._late.append(seconds)

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:  # noqa: ASYNC110 - it waits for time to pass
            await asyncio.sleep(max(_SHORTEST_LOOK, await self._look()))

    async def _look(self) -> float:
        """Act on what is due; return the seconds until the next look."""
        self._record.fade()
        if self._paused():
            self._alarm = self._window = self._now()
            self._counted.clear()
        return min(_WINDOW, await self._look_at_deadline(), await self._look_at_silence(),
                   await self._look_at_rate())

    async def _look_at_deadline(self) -> float:
        limit: float = self._settings["deadline.seconds"]
        if not limit:
            return _WINDOW
        policy = self._settings["deadline.policy"]
        late, self._late = self._late, []
        for seconds in late:  # it held the loop up, or finished just now: too late to stand in
            await self._act(policy if policy != "safe_value" else WARN,
                            f"took {seconds:.3g} s for an item; deadline.seconds is {limit:g}")
        since = self._monitor.busy_since
        if since is None or since == self._reported:
            return limit
        left = since + limit - self._now()
        if left > 0:
            return left
        self._reported = since
        self._record.worst("deadline.worst_s", limit - left)
        self._miss()
        await self._act(policy, f"works on an item for {limit - left:.3g} s; deadline.seconds "
                                f"is {limit:g}")
        return limit

    def _miss(self) -> None:
        missed = self._record.count("deadline.missed")
        self._record.show(Level.WARN, f"missed {missed} deadlines of "
                                      f"{self._settings['deadline.seconds']:g} s")

    async def _look_at_silence(self) -> float:
        limit: float = self._settings["watchdog.seconds"]
        if not limit:
            return _WINDOW
        now, sign = self._now(), self._monitor.last_sign
        left = max(sign, self._alarm) + limit - now
        signs = sum(self._monitor.counts.values())
        if self._silent_at is not None and self._silent_at != signs:
            self._silent_at = None
            self._record.show(Level.WARN, "was silent, and is back")
        if left > 0:
            return left
        new = self._silent_at is None
        if new:
            self._silent_at = signs
            self._record.count("watchdog.silences")
        self._alarm = now
        self._record.worst("watchdog.longest_s", now - sign)
        reason = f"waits for {self._monitor.waits_for}" if self._monitor.waits_for else "is busy"
        message = f"silent for {now - sign:.3g} s, {reason}; watchdog.seconds is {limit:g}"
        self._record.show(Level.ERROR, message)
        policy = self._settings["watchdog.policy"]
        if policy == RESTART and self._monitor.waits_for:
            policy = WARN
        if new or policy != WARN:
            await self._act(policy, message)
        return limit

    async def _look_at_rate(self) -> float:
        wanted = self._settings["deadline.rate_hz"]
        now = self._now()
        if now - self._window < _WINDOW:
            return self._window + _WINDOW - now
        self._window = now
        rate = max(self._rates(now), default=None)
        if wanted and rate is not None and rate < _RATE_SHARE * wanted:
            slow = self._record.count("deadline.slow_seconds")
            self._record.worst("deadline.worst_hz", rate, lowest=True)
            message = f"{rate:.3g} items/s; deadline.rate_hz is {wanted:g}"
            self._record.show(Level.WARN, f"{message} ({slow} slow seconds)")
            await self._act(self._settings["deadline.policy"], message)
        return _WINDOW

    def _rates(self, now: float) -> Iterator[float]:
        """Yield the rate of each port since the last look.

        From item to item: counted in whole seconds, ten items a second would often be nine.
        Where none came, the rate is at most what it would be if one came now.
        """
        for port, count in self._monitor.counts.items():
            sign = self._monitor.signs[port]
            if port in self._counted:
                before, since = self._counted[port]
                if count == before:
                    yield 1.0 / (now - since)
                    continue
                yield (count - before) / max(sign - since, 1e-9)
            self._counted[port] = count, sign
