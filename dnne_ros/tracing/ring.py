"""The newest records of one process, in a mapped file: what a kill leaves is whole.

How such a file is read: `dnne_ros.tracing.reading`.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct
from collections.abc import Callable
from enum import IntEnum
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

RECORD = struct.Struct("<6qIHBB")
SIZE = RECORD.size
"""Bytes of a record."""
_LARGEST = 2**40


class Kind(IntEnum):
    """What a record is about."""

    TAKEN = 1
    """A node took an item, or several, from an input."""
    SENT = 2
    """A node gave an item to an output."""
    WAITED = 3
    """A node waited at an input in vain: no item came in time."""
    RESTED = 4
    """A node slept, to keep a rate."""
    MARK = 5
    """Something happened at a moment."""
    COUNTED = 6
    """How many items a port had seen at a moment: ``number``, and ``more`` that waited there."""
    UNSEEN = 7
    """Nobody recorded what the nodes of the process did with items."""
    ROUND = 8
    """A part of what several nodes did in one go: ``place`` is the number of its plan, ``text``
    that of the part, see `dnne_ros.tracing.rounds`."""
    NOTHING = 9
    """Nothing happened: a round that would not have fitted begins at the begin of the file."""


class Record(NamedTuple):
    """What a node did.  Times are nanoseconds of the machine's steady clock.

    ``since``: until when the node did what came before; from then to ``began`` it worked, from
    ``began`` to ``ended`` it took, sent, waited or rested.  ``number`` is that of the item, the
    last one of a batch.  ``more``: of what was taken, how many items; of what was sent, for how
    many nanoseconds there was no room for it.  ``size`` in bytes, 0: not known.  ``place`` is the
    port, or the node; ``text`` the description of the value, or of the mark.  ``waited``: what was
    taken had not come yet.
    """

    since: int
    began: int
    number: int
    more: int
    size: int
    ended: int
    place: int
    text: int
    kind: int
    waited: int


class Ring:
    """A file for so many records; when it is full, each further one takes the oldest one's place.

    The kernel has each record as soon as it is written, so a process that is killed loses none.
    The file stays until somebody removes it; who still writes then writes nowhere.
    """

    def __init__(self, path: Path, records: int):
        """Make the file, and its room on the disk: OSError if there is none.

        A file that grew later would kill who writes to it on a disk that is full.
        """
        size = records * SIZE
        if size > _LARGEST:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC,
                       0o600)
        try:
            os.posix_fallocate(file, 0, size)
            memory = mmap.mmap(file, size)
            memory[:] = bytes(size)  # now, or the first record on each page would wait for it
        except OSError as error:
            os.unlink(path)
            raise OSError(error.errno, error.strerror, str(path)) from None
        finally:
            os.close(file)
        self.longest_row = size // 2
        """How many bytes of a row have room."""
        self._memory = memory
        self._numbers = memoryview(memory).cast("q")
        self._size = size
        self.write: Callable[..., None] = partial(RECORD.pack_into, memory)
        """Writes a record at an offset: its fields in the order of `Record`.  No Python is on the
        way, as each function called for an item would cost more than all of the rest."""
        self._offsets = cycle(range(0, size, SIZE))
        self.offset: Callable[[], int] = self._offsets.__next__
        """Returns where the next record goes."""

    def row(self, content: bytearray) -> memoryview:
        """Write several records one behind the other, and return them as 64-bit numbers.

        Who has them may change them.  ``content`` is no longer than `longest_row`.
        """
        size = len(content)
        first = last = self.offset()
        if size > SIZE:
            last = next(islice(self._offsets, size // SIZE - 2, None))
        if last - first != size - SIZE:
            for offset in range(first, self._size, SIZE):
                self.write(offset, 0, 0, 0, 0, 0, 0, 0, 0, Kind.NOTHING, 0)
            while last != size - SIZE:
                last = self.offset()
            first = 0
        end = first + size
        self._memory[first:end] = content
        return self._numbers[first >> 3:end >> 3]
