"""What one process has for its edges to other processes."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Sequence
from functools import partial

from dnne_ros.transport.bundle import Bundle, Departures, Strand
from dnne_ros.transport.carrier import Channel, Files, Line, LineCarrier, OnLine, OnPacket, Store
from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.shared_memory_store import SharedMemoryStore
from dnne_ros.transport.tcp_sockets import TcpSockets
from dnne_ros.transport.unix_sockets import UnixSockets

CHANNELS: tuple[Callable[[Files, OnLine], LineCarrier], ...] = (UnixSockets,)
"""Ways to connect two processes, the best first; where none works, DDS does."""
STORES: tuple[Callable[[], Store], ...] = (SharedMemoryStore,)
"""Where large messages may lie, the best first; where none works, they travel themselves."""


_GREETING = b"dnne_ros 6 "
"""With it begins what a process says first to one that it connects to; its own address follows."""


def network_channels(key: bytes) -> tuple[Callable[[Files, OnLine], LineCarrier], ...]:
    """Return the ways to connect processes of which some are on other machines.

    Only who has the run's ``key`` is let in; without one DDS carries what goes to others, as it
    does where the system is not Linux.
    """
    if not key or not hasattr(socket, "TCP_SYNCNT"):
        return CHANNELS
    return (*CHANNELS, partial(TcpSockets, key=key))


class ProcessEndpoint:
    """The carriers of one process and the number of its run.

    A carrier takes nothing from the machine until an edge needs it: a graph in one process has
    neither sockets nor shared memory.
    """

    def __init__(self, files: Files, run_id: str = "", key: bytes = b"",
                 channels: Sequence[Callable[[Files, OnLine], LineCarrier]] = CHANNELS,
                 stores: Sequence[Callable[[], Store]] = STORES):
        """Use the event loop's ``files``.

        ``run_id`` is the same in all processes of a run; so is ``key``, which nobody else knows.
        """
        self.key = key
        self.run = zlib.crc32(run_id.encode())
        made = [make(files, self._on_line) for make in channels]
        self.channels = {carrier.name: carrier for carrier in made}
        self.stores = [make() for make in stores]
        self.departures = Departures(files)
        """While it is held, what is sent to one process leaves in one packet."""
        self._files = files
        self._addresses: dict[str, str] = {}
        self._bundles: dict[tuple[str, str], Bundle] = {}
        self._expected: dict[str, Callable[[Channel, Credit], None]] = {}

    def expect(self, consumer: str, on_channel: Callable[[Channel, Credit], None]) -> None:
        """Call ``on_channel`` with a channel that ``consumer`` makes, and its first credit."""
        self._expected[consumer] = on_channel

    def addresses(self) -> dict[str, str]:
        """Return where others reach this process, by the carrier's name; it listens from now."""
        # The first look at an address makes what it leads to.
        self._addresses = {name: carrier.address for name, carrier in self.channels.items()}
        return self._addresses

    def connect(self, name: str, address: str, on_packet: OnPacket,
                on_closed: Callable[[], None]) -> Channel | None:
        """Return a channel to the process at ``address`` of the carrier ``name``; None: no way.

        ``on_packet`` is called for each message, ``on_closed`` when the other end is gone.
        """
        carrier = self.channels.get(name)
        if carrier is None or not address:
            return None
        bundle = self._bundles.get((name, address))
        if bundle is None:
            line = carrier.connect(address, _nothing_yet, _nothing)
            if line is None:
                return None
            bundle = self._bundle(line, address)
            bundle.greet(_GREETING + self._addresses.get(name, "").encode("ascii"))
        return bundle.open(on_packet, on_closed)

    def close(self) -> None:
        """Close the channels and give back the memory."""
        for bundle in list(self._bundles.values()):
            bundle.close()
        for carrier in (*self.channels.values(), *self.stores):
            carrier.close()

    def _bundle(self, line: Line, address: str) -> Bundle:
        """Return a new bundle on a line to the process at ``address``; empty: to one unknown."""
        bundle = Bundle(line, self._files, self.departures, self._on_strand, self._forget)
        if address:
            self._bundles[line.name, address] = bundle
        return bundle

    def _forget(self, gone: Bundle) -> None:
        for key, bundle in list(self._bundles.items()):
            if bundle is gone:
                del self._bundles[key]

    def _on_line(self, line: Line, packet: bytes | memoryview) -> None:
        """Meet who has connected: the process that this one has a line to already, perhaps."""
        greeting = bytes(packet)
        if not greeting.startswith(_GREETING):  # any process of this user may connect
            line.close()
            return
        address = greeting.removeprefix(_GREETING).decode("ascii", "replace")
        known = self._bundles.get((line.name, address))
        if known is None:
            self._bundle(line, address)
        else:
            known.attach(line)

    def _on_strand(self, strand: Strand, message: bytes | memoryview) -> None:
        try:
            credit = Credit.from_message(message)
        except CdrError:
            strand.close()
            return
        on_channel = self._expected.get(credit.consumer)
        if on_channel is None or credit.run != self.run:
            strand.close()
        else:
            on_channel(strand, credit)


def _nothing_yet(packet: bytes | memoryview) -> None:
    """Do nothing: there is nobody yet to take what comes."""


def _nothing() -> None:
    """Do nothing: there is nobody yet to be told."""
