"""What a node's process and a replica in a process of its own send each other.

A parcel is a packet on a socket: a head (JSON) and payloads.  Payloads that are large together lie
in memory that both have mapped, and that goes with the last of them: it has no name, so nobody
can leave it behind.  One parcel is under way in each direction at a time, so that memory is used
again and again.  Nothing in a parcel is ever run, as in a pickle.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
from collections.abc import Mapping, Sequence
from typing import Any

INLINE = 32 * 1024
"""So many bytes of payloads go with the head."""
_LARGEST_PACKET = 2**18
_PAGES = 2**20
_HEAD = struct.Struct("<I")

Payload = Sequence[bytes | memoryview]
"""A message in pieces."""


class Parcels:
    """One end of the way of parcels."""

    def __init__(self, channel: socket.socket):
        """Send and receive over ``channel``, of the kind that keeps packets apart."""
        self._channel = channel
        self._out: mmap.mmap | None = None
        self._in: mmap.mmap | None = None

    def fileno(self) -> int:
        """Return the file that becomes readable when a parcel comes, or the other end is gone."""
        return self._channel.fileno()

    def send(self, head: Mapping[str, Any], payloads: Sequence[Payload] = ()) -> None:
        """Send a parcel; OSError if the other end is gone, or there is no memory for it."""
        pieces = [[memoryview(piece).cast("B") for piece in payload] for payload in payloads]
        sizes = [sum(map(len, payload)) for payload in pieces]
        flat = [piece for payload in pieces for piece in payload]
        descriptors: list[int] = []
        if (total := sum(sizes)) > INLINE:
            descriptors = self._write(flat, total)
            flat = []
        words = json.dumps({**head, "sizes": sizes}).encode()
        try:
            socket.send_fds(self._channel, [_HEAD.pack(len(words)), words, *flat], descriptors)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)

    def receive(self) -> tuple[dict[str, Any], list[bytes]] | None:
        """Return the next parcel; None when the other end is gone."""
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._channel, _LARGEST_PACKET, 1)
        except ConnectionError:
            return None
        if descriptors:
            self._in = mmap.mmap(descriptors[0], 0)
            os.close(descriptors[0])
        if not packet:
            return None
        end = _HEAD.size + _HEAD.unpack_from(packet)[0]
        head: dict[str, Any] = json.loads(packet[_HEAD.size:end])
        sizes = head.pop("sizes")
        shared = sum(sizes) > INLINE
        source, at = (self._in, 0) if shared else (packet, end)
        assert source is not None  # it came with this parcel or one before
        payloads = []
        for size in sizes:
            payloads.append(bytes(source[at:at + size]))  # the next parcel writes over it
            at += size
        return head, payloads

    def close(self) -> None:
        """Give back the channel and the memory."""
        self._channel.close()
        for memory in (self._out, self._in):
            if memory is not None:
                memory.close()

    def _write(self, pieces: Sequence[memoryview], total: int) -> list[int]:
        """Write into the memory; return its file if the other end has not mapped it yet."""
        new: list[int] = []
        if self._out is None or len(self._out) < total:
            size = -(-total // _PAGES) * _PAGES
            memory = os.memfd_create("dnne_ros_replica")
            new = [memory]
            try:
                os.posix_fallocate(memory, 0, size)  # what is not there would kill who writes
                self._out = mmap.mmap(memory, size)
            except BaseException:
                os.close(memory)
                raise
        at = 0
        for piece in pieces:
            self._out[at:at + len(piece)] = piece
            at += len(piece)
        return new
