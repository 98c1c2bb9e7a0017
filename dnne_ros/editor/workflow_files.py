"""The files of the served folder: workflows, which a browser may list, open, save and move.

A browser says names.  What they mean lies in the folder itself or below it, ends in ``.json`` and
is no hidden file; links are followed first, and what they lead to is judged.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dnne_ros.durable_files import make_folder, read_file, write_file
from dnne_ros.errors import DnneError

LARGEST = 16 * 2**20
"""Bytes of a file; a drawing of a thousand nodes has about one million."""
_ENDING = ".json"
_LONGEST_NAME = 1024
_DEEPEST = 6
_MOST_FILES = 5_000


class NoAccess(DnneError):
    """A name that means no file a browser may have."""


class Conflict(DnneError):
    """The file is not what who writes it takes it for."""


@dataclass(frozen=True)
class FileInfo:
    """What the front end shows of a file; times are in milliseconds since the epoch."""

    path: str
    size: int
    modified: int
    created: int


class WorkflowFiles:
    """A folder of workflows."""

    def __init__(self, folder: Path):
        """Serve what is in ``folder`` and below; it need not be there yet."""
        self._folder = folder.resolve()

    def listed(self) -> list[FileInfo]:
        """Return the workflows that there are, by name."""
        found = []
        for path in self._walk(self._folder, 0):
            try:
                self._checked(path)
                found.append(self._info(path))
            except (NoAccess, OSError):  # a link that leads away, or a file that has just gone
                continue
            if len(found) == _MOST_FILES:
                break
        return found

    def read(self, name: str) -> tuple[bytes, str]:
        """Return a file's content and its tag; OSError or `NoAccess` if it cannot be had."""
        path = self.path_of(name)
        if path.stat().st_size > LARGEST:
            raise NoAccess(f"{name}: has more than {LARGEST} bytes")
        content = read_file(path)
        return content, tag_of(content)

    def write(self, name: str, content: bytes, *, overwrite: bool = True, known: str | None = None
              ) -> FileInfo:
        """Save a file whole or not at all.

        `Conflict` if it is there and is not to be replaced, or if it is not any more what its
        writer has seen, whose tag is ``known``.
        """
        path = self.path_of(name)
        if path.exists():
            if not overwrite:
                raise Conflict(f"{name}: there is a file of this name")
            if known is not None and tag_of(read_file(path)) != known:
                raise Conflict(f"{name}: somebody else has saved it meanwhile; save under another "
                               "name, or open it again")
        make_folder(path.parent)
        write_file(path, content)
        return self._info(path)

    def move(self, name: str, target: str, *, overwrite: bool = False) -> FileInfo:
        """Give a file another name; `Conflict` if that is taken."""
        source, path = self.path_of(name), self.path_of(target)
        if path.exists() and not overwrite:
            raise Conflict(f"{target}: there is a file of this name")
        make_folder(path.parent)
        source.replace(path)
        return self._info(path)

    def delete(self, name: str) -> None:
        """Remove a file; OSError if that cannot be."""
        self.path_of(name).unlink()

    def path_of(self, name: str) -> Path:
        """Return where the file of a name is or would be; `NoAccess` if nobody may have it."""
        parts = PurePosixPath(name).parts
        if (not parts or len(name) > _LONGEST_NAME or "\0" in name or "\\" in name
                or any(part.startswith(".") or part == "/" for part in parts)
                or not name.endswith(_ENDING)):
            raise NoAccess(f"{name!r:.200} is no name of a workflow in the served folder: "
                           "expected one that ends in .json, without hidden parts")
        return self._checked(self._folder.joinpath(*parts))

    def _checked(self, path: Path) -> Path:
        """Return where a path leads, links followed; `NoAccess` if that is elsewhere."""
        try:
            real = path.resolve()
            is_other = os.path.lexists(real) and not stat.S_ISREG(real.stat().st_mode)
        except (OSError, RuntimeError) as error:  # links in a circle, a name that is too long
            raise NoAccess(f"{path.name:.200}: leads nowhere: {error}") from None
        if not real.is_relative_to(self._folder) or real.suffix != _ENDING:
            raise NoAccess(f"{path.name}: leads out of the served folder")
        if is_other:
            raise NoAccess(f"{path.name}: is not a regular file")
        return real

    def _walk(self, folder: Path, depth: int) -> Iterator[Path]:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError:  # one that may not be read, or is gone
            return
        for entry in entries:
            if entry.name.startswith("."):
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and depth < _DEEPEST:
                yield from self._walk(Path(entry.path), depth + 1)
            elif entry.name.endswith(_ENDING) and not is_folder:
                yield Path(entry.path)

    def _info(self, path: Path) -> FileInfo:
        found = path.stat()
        return FileInfo(path.relative_to(self._folder).as_posix(), found.st_size,
                        round(1e3 * found.st_mtime), round(1e3 * found.st_ctime))


def tag_of(content: bytes) -> str:
    """Return what tells a content from others."""
    return hashlib.sha256(content).hexdigest()[:32]
