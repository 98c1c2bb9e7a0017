"""A subscription callback that is given the message's info too, whichever executor calls it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

_TWO_PARAMETERS = inspect.Signature([
    inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in ("message", "info")])


def with_message_info(callback: Callable[[Any, Any], None]) -> Callable[..., None]:
    """Return ``callback(message, info)`` in a form that every rclpy executor calls correctly.

    rclpy looks at a callback's signature to see whether it wants the info.  Then most executors
    pass two arguments, while the EventsExecutor of rclpy 7.1 and 9.1 passes one tuple of both.
    """
    def receive(*arguments: Any) -> None:
        message, info = arguments[0] if len(arguments) == 1 else arguments
        callback(message, info)

    receive.__signature__ = _TWO_PARAMETERS  # type: ignore[attr-defined]
    return receive
