"""What one process has for its edges to other processes."""

from __future__ import annotations

import zlib
from collections.abc import Callable

from dnne_ros.transport.cdr import CdrError
from dnne_ros.transport.credit import Credit
from dnne_ros.transport.shared_memory import SlotPool, SlotReader
from dnne_ros.transport.unix_channel import Files, UnixChannel, UnixListener


class ProcessEndpoint:
    """Links and shared memory, and the number of the run.

    They are made when the first edge needs them: a graph in one process has none.
    """

    def __init__(self, files: Files, run_id: str = ""):
        """Use the event loop's ``files``; ``run_id`` is the same in all processes of a run."""
        self.files = files
        self.run = zlib.crc32(run_id.encode())
        self.slots = SlotReader()
        self._pool: SlotPool | None = None
        self._hub: UnixListener | None = None
        self._expected: dict[str, Callable[[UnixChannel, bytes], None]] = {}

    @property
    def pool(self) -> SlotPool:
        """Return the shared memory that this process writes to."""
        if self._pool is None:
            self._pool = SlotPool()
        return self._pool

    @property
    def hub(self) -> UnixListener:
        """Return where consumers on this machine connect to."""
        if self._hub is None:
            self._hub = UnixListener(self.files, self._on_link)
        return self._hub

    def expect(self, consumer: str, on_link: Callable[[UnixChannel, bytes], None]) -> None:
        """Call ``on_link`` with a link that ``consumer`` makes, and its first credit."""
        self._expected[consumer] = on_link

    def close(self) -> None:
        """Close the links and give back the memory."""
        if self._hub is not None:
            self._hub.close()
        if self._pool is not None:
            self._pool.close()

    def _on_link(self, link: UnixChannel, packet: bytes) -> None:
        try:
            credit = Credit.from_message(packet)
        except CdrError:  # any process of this user may connect
            link.close()
            return
        on_link = self._expected.get(credit.consumer)
        if on_link is None or credit.run != self.run:
            link.close()
        else:
            on_link(link, packet)
