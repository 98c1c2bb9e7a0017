"""What one process has for its edges to other processes."""

from __future__ import annotations

import socket
import zlib
from collections.abc import Callable, Sequence
from functools import partial

from dnne_ros.transport.carrier import Channel, ChannelCarrier, Files, OnChannel, Store
from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.shared_memory_store import SharedMemoryStore
from dnne_ros.transport.tcp_sockets import TcpSockets
from dnne_ros.transport.unix_sockets import UnixSockets

CHANNELS: tuple[Callable[[Files, OnChannel], ChannelCarrier], ...] = (UnixSockets,)
"""Ways to connect two processes, the best first; where none works, DDS does."""
STORES: tuple[Callable[[], Store], ...] = (SharedMemoryStore,)
"""Where large messages may lie, the best first; where none works, they travel themselves."""


def network_channels(key: bytes) -> tuple[Callable[[Files, OnChannel], ChannelCarrier], ...]:
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
                 channels: Sequence[Callable[[Files, OnChannel], ChannelCarrier]] = CHANNELS,
                 stores: Sequence[Callable[[], Store]] = STORES):
        """Use the event loop's ``files``.

        ``run_id`` is the same in all processes of a run; so is ``key``, which nobody else knows.
        """
        self.key = key
        self.run = zlib.crc32(run_id.encode())
        made = [make(files, self._on_channel) for make in channels]
        self.channels = {carrier.name: carrier for carrier in made}
        self.stores = [make() for make in stores]
        self._expected: dict[str, Callable[[Channel, Credit], None]] = {}

    def expect(self, consumer: str, on_channel: Callable[[Channel, Credit], None]) -> None:
        """Call ``on_channel`` with a channel that ``consumer`` makes, and its first credit."""
        self._expected[consumer] = on_channel

    def close(self) -> None:
        """Close the channels and give back the memory."""
        for carrier in (*self.channels.values(), *self.stores):
            carrier.close()

    def _on_channel(self, channel: Channel, packet: bytes) -> None:
        try:
            credit = Credit.from_message(packet)
        except CdrError:  # any process of this user may connect
            channel.close()
            return
        on_channel = self._expected.get(credit.consumer)
        if on_channel is None or credit.run != self.run:
            channel.close()
        else:
            on_channel(channel, credit)
