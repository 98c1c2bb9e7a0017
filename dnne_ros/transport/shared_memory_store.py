"""The store for large messages between processes of one machine: shared memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from dnne_ros.transport.loans import Lender, Loan
from dnne_ros.transport.shared_memory import Slot, SlotPool, SlotReader, copy_out, parse_place


class SharedMemoryStore:
    """Writes a message once into a slot; a consumer reads it there, or copies it out."""

    name = "shared_memory"

    def __init__(self) -> None:
        """Own nothing yet."""
        self._pool: SlotPool | None = None
        self._slots = SlotReader()
        self._lender = Lender()

    @property
    def address(self) -> str:
        """Return the name of a file: who can open it can read our slots.  Empty: nobody."""
        return self._written().beacon

    def put(self, parts: Sequence[bytes | memoryview], size: int) -> Slot | None:
        """Keep a message of ``size`` bytes, given in parts; None if there is no room."""
        slot = self._written().take(size)
        if slot is not None:
            slot.write(parts)
        return slot

    def reach(self, address: str) -> bool:
        """Tell whether the producer's slots are there for this process."""
        return self._slots.can_open(address)

    def find(self, place: bytes) -> Callable[[], memoryview]:
        """Return what copies the message at ``place`` out, also if its file is removed before.

        Raises OSError if it is gone, ValueError if ``place`` is none.
        """
        name, size = parse_place(place)
        return partial(copy_out, self._slots.open(name), size)

    def lend(self, place: bytes) -> tuple[memoryview, Loan] | None:
        """Return the message at ``place`` where it lies, and its loan; None: it is to be copied.

        Raises ValueError if ``place`` is none.
        """
        return self._lender.lend(place)

    def close(self) -> None:
        """Remove our files."""
        if self._pool is not None:
            self._pool.close()

    def _written(self) -> SlotPool:
        if self._pool is None:
            self._pool = SlotPool()
        return self._pool
