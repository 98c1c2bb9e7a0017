"""Leaving a service alone that keeps failing, and finding out whether it is back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, TypeVar

T = TypeVar("T")


class Circuit(Enum):
    """The states of a circuit breaker (Nygard, Release It!, 2007)."""

    CLOSED = "closed"
    """Calls go through."""
    OPEN = "open"
    """Calls are refused at once."""
    HALF_OPEN = "half open"
    """One call goes through to find out; others are refused."""


class CircuitOpen(Exception):
    """The call was refused; another is worth a try in ``seconds``."""

    def __init__(self, seconds: float):
        """Say when to try again."""
        super().__init__(f"refused for another {seconds:.3g} s after too many failures")
        self.seconds = seconds


class CircuitBreaker:
    """Calls coroutine functions until too many fail in a row: ``await breaker(read)``.

    After ``failures`` in a row it opens for ``rest`` seconds, then lets one call through: if that
    succeeds it closes, otherwise it rests again.
    """

    def __init__(self, failures: int = 5, rest: float = 30.0,
                 on: tuple[type[Exception], ...] = (OSError, TimeoutError),
                 on_change: Callable[[Circuit], None] | None = None):
        """Count the errors ``on``; tell ``on_change`` of every change of state."""
        self._limit = failures
        self._rest = rest
        self._on = on
        self._on_change = on_change
        self._failures = 0
        self._until = 0.0
        self._state = Circuit.CLOSED

    @property
    def state(self) -> Circuit:
        """The state that it is in."""
        return self._state

    async def __call__(self, call: Callable[..., Awaitable[T]], *args: Any, **kwargs: Any) -> T:
        """Return ``await call(*args, **kwargs)``; raises what that raises, or `CircuitOpen`."""
        self._admit()
        try:
            result = await call(*args, **kwargs)
        except self._on:
            self._fail()
            raise
        except BaseException:  # says nothing of the service; cancelling, for one
            if self._state is Circuit.HALF_OPEN:
                self._change(Circuit.OPEN)
            raise
        self._failures = 0
        self._change(Circuit.CLOSED)
        return result

    def _admit(self) -> None:
        left = self._until - asyncio.get_running_loop().time()
        if self._state is Circuit.HALF_OPEN or (self._state is Circuit.OPEN and left > 0):
            raise CircuitOpen(max(left, 0.0))
        if self._state is Circuit.OPEN:
            self._change(Circuit.HALF_OPEN)

    def _fail(self) -> None:
        self._failures += 1
        if self._failures >= self._limit or self._state is Circuit.HALF_OPEN:
            self._until = asyncio.get_running_loop().time() + self._rest
            self._change(Circuit.OPEN)

    def _change(self, state: Circuit) -> None:
        if state is not self._state:
            self._state = state
            if self._on_change is not None:
                self._on_change(state)
