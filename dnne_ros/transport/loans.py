"""Messages of other processes, read where they lie instead of being copied out.

A large message is lent to the node that takes it, for as long as anything looks at its memory: an
array of it, a tensor, a view of these.  Its producer does not use the memory again before that; so
a consumer tells it what it looks at (`Credit`), and looks at a few messages only: one that keeps
what it is given would fill the machine, so it gets copies of the others.

Whoever looks may also write.  The slot is mapped privately, so each page that is written to
becomes one of this process; nobody else sees it, and what is sent again is what was sent.  The
kernel knows which pages those are, and a mapping that has some is not used for another message.
To ask for each page takes as long as half a copy.  A page becomes this process' own in a page
fault, so where there was none since the message was lent there is nothing to ask.
"""

from __future__ import annotations

import mmap
import resource
import weakref
from pathlib import Path

import numpy as np

from dnne_ros.transport.shared_memory import SlotReader, message_in, parse_place

_PAGES = Path("/proc/self/pagemap")
_ENTRY = np.dtype("<u8")
_KIND = np.uint64(61)
_UNUSED, _OF_THE_FILE = 0, 0b101
"""The upper three bits of an entry: present, swapped out, of a file."""


class Loan:
    """One message that is lent."""

    __slots__ = ("_seen", "_lender", "_name")

    def __init__(self, seen: weakref.ref[np.ndarray], lender: Lender, name: str):
        """Last until ``seen``, in the slot ``name``, is gone."""
        self._seen = seen
        self._lender = lender
        self._name = name

    def is_over(self) -> bool:
        """Tell whether nobody looks at it any more; not to be asked again then."""
        if self._seen() is not None:
            return False
        self._lender.take_back(self._name)
        return True

    def give_up(self) -> None:
        """Keep the memory for those who look at it only: its producer is gone."""
        self._lender.forget(self._name)


class Lender:
    """Lends messages in the slots of other processes.  Not for several threads."""

    def __init__(self) -> None:
        """Have nothing open."""
        self._slots = SlotReader(private=True)
        self._lent: dict[str, tuple[mmap.mmap, int]] = {}

    def lend(self, place: bytes) -> tuple[memoryview, Loan] | None:
        """Return the message at ``place`` and its loan; None if it has to be copied.

        It may be written to.  Raises ValueError if ``place`` is none.
        """
        name, size = parse_place(place)
        if name in self._lent:
            return None
        try:
            memory = self._slots.open(name)
        except OSError:  # its producer has died; who holds on to it can copy it
            return None
        seen = message_in(memory, size)
        self._lent[name] = memory, _page_faults()
        return seen.data, Loan(weakref.ref(seen), self, name)

    def take_back(self, name: str) -> None:
        """Note that nobody looks at a slot any more; it can be lent again."""
        memory, faults = self._lent.pop(name)
        if _page_faults() != faults and _has_own_pages(memory):
            self._slots.forget(name)

    def forget(self, name: str) -> None:
        """Let go of a slot that may still be looked at."""
        del self._lent[name]
        self._slots.forget(name)


def _page_faults() -> int:
    """Return how many page faults there were in all threads of this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_minflt + used.ru_majflt


def _has_own_pages(memory: mmap.mmap) -> bool:
    """Tell whether a private mapping has pages that are not its file's; true if nobody knows."""
    start: int = np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    try:
        with _PAGES.open("rb", buffering=0) as pages:
            pages.seek(start // mmap.PAGESIZE * _ENTRY.itemsize)
            found = pages.read(-(-len(memory) // mmap.PAGESIZE) * _ENTRY.itemsize)
    except OSError:  # no /proc, or not ours to read
        return True
    kinds = np.frombuffer(found, _ENTRY) >> _KIND
    return bool(((kinds != _OF_THE_FILE) & (kinds != _UNUSED)).any())
