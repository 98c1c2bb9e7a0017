"""One MCAP file to which the processes of a run write in turn, chunk by chunk.

So nothing has to be put together when the run is over, and what a killed process has written is
there.  A ledger beside the file says up to where it is whole: what a process has left behind that
was killed in writing is cut off by the next that writes.  Processes lock the ledger, which the
kernel unlocks for those that die.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from mcap.records import Header, Metadata

from dnne_ros.recording.encoding import encoded
from dnne_ros.recording.scan import MAGIC, Scan, scan
from dnne_ros.recording.summary import finish

_LEDGER = struct.Struct("<64sQII")
_CHECKSUM = struct.Struct("<I")
_MOST_PIECES = 512
_OPENING = 4096
"""Bytes in which a file says that it goes on where another was full."""
_NEW = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
PROFILE = "ros2"
FOLLOWS, GOES_ON = "dnne_ros/follows", "dnne_ros/goes_on"
"""The metadata of a file that goes on where another is full, and of that one: the other's name."""


class SharedFile:
    """The file ``path`` of one run, as one of its processes sees it.

    With ``split`` bytes, a file that is full is finished, and another goes on: ``run.mcap``,
    ``run_1.mcap``, ….
    """

    def __init__(self, path: Path, run_id: str, head: Callable[[], bytes], definitions: bytes,
                 split: int | None):
        """Open it; the first process of the run makes it, with what ``head()`` returns.

        ``definitions`` are what this process has to say in each file before its first records: in
        the first one now, so that they are there whatever is cut off.  OSError if it cannot be
        written, or if another run writes to it.
        """
        self._definitions = definitions
        self._path = path.absolute()
        self._run = run_id.encode()
        self._split = split
        self._file = -1
        self._first = -1
        """The first file, which is locked as long as a process of the run writes to any."""
        self._part = -1
        self._defined = False
        """Whether this process has said its definitions in the part that is open."""
        self._ledger = os.open(ledger_of(self._path), _NEW, 0o600)
        try:
            with self._turn():
                run, whole, part, writers = _entry(self._ledger)
                if self._goes_on(run):
                    self._open(part)
                else:
                    part, writers = 0, 0
                    whole = self._begin(head())
                fcntl.flock(self._first, fcntl.LOCK_SH)
                whole = self._define([], whole)
                self._write(whole, part, writers + 1)
        except BaseException:
            self._close_all()
            raise

    def append(self, records: Sequence[bytes]) -> None:
        """Add records that belong together, or none of them: OSError, of a full disk, say."""
        with self._turn():
            whole, part, writers = self._read()
            if self._split is not None and whole > self._split:
                whole, part = self._go_on(whole, part), part + 1
                self._write(whole, part, writers)
            self._reopen(part)
            whole = self._define(records, whole)
            self._write(whole, part, writers)

    def close(self) -> None:
        """Write no more; the last process gives the file its end.  OSError if it has no room."""
        try:
            with self._turn():
                whole, part, writers = self._read()
                self._write(whole, part, writers - 1)
                if writers <= 1:
                    self._reopen(part)
                    _end(self._path, self._file, whole)
        finally:
            self._close_all()

    def _close_all(self) -> None:
        for file in (self._file, self._first, self._ledger):
            if file >= 0:
                os.close(file)

    def _goes_on(self, run: bytes | None) -> bool:
        """Tell whether this run, by the ledger ``run``, has begun the file; OSError if another.

        A run without a name, of one who starts its processes by hand, is over with the last of
        them.
        """
        self._first = os.open(self._path, _NEW, 0o666)
        try:
            fcntl.flock(self._first, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if run != self._run:
                raise OSError(errno.EBUSY, "another run records into it",
                              str(self._path)) from None
            return True
        return bool(run) and run == self._run

    def _begin(self, head: bytes) -> int:
        self._open(0)
        os.ftruncate(self._file, 0)
        size = self._put([_opening(), head], 0)
        for later in later_parts(self._path):
            later.unlink()
        return size

    def _go_on(self, whole: int, part: int) -> int:
        """Finish a full file and begin the next; returns that one's size."""
        self._reopen(part)
        path, later = part_path(self._path, part), part_path(self._path, part + 1)
        if later.exists() and followed_by(later) != path.name:
            raise OSError(errno.EEXIST, "is no part of a recording", str(later))
        whole = self._put([encoded(Metadata(GOES_ON, {"file": later.name}))], whole)
        finish(self._file, _scanned(path, self._file, whole))
        self._reopen(part + 1)
        os.ftruncate(self._file, 0)
        return self._put([_opening(), encoded(Metadata(FOLLOWS, {"file": path.name}))], 0)

    def _reopen(self, part: int) -> None:
        if part != self._part:
            os.close(self._file)
            self._open(part)

    def _open(self, part: int) -> None:
        self._file = os.open(part_path(self._path, part), _NEW, 0o666)
        self._part = part
        self._defined = False

    def _define(self, records: Sequence[bytes], at: int) -> int:
        """Write records, behind the definitions where these are not in the file yet."""
        end = self._put(records if self._defined else [self._definitions, *records], at)
        self._defined = True
        return end

    def _put(self, records: Sequence[bytes], at: int) -> int:
        """Write records behind what is whole; returns up to where it is then."""
        begun = at
        if os.fstat(self._file).st_size > at:
            os.ftruncate(self._file, at)  # whoever left that was killed
        rest = [memoryview(record) for record in records if record]
        try:
            while rest:
                written = os.pwritev(self._file, rest[:_MOST_PIECES], at)
                at += written
                while rest and written >= len(rest[0]):
                    written -= len(rest.pop(0))
                if written:
                    rest[0] = rest[0][written:]
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, begun)
            raise OSError(error.errno, error.strerror,
                          str(part_path(self._path, self._part))) from None
        return at

    @contextmanager
    def _turn(self) -> Iterator[None]:
        fcntl.flock(self._ledger, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._ledger, fcntl.LOCK_UN)

    def _read(self) -> tuple[int, int, int]:
        """Return up to where which file is whole, and how many processes write to it.

        OSError where the ledger is not what a process of this run has written: nobody knows then
        what must not be overwritten.
        """
        run, whole, part, writers = _entry(self._ledger)
        if run != self._run:
            raise OSError(errno.EIO, "is damaged, or of another run", str(ledger_of(self._path)))
        return whole, part, writers

    def _write(self, whole: int, part: int, writers: int) -> None:
        entry = _LEDGER.pack(self._run, whole, part, writers)
        os.pwrite(self._ledger, entry + _CHECKSUM.pack(zlib.crc32(entry)), 0)


def _entry(ledger: int) -> tuple[bytes | None, int, int, int]:
    """Return run, whole bytes, part and writers; no run where the ledger is new or damaged."""
    data = os.pread(ledger, _LEDGER.size + _CHECKSUM.size, 0)
    entry, checksum = data[:_LEDGER.size], data[_LEDGER.size:]
    if checksum != _CHECKSUM.pack(zlib.crc32(entry)):
        return None, 0, 0, 0
    run, whole, part, writers = _LEDGER.unpack(entry)
    return run.rstrip(b"\0"), whole, part, writers


def finish_left_over(path: Path) -> None:
    """Give a file its end whose processes were killed before they could; OSError if not.

    Without a ledger that can be trusted it is left as it is, readable, without an end; so is one
    to which another run writes.
    """
    path = path.absolute()
    try:
        ledger = os.open(ledger_of(path), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(ledger, fcntl.LOCK_EX)
        run, whole, part, _ = _entry(ledger)
        if run is not None and not _is_written(path):
            file = os.open(part_path(path, part), os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                _end(path, file, whole)
            finally:
                os.close(file)
    finally:
        os.close(ledger)


def _is_written(path: Path) -> bool:
    """Tell whether a process writes to a recording; OSError if there is none."""
    first = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(first)
    return False


def part_path(path: Path, part: int) -> Path:
    """Return the name of the file that is the ``part``-th of those of a run, from 0."""
    return path if not part else path.with_name(f"{path.stem}_{part}{path.suffix}")


def later_parts(path: Path) -> list[Path]:
    """Return the files that go on where ``path`` was full, in order."""
    found: list[Path] = []
    while followed_by(later := part_path(path, len(found) + 1)) \
            == part_path(path, len(found)).name:
        found.append(later)
    return found


def followed_by(later: Path) -> str:
    """Return the name of the file behind which another goes on; "" if it is no such file."""
    try:
        with open(later, "rb") as file:
            found = scan(str(later), file.fileno(), min(_OPENING, os.fstat(file.fileno()).st_size))
    except (OSError, ValueError):
        return ""
    return next((each.metadata["file"] for _, _, each in found.metadata
                 if each.name == FOLLOWS), "")


def ledger_of(path: Path) -> Path:
    """Return the ledger of a file."""
    return path.with_name(f".{path.name}.ledger")


def _end(path: Path, file: int, whole: int) -> None:
    finish(file, _scanned(path, file, whole))
    ledger_of(path).unlink(missing_ok=True)


def _scanned(path: Path, file: int, whole: int) -> Scan:
    try:
        return scan(str(path), file, whole)
    except ValueError as error:  # somebody has written something else to it
        raise OSError(errno.EIO, str(error), str(path)) from None


def _opening() -> bytes:
    from dnne_ros import __version__

    return MAGIC + encoded(Header(PROFILE, f"dnne_ros {__version__}"))
