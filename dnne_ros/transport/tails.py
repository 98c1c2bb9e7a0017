"""What goes along with items without being of them: the context of a trace, for a few of many.

Most items have none, so it is no part of what is handed over; whoever wants it asks for it by the
item's number.
"""

from __future__ import annotations

_MOST = 256


class Tails:
    """The tails of the newest items that have one, by number."""

    def __init__(self) -> None:
        """Hold none yet."""
        self._tails: dict[int, bytes] = {}

    def put(self, number: int, tail: bytes) -> None:
        """Keep the tail of an item; the oldest ones make room."""
        self._tails[number] = tail
        if len(self._tails) > _MOST:
            del self._tails[next(iter(self._tails))]

    def get(self, number: int) -> bytes:
        """Return the tail of an item; empty if it has none."""
        return self._tails.get(number, b"") if self._tails else b""
