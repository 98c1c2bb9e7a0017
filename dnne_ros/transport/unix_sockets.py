"""Sockets between two processes of one machine, for the frames of an edge and its credits.

A message takes a fifth of the time that it takes through DDS.  Only producers and consumers of
one graph use it; whoever watches sees the items on the public topic as ever.  The sockets are
Linux's abstract ones, which leave no file behind.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import selectors
import socket
import struct
import weakref
from collections.abc import Callable, Sequence

from dnne_ros.transport.carrier import Files, OnLine, OnPacket
from dnne_ros.transport.frame import LARGE_FROM

MAX_PACKET = LARGE_FROM + 1024
"""Bytes of a packet, at most: of one message that is not large, with all that goes along with it.
Larger frames take the way through DDS."""

KEPT_FROM = 8 * 1024
"""Bytes from which what is in a packet stays there, and may be written to, and from which the
kernel puts a packet together, as that copies anyway; of less a copy is cheap, and nobody who keeps
a few numbers is to keep a packet."""
_ON_THE_WAY = 2**20
"""Bytes that the kernel is to hold for the other end; it gives less where it is told to."""
_PACKETS_AT_ONCE = 64
_LOOK_EVERY = 16
_CREDENTIALS = struct.Struct("3i")


class UnixLine:
    """One end of a connection; packets keep their order and their bounds, and nothing waits."""

    name = "socket"
    most_bytes = MAX_PACKET

    def __init__(self, connection: socket.socket, files: Files, on_packet: OnPacket,
                 on_closed: Callable[[], None]):
        """Call ``on_packet`` for each packet and ``on_closed`` when the other end is gone."""
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ON_THE_WAY)
        self._socket = connection
        self._send = connection.send
        self._send_parts = connection.sendmsg
        self._receive = connection.recv_into
        self._files = files
        self.on_packet = on_packet
        self.on_closed = on_closed
        self.on_room: Callable[[], None] = _nothing
        self._waiting = b""
        self._buffer = bytearray(MAX_PACKET)
        self._view = memoryview(self._buffer)
        self._several = False
        self._looks = 0
        self._open = True
        files.serve(connection, self._on_ready, selectors.EVENT_READ)

    def send(self, parts: Sequence[bytes]) -> bool:
        """Send a packet; False: it waits for room, and so has who sends until `on_room`."""
        try:
            if len(parts[-1]) < KEPT_FROM:
                self._send(b"".join(parts))
            else:
                self._send_parts(parts)
        except BlockingIOError:
            self._waiting = b"".join(parts)
            self._files.serve(self._socket, self._on_ready,
                              selectors.EVENT_READ | selectors.EVENT_WRITE)
            return False
        except OSError:  # also where it is closed
            self._end()
        return True

    def close(self) -> None:
        """Close this end; `on_closed` is not called."""
        if self._open:
            self._open = False
            self._files.forget(self._socket)
            self._socket.close()

    def _end(self) -> None:
        if self._open:
            self.close()
            self.on_closed()

    def _on_ready(self, events: int) -> None:
        if events & selectors.EVENT_WRITE:
            self._send_waiting()
        if not events & selectors.EVENT_READ:
            return
        # To look for a second packet takes as long as to be told of it; where there was one the
        # last time, there may be more now.
        self._looks += 1
        many = self._several or self._looks % _LOOK_EVERY == 0
        for number in range(_PACKETS_AT_ONCE if many else 1):
            if not self._open:
                return
            try:
                size = self._receive(self._buffer)
            except BlockingIOError:
                self._several = number > 1
                return
            except OSError:
                size = 0
            if size == 0:
                self._end()
                return
            packet = self._view[:size]
            self.on_packet(bytes(packet) if size < KEPT_FROM else memoryview(bytearray(packet)))

    def _send_waiting(self) -> None:
        try:
            self._send(self._waiting)
        except BlockingIOError:
            return
        except OSError:
            self._end()
            return
        self._waiting = b""
        self._files.serve(self._socket, self._on_ready, selectors.EVENT_READ)
        self.on_room()


class UnixListener:
    """Where the consumers of a process' outputs connect to."""

    def __init__(self, files: Files, on_line: OnLine):
        """Listen; call ``on_line(line, packet)`` with the first packet of who connects."""
        self._files = files
        self._on_line = on_line
        self._lines: weakref.WeakSet[UnixLine] = weakref.WeakSet()
        self.address = f"dnne_ros_{os.getpid()}_{secrets.token_hex(16)}"
        """What `connect` must be given; empty where there are no such sockets."""
        self._reserve = -1
        try:
            self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._listener.bind(f"\0{self.address}")
            self._listener.listen(256)
        except (OSError, AttributeError):  # not Linux, or not allowed: DDS carries everything
            self.address = ""
            self._give_up_reserve()
            return
        self._listener.setblocking(False)
        files.serve(self._listener, self._accept, selectors.EVENT_READ)

    def close(self) -> None:
        """Stop listening and close what is connected."""
        if self.address:
            self.address = ""
            self._files.forget(self._listener)
            self._listener.close()
            self._give_up_reserve()
        for line in list(self._lines):
            line.close()

    def _turn_away(self) -> None:
        """Let a consumer know that it has no line, for lack of descriptors: DDS carries on.

        It would take itself for connected, and its credits would never be read.
        """
        self._give_up_reserve()
        with contextlib.suppress(OSError):
            self._listener.accept()[0].close()
        with contextlib.suppress(OSError):
            self._reserve = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def _give_up_reserve(self) -> None:
        if self._reserve >= 0:
            os.close(self._reserve)
            self._reserve = -1

    def _accept(self, _: int) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            self._turn_away()
            return
        if not _is_ours(connection):  # the address is no secret on this machine
            connection.close()
            return

        def first(packet: bytes | memoryview) -> None:
            self._on_line(line, packet)

        line = UnixLine(connection, self._files, first, _nothing)
        self._lines.add(line)


class UnixSockets:
    """The carrier: it listens as soon as somebody wants to know its address."""

    name = UnixLine.name

    def __init__(self, files: Files, on_line: OnLine):
        """Call ``on_line(line, packet)`` with the first packet of who connects."""
        self._files = files
        self._on_line = on_line
        self._listener: UnixListener | None = None

    @property
    def address(self) -> str:
        """Return what `connect` must be given; empty where there are no such sockets."""
        if self._listener is None:
            self._listener = UnixListener(self._files, self._on_line)
        return self._listener.address

    def connect(self, address: str, on_packet: OnPacket, on_closed: Callable[[], None]
                ) -> UnixLine | None:
        """Return a line to the listener at ``address``; None if there is none on this machine.

        ``on_packet`` is called for each packet, ``on_closed`` when the other end is gone.
        """
        if not address:
            return None
        try:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            connection.setblocking(False)
            connection.connect(f"\0{address}")
        except (OSError, AttributeError):  # another machine: DDS carries the frames
            return None
        if not _is_ours(connection):  # somebody listens in our producer's name
            connection.close()
            return None
        return UnixLine(connection, self._files, on_packet, on_closed)

    def close(self) -> None:
        """Stop listening and close what has connected to us."""
        if self._listener is not None:
            self._listener.close()


def _nothing() -> None:
    """Do nothing: nobody asks yet."""


def _is_ours(connection: socket.socket) -> bool:
    """Tell whether the process at the other end runs for the same user."""
    data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return bool(_CREDENTIALS.unpack(data)[1] == os.getuid())
