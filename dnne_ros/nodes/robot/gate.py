"""When a policy's actions reach a robot, and what does while they do not.

::

    hold ──▶ fade ──▶ run
     ▲         │       │
     │         ▼       ▼
     └─────── safe ◀───┘

Times are seconds of any steady clock, which the caller gives: nothing here waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dnne_ros.nodes.robot.command_limits import CommandLimits

LATCHES = ("bounds", "all", "none")
_LETS_THROUGH = ("fade", "run")


@dataclass(frozen=True)
class GateSettings:
    """What a robot's gate goes by; arrays are float64 (joints,).

    ``is_position``: positions are commanded, which are moved and held, never jumped to or let go.
    ``limits``: of commands.  ``safe``: the safe command, None: the last one.  ``start``: where
    the joints must be before actions count, each within ``tolerance``; None: anywhere.  ``low``
    and ``high``: where joints may be at all, and ``fastest``: how fast they may be, infinite: any.
    ``latch``: which stops last until `Gate.release`: those for bounds of the robot, all, or none.
    """

    is_position: bool
    limits: CommandLimits
    safe: np.ndarray | None
    start: np.ndarray | None
    tolerance: float
    low: np.ndarray
    high: np.ndarray
    fastest: np.ndarray
    hold_seconds: float
    fade_seconds: float
    latch: str


class Gate:
    """The states of one robot's gate, and the command in each."""

    def __init__(self, settings: GateSettings, timeout: float, now: float):
        """Hold; ``timeout``: after so many seconds without joint states or actions it is safe."""
        self.settings = settings
        self.timeout = timeout
        self.state = "hold"
        self.reason = "nothing of the joints so far"
        """Why actions do not count, or did not last."""
        self.stops = 0
        """How often it became safe."""
        self.latched = False
        self.forgets = False
        """The policy must begin anew; who has told it sets this back."""
        self.last: np.ndarray | None = None if settings.is_position else np.zeros(
            len(settings.limits.low))
        """The last command, None before there was one."""
        self._sent = now
        self._position: np.ndarray | None = None
        self._broken = ""
        self._sensed = self._acted = -math.inf
        self._since = now
        self._base: np.ndarray | None = self.last

    def sense(self, position: np.ndarray, velocity: np.ndarray | None, now: float,
              came: float | None = None) -> None:
        """Take joint states float64 (joints,); ``velocity`` None: it is not measured.

        ``came``: when the joint spoke that was silent for longest; None: all speak now.
        """
        measured = [position] if velocity is None else [position, velocity]
        if not all(np.isfinite(numbers).all() for numbers in measured):
            self.doubt("joint states that are not finite", now)
            return
        settings, self._broken = self.settings, ""
        self._position, self._sensed = position, now if came is None else came
        if ((position < settings.low) | (position > settings.high)).any():
            self._broken = "a joint is beyond its bounds"
        elif velocity is not None and (np.abs(velocity) > settings.fastest).any():
            self._broken = "a joint is faster than it may be"
        if self._broken:
            self.stop(self._broken, now, is_bound=True)

    def doubt(self, reason: str, now: float) -> None:
        """Be safe until the next joint states: those that came now are of no use."""
        self.stop(reason, now)
        self._sensed = -math.inf

    def act(self, action: np.ndarray, now: float) -> np.ndarray | None:
        """Take an action float64 (joints,); return the command that it makes, None if none."""
        if not np.isfinite(action).all():
            self.stop("an action that is not finite", now)
            self._acted = -math.inf
            return None
        self._acted = now
        self._advance(now)
        if self.state not in _LETS_THROUGH:
            return None
        wanted = self.settings.limits.clamp(action)
        if self.state == "fade":
            weight = self._weight(now)
            assert self._base is not None  # it is set before it fades
            wanted = self._base + weight * (wanted - self._base)
            if weight >= 1.0:
                self._enter("run", now)
        return self._command(self._approach(wanted, now), now)

    def tick(self, now: float) -> np.ndarray | None:
        """Return what to command while no action does, None for nothing."""
        self._advance(now)
        if self.state in _LETS_THROUGH:
            return None
        target = self._target(now)
        if target is None:
            return None
        target = self.settings.limits.clamp(target)
        return self._command(
            self._approach(target, now) if self.settings.is_position else target, now)

    def due(self, now: float, period: float) -> float:
        """Return in how many seconds `tick` must be called: at the latest when silence is one."""
        if self.state not in _LETS_THROUGH:
            return period
        return max(0.0, min(self._sensed, self._acted) + self.timeout - now)

    def stop(self, reason: str, now: float, *, is_bound: bool = False) -> None:
        """Be safe; ``is_bound``: a bound of the robot was broken."""
        if self.state in _LETS_THROUGH:
            self.stops += 1
            self.forgets = True
        if not self.latched:
            self.reason = reason
        self.latched |= self.settings.latch == "all" or (
            is_bound and self.settings.latch == "bounds")
        if self.state != "safe":
            self._enter("safe", now)

    def release(self) -> None:
        """Let a latched stop end, as soon as all is well."""
        self.forgets |= self.latched
        self.latched = False

    def _advance(self, now: float) -> None:
        """Go on to the state that follows, if it is time to."""
        blind, idle = self._silence("joint states", self._sensed, now), self._silence(
            "action", self._acted, now)
        if self.state in _LETS_THROUGH:
            if blind or idle:
                self.stop(blind or idle, now)
        elif self.latched or blind or self._broken:
            self._since = now
            if self.state == "hold":
                self.reason = blind
        else:
            if self.state == "safe":
                self._enter("hold", now)
            self.reason = idle or self._away()
            if self.reason:
                self._since = now
            elif now - self._since >= self.settings.hold_seconds:
                self._enter("fade", now)
                self._base = self._from()

    def _silence(self, name: str, came: float, now: float) -> str:
        """Say that something has not come in time; "" if it has."""
        return f"no {name} for {self.timeout:g} s" if now - came >= self.timeout else ""

    def _away(self) -> str:
        """Say that the joints are not where they must be at the start; "" if they are."""
        start = self.settings.start
        if start is None or self._position is None or (
                np.abs(self._position - start) <= self.settings.tolerance).all():
            return ""
        return "the joints are not at start_pose"

    def _target(self, now: float) -> np.ndarray | None:
        """Return what the robot is to do while actions do not count, None for nothing."""
        settings = self.settings
        if self.state == "hold" and settings.is_position \
                and now - self._sensed < self.timeout:  # else it would move without being seen
            if settings.start is not None:
                return settings.start
            return self._from()
        return self.last if settings.safe is None else settings.safe

    def _approach(self, wanted: np.ndarray, now: float) -> np.ndarray:
        """Return how far towards ``wanted`` the next command may go."""
        last = self._from()
        if last is None:
            return wanted
        seconds = min(now - self._sent, self.timeout)  # a pause is no leave to jump
        return self.settings.limits.approach(last, wanted, seconds)

    def _from(self) -> np.ndarray | None:
        """Return from where commands go on: the last one, else where the joints are."""
        if self.last is not None or self._position is None:
            return self.last
        return self.settings.limits.clamp(self._position)

    def _command(self, command: np.ndarray, now: float) -> np.ndarray:
        self.last, self._sent = command, now
        return command

    def _weight(self, now: float) -> float:
        """Return how much of an action counts, from 0 to 1."""
        if self.settings.fade_seconds <= 0.0:
            return 1.0
        return min(1.0, (now - self._since) / self.settings.fade_seconds)

    def _enter(self, state: str, now: float) -> None:
        self.state, self._since = state, now
