"""All edges between two processes on one line, so that what is sent together travels together.

A packet holds messages of any of these edges, each behind its length and its lane.  An edge has
two lanes: an even one for frames and the odd one behind it for credits; so the numbers that both
ends draw as consumers never meet.  A message without bytes says that its lane has ended.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from itertools import count

from dnne_ros.transport.carrier import Files, Line, OnPacket

_HEAD = struct.Struct("<2I")
_MOST_TOGETHER = 64 * 1024
"""Bytes of a packet of several messages, at most."""

OnStrand = Callable[["Strand", "bytes | memoryview"], None]


class Departures:
    """Holds packets of one process back while a node gives several outputs."""

    def __init__(self, files: Files):
        """Hold nothing back; ``files`` are the event loop's."""
        self.held = False
        self.heard: Bundle | None = None
        """Who has spoken last."""
        self._files = files
        self._bundles: dict[Bundle, None] = {}

    def __enter__(self) -> None:
        """Hold back what is sent from now on, at most until the event loop has turned."""
        if not self.held:
            self.held = True
            self._files.before_wait(self._release)

    def __exit__(self, *_: object) -> None:
        """Send what was held back."""
        self._release()

    def wait(self, bundle: Bundle) -> None:
        """Hold a bundle's messages back."""
        self._bundles[bundle] = None

    def _release(self) -> None:
        self.held = False
        if self._bundles:
            bundles, self._bundles = self._bundles, {}
            if self.heard in bundles:  # what it said was awaited, so it goes on at once, maybe
                self.heard.send_waiting()
            for bundle in bundles:
                bundle.send_waiting()


class Strand:
    """One end of an edge: a `dnne_ros.transport.carrier.Channel`."""

    def __init__(self, bundle: Bundle, out: int, on_packet: OnPacket,
                 on_closed: Callable[[], None]):
        """Send on the lane ``out`` of ``bundle``."""
        self.on_packet = on_packet
        self.on_closed = on_closed
        self.name = bundle.name
        self.most_bytes = bundle.most_bytes
        self.out = out
        self.waiting: deque[Waiting] = deque()
        """Its messages among those that wait."""
        self._bundle = bundle
        self._departures = bundle.departures
        self._send = bundle.line.send

    def send(self, message: bytes, most_waiting: int = 0) -> int:
        """Send a message, as soon as the other end has room; return how many were dropped for it.

        At most ``most_waiting`` messages wait, the oldest makes room; with 0 all of them wait.
        """
        bundle = self._bundle
        if not bundle.idle or self._departures.held:
            return bundle.send(self, message, most_waiting)
        if not self._send((_HEAD.pack(len(message), self.out), message)):
            bundle.note_full()
        return 0

    def owe(self, say: Callable[[], bytes]) -> None:
        """Send what ``say()`` returns then, if anything, along with what is sent next or later."""
        self._bundle.owe(self, say)

    def forget_waiting(self) -> None:
        """Drop what waits for the other end to have room."""
        while self.waiting:
            self.waiting.popleft().message = None

    def close(self) -> None:
        """Close this end; `on_closed` is not called."""
        self._bundle.end(self)


class Waiting:
    """A message that waits; None in its place: not any more."""

    __slots__ = ("strand", "message")

    def __init__(self, strand: Strand, message: bytes):
        """Wait as the newest message of ``strand``."""
        self.strand = strand
        self.message: bytes | None = message
        strand.waiting.append(self)


class Bundle:
    """One end of what connects two processes, for all edges between them."""

    def __init__(self, line: Line, files: Files, departures: Departures, on_strand: OnStrand,
                 on_closed: Callable[[Bundle], None]):
        """Use ``line``; ``on_strand(strand, message)`` is given each edge that the other opens.

        ``on_closed`` is called with this bundle when the other end is gone.
        """
        self.name = line.name
        self.line = line
        """What it sends on."""
        self.most_bytes = line.most_bytes - _HEAD.size
        self.departures = departures
        self.idle = True
        """Nothing waits or is owed, and the line has room."""
        self._most_together = min(_MOST_TOGETHER, line.most_bytes)
        self._files = files
        self._on_strand = on_strand
        self._on_closed = on_closed
        self._lines: list[Line] = []
        self._strands: dict[int, Strand] = {}
        self._numbers = count(1)
        self._queue: deque[Waiting] = deque()
        self._owed: dict[Strand, Callable[[], bytes]] = {}
        self._has_room = True
        self._will_tell = False
        line.on_room = self._on_room
        self.attach(line)

    def attach(self, line: Line) -> None:
        """Hear what the other end says on one more line, as both ends may have made one.

        Each goes on to send on the first that it had, so nothing is overtaken.
        """
        line.on_packet = self._on_packet
        line.on_closed = self._end
        self._lines.append(line)

    def greet(self, packet: bytes) -> None:
        """Send a packet that the other end takes before it knows of a bundle."""
        if not self.line.send((packet,)):
            self.note_full()

    def open(self, on_packet: OnPacket, on_closed: Callable[[], None]) -> Strand:
        """Return this end of a new edge, which the other end learns of by the first message."""
        lane = 2 * next(self._numbers)
        strand = self._strands[lane] = Strand(self, lane + 1, on_packet, on_closed)
        return strand

    def end(self, strand: Strand) -> None:
        """Use a strand no more, and tell the other end."""
        if self._strands.get(strand.out ^ 1) is strand:
            del self._strands[strand.out ^ 1]
            self._owed.pop(strand, None)
            strand.forget_waiting()
            self.send(strand, b"", 0)

    def close(self) -> None:
        """Close all lines; nobody is told here."""
        if self.departures.heard is self:
            self.departures.heard = None
        self._strands.clear()
        self._owed.clear()
        self._queue.clear()
        lines, self._lines = self._lines, []
        for line in lines:
            line.close()

    def send(self, strand: Strand, message: bytes, most_waiting: int) -> int:
        """Send a message of ``strand``, behind what waits; see `Strand.send`."""
        self.idle = False
        self._queue.append(Waiting(strand, message))
        if not self._has_room:
            if most_waiting and len(strand.waiting) > most_waiting:
                strand.waiting.popleft().message = None
                return 1
        elif self.departures.held:
            self.departures.wait(self)
        else:
            self.send_waiting()
        return 0

    def send_waiting(self) -> None:
        """Send what waits, as far as there is room."""
        while self._has_room and self._queue:
            self._send_packet()

    def owe(self, strand: Strand, say: Callable[[], bytes]) -> None:
        """Send what ``say()`` returns then; see `Strand.owe`."""
        self.idle = False
        self._owed[strand] = say
        if not self._will_tell:
            self._will_tell = True
            self._files.in_a_while(self._tell)

    def note_full(self) -> None:
        """Note that the line has no room for more."""
        self._has_room = self.idle = False

    def _tell(self) -> None:
        """Say what is owed."""
        self._will_tell = False
        while self._has_room and (self._queue or self._owed):
            self._send_packet()

    def _send_packet(self) -> None:
        parts: list[bytes] = []
        size = 0
        while self._queue:
            waiting = self._queue[0]
            message, strand = waiting.message, waiting.strand
            if message is not None:
                size += _HEAD.size + len(message)
                if size > self._most_together and parts:
                    break
                parts += (_HEAD.pack(len(message), strand.out), message)
                strand.waiting.popleft()
            self._queue.popleft()
        else:
            self._add_owed(parts, size)
        if parts and not self.line.send(parts):
            self.note_full()
        else:
            self.idle = not (self._queue or self._owed)

    def _add_owed(self, parts: list[bytes], size: int) -> None:
        """Add to a packet of ``size`` bytes what is owed."""
        while self._owed:
            strand, say = self._owed.popitem()
            message = say()
            if not message:  # it has been said meanwhile
                continue
            size += _HEAD.size + len(message)
            if size > self._most_together:
                self._queue.append(Waiting(strand, message))
            else:
                parts += (_HEAD.pack(len(message), strand.out), message)

    def _on_room(self) -> None:
        self._has_room = True
        self.idle = not (self._queue or self._owed)
        self.send_waiting()

    def _on_packet(self, packet: bytes | memoryview) -> None:
        self.departures.heard = self
        if len(packet) > _HEAD.size:  # most have one message: this is on the way of every item
            length, lane = _HEAD.unpack_from(packet)
            strand = self._strands.get(lane)
            if strand is not None and length + _HEAD.size == len(packet):
                strand.on_packet(memoryview(packet)[_HEAD.size:])
                return
        self._take_apart(packet)

    def _take_apart(self, packet: bytes | memoryview) -> None:
        view = memoryview(packet).toreadonly()  # who keeps one message is not to keep all
        at, size = 0, len(view)
        while at + _HEAD.size <= size and self._lines:
            length, lane = _HEAD.unpack_from(view, at)
            at += _HEAD.size + length
            if at > size:
                break
            message = view[at - length:at]
            strand = self._strands.get(lane)
            if strand is None:
                self._meet(lane, message)
            elif length:
                strand.on_packet(message)
            else:
                del self._strands[lane]
                strand.forget_waiting()
                strand.on_closed()
        if at != size:  # any process of this user may connect
            self._end()

    def _meet(self, lane: int, message: memoryview) -> None:
        """Take the first message of an edge that the other end has opened."""
        if lane % 2 and len(message):  # else it is late, and for one that was closed here
            strand = self._strands[lane] = Strand(self, lane - 1, _drop, _nothing)
            self._on_strand(strand, message)

    def _end(self) -> None:
        """Take note that the other end is gone."""
        if self._lines:
            strands = list(self._strands.values())
            self.close()
            self._on_closed(self)
            for strand in strands:
                strand.on_closed()


def _drop(message: bytes | memoryview) -> None:
    """Drop a message: nobody has said yet whose it is."""


def _nothing() -> None:
    """Do nothing: nobody waits for that yet."""
