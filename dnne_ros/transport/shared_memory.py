"""Large messages between processes of one machine: written once, read once, in shared memory.

A slot is a file in ``/dev/shm`` that its producer uses again and again; a consumer reads the
message where it lies (`dnne_ros.transport.loans`), or copies it out of it when the item is taken.
Its owner keeps a lock on one of its files, so what a killed process leaves behind is known and
swept away.  Where this does not work (another machine or container, no room), messages travel
themselves.

Every user of the machine may put things into the folder, with names like ours: only regular files
of our own user are opened, and nothing that is there can make us wait.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import re
import secrets
import struct
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from dnne_ros.transport.own_files import is_locked, is_own, open_own

DIRECTORY = Path("/dev/shm")
_NAME = re.compile(r"dnne_ros_([0-9]{1,10})_[0-9a-f]{16}_[0-9]{1,10}")
_UNNAMED = "unnamed_"
"""With it began the names of slots that earlier versions were making, or were killed over."""
_PLACE = struct.Struct("<Q")
_ALIGNMENT = 64
_BEGIN = 60
"""Where a message begins in its slot.  Its elements are aligned from after its header of 4 bytes,
so they are aligned in the slot."""
_SPARE_BYTES = 128 * 2**20
"""How much of what was given back a producer keeps: pages that are in use already are several
times as fast as new ones."""
_MAPPINGS = 128
_MAPPED_BYTES = 256 * 2**20
"""How many slots, and how much, a consumer has open: all that a producer uses in turn, as opening
one takes longer than reading 64 KiB from it."""
_LOOK_SECONDS = 1.0


class Slot:
    """A file that holds one message at a time."""

    def __init__(self, name: str, size: int, on_release: Callable[[Slot], None], *,
                 locked: bool = False):
        """Create the file with room for ``size`` bytes; OSError if there is none.

        ``on_release(slot)`` takes it back.  ``locked``: hold a lock on it, from before it has its
        name.
        """
        self.name = name
        self.size = size
        self.reusable = True
        self._on_release = on_release
        self._written = 0
        self._lock = -1
        # Nothing is left of a file that its maker dies over before it has its name.
        file = os.open(DIRECTORY, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            if locked:
                self._lock = os.dup(file)
                fcntl.flock(self._lock, fcntl.LOCK_EX)
            # Without this, a full /dev/shm would kill the process at its first write.
            os.posix_fallocate(file, 0, size)
            self._map = mmap.mmap(file, size)
            # With a folder given, link() follows the link that leads to the file.
            os.link(f"/proc/self/fd/{file}", DIRECTORY / name, src_dir_fd=file)
        except OSError:
            if self._lock >= 0:
                os.close(self._lock)
            raise
        finally:
            os.close(file)
        self._bytes = np.frombuffer(self._map, np.uint8)

    def write(self, parts: Sequence[bytes | memoryview]) -> None:
        """Write ``parts`` one after the other."""
        at = _BEGIN
        for part in parts:
            self._bytes[at:at + len(part)] = np.frombuffer(part, np.uint8)
            at += len(part)
        self._written = at - _BEGIN

    @property
    def place(self) -> bytes:
        """Return where the message that was written lies; see `parse_place`."""
        return _PLACE.pack(self._written) + self.name.encode("ascii")

    def release(self) -> None:
        """Give it back: nobody has to read it any more."""
        self._on_release(self)

    def retire(self) -> None:
        """See that it is never written to again."""
        self.reusable = False

    def destroy(self) -> None:
        """Remove the file; consumers that have it open can still read it."""
        with suppress(FileNotFoundError):
            os.unlink(DIRECTORY / self.name)
        del self._bytes
        self._map.close()
        if self._lock >= 0:
            os.close(self._lock)


class SlotPool:
    """The slots of one producing process.  Not for several threads."""

    def __init__(self) -> None:
        """Own nothing yet; what earlier processes left behind is swept away."""
        sweep()
        self._prefix = f"dnne_ros_{os.getpid()}_{secrets.token_hex(8)}_"
        self._made = 0
        self._used: set[Slot] = set()
        self._spare: list[Slot] = []
        self._beacon = self._new(_ALIGNMENT, locked=True)
        self._limit = 0
        if self._beacon is not None:
            room = os.statvfs(DIRECTORY)
            self._limit = room.f_bavail * room.f_frsize // 2

    @property
    def beacon(self) -> str:
        """Return the name of a file: who can open it shares memory with us.  Empty: nobody."""
        return "" if self._beacon is None else self._beacon.name

    def take(self, size: int) -> Slot | None:
        """Return a slot with room for ``size`` bytes until its release; None if there is none."""
        size += _BEGIN
        fitting = [slot for slot in self._spare if size <= slot.size <= 2 * size]
        if fitting:
            slot = fitting[-1]
            self._spare.remove(slot)
        else:
            if sum(slot.size for slot in (*self._used, *self._spare)) + size > self._limit:
                self._drop_spare(0)
                if sum(slot.size for slot in self._used) + size > self._limit:
                    return None
            new = self._new(size)
            if new is None:
                return None
            slot = new
        self._used.add(slot)
        return slot

    def close(self) -> None:
        """Remove all files."""
        if self._beacon is not None:
            self._beacon.destroy()
            self._beacon = None
        for slot in (*self._used, *self._spare):
            slot.destroy()
        self._used.clear()
        self._spare.clear()
        self._limit = 0

    def _new(self, size: int, *, locked: bool = False) -> Slot | None:
        self._made += 1
        try:
            return Slot(f"{self._prefix}{self._made}", -(-size // _ALIGNMENT) * _ALIGNMENT,
                        self._take_back, locked=locked)
        except OSError:  # no /dev/shm, no room in it: the message travels itself
            return None

    def _take_back(self, slot: Slot) -> None:
        self._used.remove(slot)
        if not slot.reusable:
            slot.destroy()
            return
        self._spare.append(slot)
        self._drop_spare(max(_SPARE_BYTES, slot.size))

    def _drop_spare(self, keep: int) -> None:
        kept = sum(slot.size for slot in self._spare)
        while kept > keep:
            oldest = self._spare.pop(0)
            kept -= oldest.size
            oldest.destroy()


class SlotReader:
    """Has the slots of other processes open."""

    def __init__(self, *, private: bool = False) -> None:
        """Have nothing open.  ``private``: what is written to them is seen here alone."""
        self._how = {"prot": mmap.PROT_READ} if not private else {
            "flags": mmap.MAP_PRIVATE, "prot": mmap.PROT_READ | mmap.PROT_WRITE}
        self._open: OrderedDict[str, mmap.mmap] = OrderedDict()
        self._bytes = 0
        self._look_at = 0.0

    def can_open(self, name: str) -> bool:
        """Tell whether the slot ``name`` is there for this process."""
        try:
            self.open(name)
        except (OSError, ValueError):
            return False
        return True

    def open(self, name: str) -> mmap.mmap:
        """Return the memory of a slot, also if its file is removed later.

        Raises OSError if it is not there, ValueError if ``name`` is none of a slot.
        """
        memory = self._open.get(name)
        if memory is not None:
            self._open.move_to_end(name)
            return memory
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r:.80} is not a slot")
        self._forget_removed()
        file = open_own(DIRECTORY / name)
        try:
            memory = mmap.mmap(file, 0, **self._how)
        finally:
            os.close(file)
        self._open[name] = memory
        self._bytes += len(memory)
        while len(self._open) > _MAPPINGS or (self._bytes > _MAPPED_BYTES and len(self._open) > 1):
            self.forget(next(iter(self._open)))
        return memory

    def _forget_removed(self) -> None:
        """Let go of what is no slot any more: a dead producer's memory would stay in use."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK_SECONDS
        there = set(os.listdir(DIRECTORY))
        for name in self._open.keys() - there:
            self.forget(name)

    def forget(self, name: str) -> None:
        """Let go of a slot; it is closed when nobody needs what is in it."""
        if name in self._open:
            self._bytes -= len(self._open.pop(name))


def parse_place(place: bytes) -> tuple[str, int]:
    """Return a slot's name and how many bytes its message has; ValueError if it is no place."""
    if len(place) < _PLACE.size:
        raise ValueError("the description of a slot ends too early")
    (size,) = _PLACE.unpack_from(place)
    return str(place[_PLACE.size:], "ascii"), size


def message_in(memory: mmap.mmap, size: int) -> np.ndarray:
    """Return the message of ``size`` bytes in a slot, as uint8 (byte,) in the slot's memory.

    Raises ValueError if it is not all there.
    """
    if size > len(memory) - _BEGIN:
        raise ValueError(f"a slot of {len(memory)} bytes holds none of {size}")
    return np.frombuffer(memory, np.uint8, size, _BEGIN)


def copy_out(memory: mmap.mmap, size: int) -> memoryview:
    """Return the message of ``size`` bytes in a slot, as memory of its own.

    Its elements, which are aligned from after the message's header of 4 bytes, are aligned.
    Raises ValueError if it is not all there.
    """
    message = message_in(memory, size)
    own = np.empty(4 + size, np.uint8)
    own[4:] = message
    return own.data[4:]


def sweep() -> int:
    """Remove the slots of processes that are gone and return how many there were.

    A pool's first slot is its beacon, which its process keeps locked while it lives.
    """
    by_beacon: dict[str, list[Path]] = {}
    for path in _slots():
        pool = path.name.removeprefix(_UNNAMED).rpartition("_")[0]
        by_beacon.setdefault(f"{pool}_1", []).append(path)
    orphans = [path for beacon, paths in by_beacon.items()
               if not (is_locked(DIRECTORY / beacon) or is_locked(DIRECTORY / (_UNNAMED + beacon)))
               for path in paths]
    for path in orphans:
        with suppress(OSError):  # somebody else sweeps, too; or nobody may here
            path.unlink()
    return len(orphans)


def _slots() -> Iterator[Path]:
    with suppress(OSError):
        for entry in os.scandir(DIRECTORY):
            if _NAME.fullmatch(entry.name.removeprefix(_UNNAMED)) \
                    and is_own(entry.stat(follow_symlinks=False)):
                yield DIRECTORY / entry.name
