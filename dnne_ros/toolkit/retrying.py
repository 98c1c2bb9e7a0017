"""Trying again, with a pause that grows: for devices and services that come back by themselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from dnne_ros.toolkit.back_off import BACK_OFFS, pause

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState


def retrying(*, attempts: int = 5, back_off: str = "exponential", first: float = 0.1,
             cap: float = 10.0, jitter: float = 0.0,
             on: tuple[type[Exception], ...] = (OSError, TimeoutError),
             before_pause: Callable[[Exception, float], None] | None = None) -> AsyncRetrying:
    """Return what calls a coroutine function again when it fails.

    As in ``await retrying()(read)``.  ``attempts``: the last one's error is raised. ``back_off``:
    one of `BACK_OFFS`, with ``first`` and ``cap`` in seconds as `pause` has it; up to ``jitter``
    seconds are added at random, so that many who failed together do not come back together.
    ``on``: errors worth another attempt; any other is raised at once.  ``before_pause(error,
    seconds)`` is told of each failure.

    It is a `tenacity.AsyncRetrying`, with all that can do: an optional dependency, without which
    ModuleNotFoundError is raised.  ValueError for an unknown back-off.
    """
    try:
        from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt
    except ModuleNotFoundError:
        raise ModuleNotFoundError("retrying needs tenacity: pip install tenacity, or apt install "
                                  "python3-tenacity") from None

    if back_off not in BACK_OFFS:
        raise ValueError(f"expected a back-off of {', '.join(BACK_OFFS)}, found {back_off!r}")

    def wait(state: RetryCallState) -> float:
        return pause(back_off, state.attempt_number, first, cap) + random.uniform(0.0, jitter)

    def tell(state: RetryCallState) -> None:
        assert state.outcome is not None and state.next_action is not None  # an attempt failed
        error = state.outcome.exception()
        if before_pause is not None and isinstance(error, Exception):
            before_pause(error, state.next_action.sleep)

    return AsyncRetrying(stop=stop_after_attempt(attempts), wait=wait, reraise=True,
                         retry=retry_if_exception_type(on), before_sleep=tell)
