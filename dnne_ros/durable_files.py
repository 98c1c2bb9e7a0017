"""Files that are there whole or not at all, whatever happens to whoever writes them.

Content is written under a fresh name beside the file's own, brought to the disk, and renamed: at
each moment, also after a power cut, a reader finds what was there before or all of what is new.
No symbolic link is followed on the way: a link with the file's name is replaced.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

_ASIDE = re.compile(r"\.[0-9a-f]{16}\.part")
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """An open directory, whose files are replaced one by one and made to last together."""

    def __init__(self, path: Path, *, follow: bool = True):
        """Open it; OSError if it is none or, unless ``follow``, a link to one."""
        self.path = path
        link = 0 if follow else os.O_NOFOLLOW
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | link)
        except OSError as error:
            raise _named(error, path) from None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 traceback: TracebackType | None) -> None:
        os.close(self._descriptor)

    def write(self, name: str, data: bytes) -> None:
        """Put a file in the place of what has its name; only `sync` makes the name last.

        OSError, with the file's path, if that cannot be; then nothing has changed.
        """
        aside = f".{secrets.token_hex(8)}.part"
        try:
            self._refuse_special(name)
            self._fill(aside, data)
            os.rename(aside, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)
        except BaseException as error:
            with suppress(OSError):
                os.unlink(aside, dir_fd=self._descriptor)
            if isinstance(error, OSError):
                raise _named(error, self.path / name) from None
            raise

    def sync(self) -> None:
        """Make the names of the files outlive a power cut."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot
                raise _named(error, self.path) from None

    def probe(self) -> None:
        """Find out whether files can be written here; OSError if not."""
        aside = f".{secrets.token_hex(8)}.part"
        try:
            os.close(os.open(aside, _NEW, 0o666, dir_fd=self._descriptor))
            os.unlink(aside, dir_fd=self._descriptor)
        except OSError as error:
            raise _named(error, self.path) from None

    def names(self) -> list[str]:
        """Return the names of all that is in it."""
        return os.listdir(self._descriptor)

    def remove(self, name: str) -> None:
        """Remove a file or a link, if there is one."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._descriptor)

    def _refuse_special(self, name: str) -> None:
        """Refuse to replace a device, a pipe or a folder, of which a rename would make a file."""
        try:
            found = os.stat(name, dir_fd=self._descriptor)
        except OSError:
            return  # nothing is there, or a link that leads nowhere
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is not a regular file")

    def _fill(self, name: str, data: bytes) -> None:
        file = os.open(name, _NEW, 0o666, dir_fd=self._descriptor)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(file, rest):]
            os.fsync(file)
        finally:
            os.close(file)


def write_file(path: Path, data: bytes) -> None:
    """Put a file in the place of what has its name, such that it lasts; OSError names it."""
    with Folder(path.parent) as folder:
        folder.write(path.name, data)
        folder.sync()


def write_tree(top: Path, files: Mapping[str, bytes]) -> None:
    """Fill a folder of one's own with ``files`` by their paths in it, such that they last."""
    places: dict[Path, dict[str, bytes]] = {}
    for name, data in files.items():
        places.setdefault((top / name).parent, {})[(top / name).name] = data
    for place, contents in places.items():
        make_folder(place)
        with Folder(place) as folder:
            for name, data in contents.items():
                folder.write(name, data)
            folder.sync()


def read_file(path: Path) -> bytes:
    """Return a file's content; OSError with its path, also for a pipe, which might never end."""
    try:
        file = os.open(path, _READ)
    except OSError as error:
        raise _named(error, path) from None
    return _content(file, path)


def read_below(top: Path, name: str) -> bytes:
    """Return the content of the file ``name`` below a folder, which itself may be a link.

    OSError as of `read_file`, and for a link in the place of the file or of a folder on its way.
    """
    place = top
    try:
        opened = os.open(top, _READ | os.O_DIRECTORY)
        for part in Path(name).parts:
            place /= part
            above = opened
            try:
                opened = os.open(part, _READ | os.O_NOFOLLOW, dir_fd=above)
            finally:
                os.close(above)
    except OSError as error:
        raise _named(error, place) from None
    return _content(opened, place)


def open_lock(path: Path) -> int:
    """Return a descriptor of a file to lock, which is made if need be, and left as it is.

    OSError with its path if it cannot be, or if a link or something else has its name.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(path, flags, 0o666)
    except OSError as error:
        raise _named(error, path) from None
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "is not a regular file", str(path))
    return file


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, such that they last; OSError if that cannot be."""
    missing = []
    for each in (path, *path.parents):
        if each.is_dir():
            break
        missing.append(each)
    for each in reversed(missing):
        with suppress(FileExistsError):  # somebody else has made it meanwhile
            os.mkdir(each)
        with Folder(each.parent) as parent:
            parent.sync()


def is_left_over(name: str) -> bool:
    """Tell whether it is the name of a file that somebody writes, or was killed in writing."""
    return _ASIDE.fullmatch(name) is not None


def _content(file: int, path: Path) -> bytes:
    with open(file, "rb") as opened:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(errno.EINVAL, "is not a regular file", str(path))
        return opened.read()


def _named(error: OSError, path: Path) -> OSError:
    """Return the error as one of ``path``, not of a name that means nothing to a person."""
    text = "is a symbolic link" if error.errno == errno.ELOOP else error.strerror
    return OSError(error.errno, text, str(path))
