"""Implements `dnne_ros.node_api.clock.Clock` on a node's host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration

from dnne_ros.node_api.clock import SteadyClock

if TYPE_CHECKING:
    from dnne_ros.runtime.node.node_host import NodeHost

_SECOND = 1_000_000_000
_EVERY_TICK = JumpThreshold(min_forward=Duration(nanoseconds=1),
                            min_backward=Duration(nanoseconds=-1), on_clock_change=True)


class HostClock(SteadyClock):
    """Steady time, and that of ``/clock`` while the host's ``use_sim_time`` is true.

    rclpy has no sleep that a coroutine could wait for.  But it tells of every jump of a clock,
    and each message on ``/clock`` is one.
    """

    def __init__(self, host: NodeHost):
        """Follow the parameter of ``host``."""
        self._clock: Any = host.get_clock()  # a ROSClock, which rclpy's annotations do not say
        self._ticked = asyncio.Event()
        self._jumps: Any = None
        self.sleepers = 0
        """How many coroutines wait in `sleep_until`."""
        self.on_rested: Callable[[int], None] | None = None
        """Called after each sleep with its beginning on the machine's clock, in nanoseconds."""
        self.on_read: Callable[[int], None] | None = None
        """Called with what the clock shows whenever the node looks at it."""

    @property
    def simulated(self) -> bool:
        """Whether ``use_sim_time`` is true."""
        return bool(self._clock.ros_time_is_active)

    def now_ns(self) -> int:
        """Return simulated nanoseconds, or those since the machine was started."""
        now = self.shown_ns()
        if self.on_read is not None:
            self.on_read(now)
        return now

    def shown_ns(self) -> int:
        """Return the same for others than the node."""
        return int(self._clock.now().nanoseconds) if self.simulated else time.monotonic_ns()

    async def sleep_until(self, due_ns: int) -> None:
        """Wait for simulated time as long as it is simulated."""
        self.sleepers += 1
        began = time.monotonic_ns()
        try:
            await self._sleep_until(due_ns)
        finally:
            self.sleepers -= 1
            if self.on_rested is not None:
                self.on_rested(began)

    async def _sleep_until(self, due_ns: int) -> None:
        if not self.simulated:
            await asyncio.sleep(max(0, due_ns - self.shown_ns()) / _SECOND)
            return
        if self._jumps is None:
            self._jumps = self._clock.create_jump_callback(
                _EVERY_TICK, post_callback=lambda _: self._ticked.set())
        before = self.shown_ns()
        while self.simulated and before <= self.shown_ns() < due_ns:
            self._ticked.clear()
            await self._ticked.wait()
