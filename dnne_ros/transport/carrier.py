"""What carries items between processes: the interface that hides how.

DDS is always there; it also finds the other end.  Where both ends are on one machine there are
better ways, of two kinds: a *channel* connects a producer with one consumer, and a *store* keeps
a large message where every consumer can read it, so that only its place travels on a channel.

The producer's WELCOME names the address of each of its carriers, and a consumer uses what it
reaches: of channels the first, of stores all.  A new way is one class with this interface and its
name in `dnne_ros.transport.process_endpoint`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

OnPacket = Callable[[bytes], None]
OnChannel = Callable[["Channel", bytes], None]


class Files(Protocol):
    """An event loop's way to be told at once when a socket is ready."""

    def serve(self, file: Any, on_ready: Callable[[int], None], events: int) -> None:
        """Call ``on_ready(events)`` when one of ``events`` is there; again to change them."""
        ...

    def forget(self, file: Any) -> None:
        """Serve ``file`` no more."""
        ...


class Channel(Protocol):
    """One end of a connection; packets keep their order and their bounds, and nothing waits.

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
        """How many bytes a packet has at most; a larger frame goes through DDS."""
        ...

    def send(self, packet: bytes, most_waiting: int = 0) -> int:
        """Send a packet, as soon as the other end has room; return how many were dropped for it.

        At most ``most_waiting`` packets wait, the oldest makes room; with 0 all of them wait.
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


class ChannelCarrier(Carrier, Protocol):
    """Makes channels.

    It is constructed with the event loop's `Files` and ``on_channel(channel, packet)``, to be
    called with the first packet of each consumer that connects.
    """

    def connect(self, address: str, on_packet: OnPacket, on_closed: Callable[[], None]
                ) -> Channel | None:
        """Return a channel to the producer at ``address``; None if it is not to be reached.

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
