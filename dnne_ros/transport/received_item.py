"""An item that has come to an input and waits to be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dnne_ros.transport.carrier import Lent


class ReceivedItem:
    """An item's message: at hand, or ``fetch()`` copies it out of a store when it is taken.

    ``lend()`` gives it where it lies, and None where it has to be copied; None: nobody lends it.
    ``stamp_ns``: when it was sent, nanoseconds since the epoch.  ``large``: its size counts.
    """

    __slots__ = ("number", "stamp_ns", "message", "fetch", "lend", "large", "_value", "_error")

    def __init__(self, number: int, stamp_ns: int, message: bytes | memoryview | None,
                 fetch: Callable[[], memoryview] | None, large: bool,
                 lend: Callable[[], tuple[memoryview, Lent] | None] | None = None):
        """Wait; either ``message`` or ``fetch`` is given."""
        self.number = number
        self.stamp_ns = stamp_ns
        self.message = message
        self.fetch = fetch
        self.lend = lend
        self.large = large
        self._value: Any = None
        self._error: Exception | None = None

    def decode(self, decode: Callable[[Any], Any]) -> None:
        """Decode the message for `value`; what that raises is raised there."""
        message = self.message if self.fetch is None else self.fetch()
        self.message = self.fetch = self.lend = None
        try:
            self._value = decode(message)
        except Exception as error:  # for the node that takes it, not for who brings it
            self._error = error

    @property
    def value(self) -> Any:
        """Return what was decoded when the item came."""
        if self._error is not None:
            raise self._error
        return self._value
