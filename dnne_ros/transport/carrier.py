"""What carries items between processes: the interface that hides how.

DDS is always there; it also finds the other end.  Where both ends are on one machine there are
better ways, of two kinds: a *line* connects two processes, with a *channel* on it for each edge
between them, and a *store* keeps a large message where every consumer can read it, so that only
its place travels on a channel.

The producer's WELCOME names the address of each of its carriers, and a consumer uses what it
reaches: of lines the first, of stores all.  A new way is one class with this interface and its
name in `dnne_ros.transport.process_endpoint`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

OnPacket = Callable[[bytes | memoryview], None]
OnLine = Callable[["Line", bytes | memoryview], None]


class Files(Protocol):
    """An event loop's way to be told at once when a socket is ready."""

    def serve(self, file: Any, on_ready: Callable[[int], None], events: int) -> None:
        """Call ``on_ready(events)`` when one of ``events`` is there; again to change them."""
        ...

    def forget(self, file: Any) -> None:
        """Serve ``file`` no more."""
        ...

    def before_wait(self, call: Callable[[], None]) -> None:
        """Call ``call()`` once, at the end of this turn of the loop."""
        ...

    def in_a_while(self, call: Callable[[], None]) -> None:
        """Call ``call()`` once: before the loop rests, within some milliseconds."""
        ...


class Line(Protocol):
    """One end of a connection between two processes; packets keep their order and bounds."""

    on_packet: OnPacket
    on_closed: Callable[[], None]
    on_room: Callable[[], None]
    """Called when there is room again for packets, after `send` had returned False."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def most_bytes(self) -> float:
        """How many bytes a packet has at most."""
        ...

    def send(self, parts: Sequence[bytes]) -> bool:
        """Send a packet, given in parts; one that finds no room goes when there is some.

        Then it returns False, and no other is to be sent before `on_room` is called.
        """
        ...

    def close(self) -> None:
        """Close this end; `on_closed` is not called."""
        ...


class Channel(Protocol):
    """One end of an edge on a line; messages keep their order and bounds, and nothing waits.

    Frames go one way, credits the other.
    """

    on_packet: OnPacket
    on_closed: Callable[[], None]

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    @property
    def most_bytes(self) -> float:
        """How many bytes a message has at most; a larger frame goes through DDS."""
        ...

    def send(self, message: bytes, most_waiting: int = 0) -> int:
        """Send a message, as soon as the other end has room; return how many were dropped for it.

        At most ``most_waiting`` messages wait, the oldest makes room; with 0 all of them wait.
        """
        ...

    def owe(self, say: Callable[[], bytes]) -> None:
        """Send what ``say()`` returns then, along with what is sent next, or in a while.

        Nothing is sent if it returns nothing.
        """
        ...

    def forget_waiting(self) -> None:
        """Drop what waits for the other end to have room."""
        ...

    def close(self) -> None:
        """Close this end; `on_closed` is not called."""
        ...


class Carrier(Protocol):
    """What a process has of one way of carrying; made before anybody needs it."""

    @property
    def name(self) -> str:
        """What reports call it, unique among carriers."""
        ...

    @property
    def address(self) -> str:
        """How a consumer reaches it: ASCII without blanks, empty where there is no such way."""
        ...

    def close(self) -> None:
        """Leave nothing behind."""
        ...


class LineCarrier(Carrier, Protocol):
    """Makes lines.

    It is constructed with the event loop's `Files` and ``on_line(line, packet)``, to be called
    with the first packet of each process that connects.
    """

    def connect(self, address: str, on_packet: OnPacket, on_closed: Callable[[], None]
                ) -> Line | None:
        """Return a line to the producer at ``address``; None if it is not to be reached.

        ``on_packet`` is called for each packet, ``on_closed`` when the other end is gone.
        """
        ...


class Stored(Protocol):
    """A message in a store, as its producer holds it."""

    @property
    def place(self) -> bytes:
        """What a consumer finds it by."""
        ...

    def release(self) -> None:
        """Note that nobody needs it any more."""
        ...

    def retire(self) -> None:
        """See that it stays as it is, also when it is released: somebody gone may still read."""
        ...


class Lent(Protocol):
    """A message that a consumer looks at where it lies."""

    def is_over(self) -> bool:
        """Tell whether nobody looks at it any more; not to be asked again then."""
        ...

    def give_up(self) -> None:
        """Keep the memory for those who look at it only: its producer is gone."""
        ...


class Store(Carrier, Protocol):
    """Keeps large messages where consumers read them; constructed without arguments."""

    def put(self, parts: Sequence[bytes | memoryview], size: int) -> Stored | None:
        """Keep a message of ``size`` bytes, given in parts; None if there is no room."""
        ...

    def reach(self, address: str) -> bool:
        """Tell whether this process can read what the producer at ``address`` puts."""
        ...

    def find(self, place: bytes) -> Callable[[], memoryview]:
        """Return what copies the message at ``place`` out; until then it holds on to it.

        Raises OSError if it is gone, ValueError if ``place`` is none.
        """
        ...

    def lend(self, place: bytes) -> tuple[memoryview, Lent] | None:
        """Return the message at ``place`` where it lies, and its loan; None: it is to be copied.

        Its producer is told not to use the memory again before the loan `is_over`.
        """
        ...
