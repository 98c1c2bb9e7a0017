"""Implements the clocks of `dnne_ros.node_api.clock` on a node's host."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration

from dnne_ros.node_api.clock import SteadyClock
from dnne_ros.recording.node_log import Shows

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode

    from dnne_ros.runtime.monitoring.process_recording import NodeRecording
    from dnne_ros.runtime.node.node_host import NodeHost

T = TypeVar("T")
_SECOND = 1_000_000_000
_ANOTHER_CLOCK = JumpThreshold(min_forward=None, min_backward=None, on_clock_change=True)
_EVERY_TICK = JumpThreshold(min_forward=Duration(nanoseconds=1),
                            min_backward=Duration(nanoseconds=-1), on_clock_change=True)


class SimulatedTime:
    """Whether a node's clock shows simulated time, without a question to rcl for each look."""

    def __init__(self, host: RosNode):
        """Follow the parameter ``use_sim_time`` of ``host``."""
        self._clock: Any = host.get_clock()  # a ROSClock, which rclpy's annotations do not say
        self._look()
        self._jumps = self._clock.create_jump_callback(_ANOTHER_CLOCK, post_callback=self._look)

    def _look(self, *_: object) -> None:
        self.counts = bool(self._clock.ros_time_is_active)
        """Whether it does."""


class HostSteadyClock(SteadyClock):
    """The machine's time, which is written down while somebody records."""

    recording: NodeRecording | None = None

    def now_ns(self) -> int:
        """Return nanoseconds since the machine was started."""
        now = time.monotonic_ns()
        if self.recording is not None:
            self.recording.note_clock(Shows.STEADY, now)
        return now

    def now(self) -> float:
        """Return the same in seconds, as `time.monotonic` does."""
        return time.monotonic() if self.recording is None else super().now()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await _rest(super().sleep(seconds), self.recording)

    async def came_within(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait until an event is set; tell whether it was within ``seconds``, None: for ever."""
        return await _rest(super().came_within(event, seconds), self.recording)


class HostClock:
    """Steady time, and that of ``/clock`` while the host's ``use_sim_time`` is true.

    rclpy has no sleep that a coroutine could wait for.  But it tells of every jump of a clock,
    and each message on ``/clock`` is one.
    """

    def __init__(self, host: NodeHost):
        """Follow the parameter of ``host``."""
        self._clock: Any = host.get_clock()  # a ROSClock, which rclpy's annotations do not say
        self._time = SimulatedTime(host)
        self._ticked = asyncio.Event()
        self._jumps: Any = None
        self.sleepers = 0
        """How many coroutines wait in `sleep_until`."""
        self.on_rested: Callable[[int], None] | None = None
        """Called after each sleep with its beginning on the machine's clock, in nanoseconds."""
        self.recording: NodeRecording | None = None
        """Writes down what the clock shows, and when a sleep is over."""

    @property
    def simulated(self) -> bool:
        """Whether ``use_sim_time`` is true."""
        return self._time.counts

    def now_ns(self) -> int:
        """Return simulated nanoseconds, or those since the machine was started."""
        now = self.shown_ns() if self._time.counts else time.monotonic_ns()
        if self.recording is not None:
            self.recording.note_clock(Shows.RATE, now)
        return now

    def shown_ns(self) -> int:
        """Return the same for others than the node."""
        return int(self._clock.now().nanoseconds) if self._time.counts else time.monotonic_ns()

    async def sleep_until(self, due_ns: int) -> None:
        """Wait for simulated time as long as it is simulated."""
        self.sleepers += 1
        began = time.monotonic_ns()
        try:
            await _rest(self._sleep_until(due_ns), self.recording)
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


async def _rest(rest: Coroutine[Any, Any, T], recording: NodeRecording | None) -> T:
    """Await a rest, and write down when it is over."""
    if recording is None:
        return await rest
    number = next(recording.rests)
    found = await rest
    recording.note_woke(number)
    return found
