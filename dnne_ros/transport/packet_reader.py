"""Packets out of a stream of bytes, each behind a head that begins with its length."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_LENGTH = struct.Struct("<Q")
_MOST_OF_STRANGERS = 16 * 1024
_MOST = 2**31
_AT_ONCE = 256 * 1024


class PacketReader:
    """Collects bytes; what is large is received where it stays, and not copied.

    First comes a greeting without a head.  Until `trust` is called, packets are small: whoever
    has not shown who they are has no memory of ours filled.
    """

    def __init__(self, greeting: int, head: int):
        """Expect a greeting of so many bytes; then packets with heads of so many."""
        self.refused = False
        """A packet was announced that is larger than any; there is no going on."""
        self._head_size = head
        self._most = _MOST_OF_STRANGERS
        self._buffer = bytearray(_AT_ONCE)
        self._view = memoryview(self._buffer)
        self._filled = 0
        self._head = b""
        self._greeting = greeting
        self._body: bytearray | None = None
        self._body_filled = 0

    def trust(self) -> None:
        """Let packets be large."""
        self._most = _MOST

    def room(self) -> memoryview:
        """Return where the next bytes belong."""
        if self._body is not None:
            return memoryview(self._body)[self._body_filled:]
        return self._view[self._filled:]

    def packets(self, size: int) -> Iterator[tuple[bytes, bytearray | bytes]]:
        """Give the head and the body of each packet that ``size`` more bytes make whole."""
        if self._body is not None:
            self._body_filled += size
            if self._body_filled == len(self._body):
                body, self._body = self._body, None
                yield self._head, body
            return
        self._filled += size
        start = 0
        while (end := self._end_of_packet(start)) is not None:
            head = start if self._greeting else start + self._head_size
            packet = bytes(self._view[start:head]), bytes(self._view[head:end])
            self._greeting, start = 0, end
            yield packet
        if not self.refused:
            self._keep_rest(start)

    def _end_of_packet(self, start: int) -> int | None:
        """Return where the packet at ``start`` ends, if it is all there."""
        if self._greeting:
            end = start + self._greeting
        else:
            if self._filled - start < self._head_size:
                return None
            length, = _LENGTH.unpack_from(self._buffer, start)
            if length > self._most:
                self.refused = True
                return None
            end = start + self._head_size + int(length)
        return end if end <= self._filled else None

    def _keep_rest(self, start: int) -> None:
        """Move what has begun to the front, or, if it is large, to where it stays."""
        rest = self._filled - start
        head = start + self._head_size
        if not self._greeting and rest >= self._head_size:
            length, = _LENGTH.unpack_from(self._buffer, start)
            if self._head_size + length > _AT_ONCE // 4:
                self._head = bytes(self._view[start:head])
                self._body = bytearray(length)
                self._body_filled = self._filled - head
                self._body[:self._body_filled] = self._view[head:self._filled]
                self._filled = 0
                return
        self._buffer[:rest] = self._buffer[start:self._filled]
        self._filled = rest
