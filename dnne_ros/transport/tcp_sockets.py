"""Connections between two machines, for the frames of an edge and its credits.

DDS cuts a large message into datagrams and waits for those that got lost; TCP does so in the
kernel, at a multiple of the speed.  Everybody may connect to a port, so each packet shows the
run's key: a hash (BLAKE2b, as in `dnne_ros.transport.seal`) over its number on this connection and
its content, with a key that both ends derive from the run's and from numbers that they have drawn.
So none can be forged, left out, repeated or taken from another connection.  Nothing is hidden.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import secrets
import selectors
import socket
import struct
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import cast

from dnne_ros.transport.addresses import nearest, own_addresses
from dnne_ros.transport.carrier import Files, OnLine, OnPacket
from dnne_ros.transport.packet_reader import PacketReader

_NONCE_BYTES = 16
_TAG_BYTES = 16
_HEAD = struct.Struct(f"<Q{_TAG_BYTES}s")
_NUMBER = struct.Struct("<Q")
_MOST_STRANGERS = 64
"""How many may be connected that have not shown the key; the oldest makes room."""
_LOST_MILLISECONDS = 20_000
"""After this long without an answer the connection is given up, and DDS carries on."""
_RECEIVES_AT_ONCE = 16
_BUFFER_BYTES = 4 * 2**20


class TcpLine:
    """One end of a connection; packets keep their order and their bounds, and nothing waits."""

    name = "tcp"
    most_bytes = float("inf")

    def __init__(self, connection: socket.socket, files: Files, key: bytes, *, served: bool,
                 on_packet: OnPacket, on_closed: Callable[[], None]):
        """Call ``on_packet`` for each packet and ``on_closed`` when the other end is gone.

        ``served``: the other end has connected to us.
        """
        self.on_packet = on_packet
        self.on_closed = on_closed
        self.on_room: Callable[[], None] = lambda: None
        self._socket = connection
        self._files = files
        self._key = key
        self._served = served
        self._nonce = secrets.token_bytes(_NONCE_BYTES)
        self._reader = PacketReader(_NONCE_BYTES, _HEAD.size)
        self._ours: _Lane | None = None
        self._theirs: _Lane | None = None
        self._wire: deque[memoryview] = deque([memoryview(self._nonce)])
        self._waiting: Sequence[bytes] | None = None
        self._open = True
        _prepare(connection)
        self._events = selectors.EVENT_READ | selectors.EVENT_WRITE
        files.serve(connection, self._on_ready, self._events)

    def send(self, parts: Sequence[bytes]) -> bool:
        """Send a packet; False: it waits for room, and so has who sends until `on_room`."""
        self._waiting = parts
        if not self._wire and self._ours is not None:
            self._send_waiting()
        return not self._open or not (self._wire or self._waiting is not None)

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
            self._go_on()
        if events & selectors.EVENT_READ:
            self._receive()

    def _receive(self) -> None:
        for _ in range(_RECEIVES_AT_ONCE):
            if not self._open:
                return
            try:
                size = self._socket.recv_into(self._reader.room())
            except BlockingIOError:
                return
            except OSError:
                size = 0
            if size == 0 or not self._take(size):
                self._end()
                return

    def _take(self, size: int) -> bool:
        """Take what has come; False if it was not the other end of this run that has said it."""
        for head, body in self._reader.packets(size):
            if self._theirs is None:
                self._agree(bytes(body))
            elif not self._theirs.fits(_HEAD.unpack(head)[1], body):
                return False
            else:
                self._reader.trust()
                self.on_packet(cast("bytes", body))  # nobody writes to it any more
                if not self._open:
                    break
        return not self._reader.refused

    def _agree(self, nonce: bytes) -> None:
        """Derive the keys of both directions; the end that has connected drew the first number."""
        first, second = (nonce, self._nonce) if self._served else (self._nonce, nonce)
        lanes = [_Lane(self._key, name + first + second) for name in (b"to server", b"to client")]
        self._theirs, self._ours = lanes if self._served else reversed(lanes)
        self._go_on()

    def _go_on(self) -> None:
        """Send what waits; if that is through, others may be sent."""
        waited = bool(self._wire) or self._waiting is not None
        self._send_waiting()
        if waited and self._open and not self._wire and self._waiting is None:
            self.on_room()

    def _send_waiting(self) -> None:
        try:
            while self._wire or (self._waiting is not None and self._ours is not None):
                if not self._wire and self._waiting is not None and self._ours is not None:
                    parts, self._waiting = self._waiting, None
                    head = _HEAD.pack(sum(map(len, parts)), self._ours.tag(*parts))
                    self._wire.extend(map(memoryview, (head, *parts)))
                self._note_sent(self._socket.sendmsg(self._wire))
            self._wait_for(selectors.EVENT_READ)
        except BlockingIOError:
            self._wait_for(selectors.EVENT_READ | selectors.EVENT_WRITE)
        except OSError:
            self._end()

    def _note_sent(self, size: int) -> None:
        while self._wire and size >= len(self._wire[0]):
            size -= len(self._wire.popleft())
        if size:
            self._wire[0] = self._wire[0][size:]

    def _wait_for(self, events: int) -> None:
        if self._open and events != self._events:
            self._events = events
            self._files.serve(self._socket, self._on_ready, events)


class _Lane:
    """One direction of a connection: its key, and how many packets have gone."""

    def __init__(self, key: bytes, purpose: bytes):
        derived = hashlib.blake2b(purpose, key=key, digest_size=32).digest()
        self._state = hashlib.blake2b(key=derived, digest_size=_TAG_BYTES)
        self._number = 0

    def tag(self, *parts: bytes | bytearray) -> bytes:
        """Return what shows that ``parts`` are the next packet of this direction."""
        state = self._state.copy()
        state.update(_NUMBER.pack(self._number))
        for part in parts:
            state.update(part)
        self._number += 1
        return state.digest()

    def fits(self, tag: bytes, body: bytes | bytearray) -> bool:
        """Tell whether ``tag`` is that of ``body`` as the next packet."""
        return hmac.compare_digest(tag, self.tag(body))


class TcpSockets:
    """The carrier: it listens as soon as somebody wants to know its address."""

    name = TcpLine.name

    def __init__(self, files: Files, on_line: OnLine, key: bytes):
        """Call ``on_line(line, packet)`` with the first packet of who connects.

        ``key`` is the run's.
        """
        self._files = files
        self._on_line = on_line
        self._key = key
        self._listener: socket.socket | None = None
        self._address: str | None = None
        self._strangers: deque[TcpLine] = deque()
        self._known: weakref.WeakSet[TcpLine] = weakref.WeakSet()

    @property
    def address(self) -> str:
        """Return what `connect` must be given: ``10.0.0.1,192.168.1.7:40123``, or nothing."""
        if self._address is None:
            self._address = self._listen()
        return self._address

    def connect(self, address: str, on_packet: OnPacket, on_closed: Callable[[], None]
                ) -> TcpLine | None:
        """Return a line to the listener at ``address``; None if nothing leads to it.

        ``on_packet`` is called for each packet, ``on_closed`` when the other end is gone or
        turns out not to be reached.
        """
        hosts, _, port = address.rpartition(":")
        host = nearest(hosts.split(","), self._own_addresses())
        if not host or not port.isdecimal():
            return None
        try:
            connection = _begin_to_connect(host, int(port))
        except (OSError, OverflowError):
            return None
        return TcpLine(connection, self._files, self._key, served=False, on_packet=on_packet,
                       on_closed=on_closed)

    def close(self) -> None:
        """Stop listening and close what has connected to us."""
        self._stop_listening()
        for line in (*self._strangers, *self._known):
            line.close()

    def _own_addresses(self) -> list[str]:
        try:
            return own_addresses()
        except OSError:  # no more descriptors
            return []

    def _listen(self) -> str:
        own = self._own_addresses()
        try:
            listener = socket.create_server(("", 0), backlog=256)
        except OSError:  # not allowed, or no more descriptors: DDS carries everything
            return ""
        listener.setblocking(False)
        self._files.serve(listener, self._accept, selectors.EVENT_READ)
        self._listener = listener
        return f"{','.join(own)}:{listener.getsockname()[1]}" if own else ""

    def _stop_listening(self) -> None:
        if self._listener is not None:
            self._files.forget(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, _: int) -> None:
        assert self._listener is not None
        try:
            connection, _peer = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no more descriptors: whoever comes now has DDS
            self._stop_listening()
            return
        connection.setblocking(False)

        def first(packet: bytes | memoryview) -> None:
            with contextlib.suppress(ValueError):  # it has made room for others
                self._strangers.remove(line)
            self._known.add(line)
            self._on_line(line, packet)

        line = TcpLine(connection, self._files, self._key, served=True, on_packet=first,
                       on_closed=lambda: None)
        self._strangers.append(line)
        if len(self._strangers) > _MOST_STRANGERS:
            self._strangers.popleft().close()


def _begin_to_connect(host: str, port: int) -> socket.socket:
    """Return a socket on its way there; OSError or OverflowError if there is none."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.setblocking(False)
    # Two tries of some seconds: where nobody answers, DDS is to carry on soon.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, 1)
    try:
        connection.connect((host, port))
    except BlockingIOError:
        return connection  # it is under way
    except (OSError, OverflowError):
        connection.close()
        raise
    return connection


def _prepare(connection: socket.socket) -> None:
    for level, option, value in (
            (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _LOST_MILLISECONDS),
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _LOST_MILLISECONDS // 2000),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _LOST_MILLISECONDS // 4000),
            (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2),
            (socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES),
            (socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)):
        connection.setsockopt(level, option, value)
