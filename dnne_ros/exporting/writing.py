"""Puts a package's files into a folder, and never over what a person has written there."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from dnne_ros.durable_files import (
    Folder,
    is_left_over,
    make_folder,
    read_file,
    write_file,
    write_tree,
)
from dnne_ros.errors import InputError, Problems

MANIFEST = ".dnne_export.json"
_FORMAT = 1


@dataclass(frozen=True)
class Written:
    """What an export did: files that are new or changed, and files that are no more."""

    folder: Path
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def write_package(folder: Path, files: Mapping[str, bytes], *, force: bool = False) -> Written:
    """Make ``folder`` hold ``files`` and a manifest of them; other files in it stay.

    Raises `InputError`, having changed nothing, if the folder is not empty and was not written by
    an export, if a person has edited one of the files (unless ``force``), or if it cannot be
    written to.
    """
    try:
        earlier = _read_manifest(folder)
        stale = sorted(set(earlier) - set(files))
        _check_places(folder, [*files, *stale, MANIFEST])
        if not force:
            _check_edits(folder, files, earlier)
        make_folder(folder.parent)
        with _alone(folder):
            return _write(folder, files, earlier, stale)
    except OSError as error:
        raise InputError(str(folder), [
            f"cannot write: {error.strerror or error}: {error.filename or folder}"]) from None


def _read_manifest(folder: Path) -> dict[str, set[str]]:
    """Return the digests that files of earlier exports may have; {} for a new folder.

    Those of an export that was killed on its way count, too.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(str(folder), ["is not a folder of its own; give another place"])
    path = folder / MANIFEST
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(str(folder), [
                "is not empty and was not written by dnne-ros export; give another place"])
        return {}
    digests: dict[str, set[str]] = {}
    try:
        document: Any = json.loads(read_file(path).decode("utf-8"))
        if document["format"] != _FORMAT:
            raise ValueError("of another format")
        for part in (document["files"], document.get("incoming", {})):
            for name, digest in part.items():
                if not (isinstance(digest, str) and _stays_inside(name)):
                    raise ValueError("names what is no file of a package")
                digests.setdefault(name, set()).add(digest)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(str(path), [
            "is damaged: move this folder away and export again"]) from None
    return digests


def _stays_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return name == str(path) and not path.is_absolute() and ".." not in path.parts \
        and "\0" not in name and name not in ("", ".")


def _check_places(folder: Path, names: list[str]) -> None:
    """Refuse to write through links, which may lead anywhere, and over folders."""
    problems = Problems(str(folder))
    for name in names:
        if not _stays_inside(name):
            raise ValueError(f"a path outside the package: {name!r}")
        for parent in PurePosixPath(name).parents:
            place = folder / parent
            if parent != PurePosixPath(".") and (
                    place.is_symlink() or (place.exists() and not place.is_dir())):
                problems.add(f"{parent} is a link or file where a folder is needed")
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            problems.add(f"{name} is a folder where a file is needed")
    problems.raise_if_any()


def _check_edits(folder: Path, files: Mapping[str, bytes], earlier: Mapping[str, set[str]]
                 ) -> None:
    problems = Problems(str(folder))
    for name in sorted({*files, *earlier}):
        found = _digest_of(folder / name)
        if found is None or found in earlier.get(name, ()):
            continue
        if name in files and found == _digest(files[name]):
            continue
        problems.add(f"{name} has been edited since the last export" if name in earlier
                     else f"{name} is not from an export")
    if problems:
        problems.add("nothing was written; keep your changes elsewhere, or give --force to lose "
                     "them")
    problems.raise_if_any()


def _write(folder: Path, files: Mapping[str, bytes], earlier: Mapping[str, set[str]],
           stale: list[str]) -> Written:
    """Write everything aside first, so that a full disk leaves the folder as it was."""
    digests = {name: _digest(files[name]) for name in sorted(files)}
    found = {name: _digest_of(folder / name) for name in {*files, *stale}}
    changed = tuple(name for name in files if found[name] != digests[name])
    removed = tuple(name for name in stale if found[name] is not None)
    aside = Path(tempfile.mkdtemp(prefix=_aside_prefix(folder), dir=folder.parent))
    try:
        os.chmod(aside, 0o777 & ~_umask())
        write_tree(aside, {**files, MANIFEST: _manifest(digests)})
        if folder.exists() and any(folder.iterdir()):
            known = {name: digest for name in earlier
                     if (digest := found[name]) is not None and digest in earlier[name]}
            _move_in(aside, folder, digests, known, removed)
        else:
            os.rename(aside, folder)
        with Folder(folder.parent) as parent:
            parent.sync()
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return Written(folder, changed, removed)


def _move_in(aside: Path, folder: Path, digests: Mapping[str, str], known: Mapping[str, str],
             removed: tuple[str, ...]) -> None:
    """Put files in the places of earlier ones.

    Until all are there, the manifest names the ``known`` ones beside them: if this process is
    killed on its way, the next export takes neither for edited.
    """
    write_file(folder / MANIFEST, _manifest(known, digests))
    for name in digests:
        make_folder((folder / name).parent)
        os.rename(aside / name, folder / name)
    for name in removed:
        os.unlink(folder / name)
    for place in {(folder / name).parent for name in (*digests, *removed)}:
        with Folder(place) as each:
            each.sync()
    write_file(folder / MANIFEST, _manifest(digests))


def _manifest(digests: Mapping[str, str], incoming: Mapping[str, str] = MappingProxyType({})
              ) -> bytes:
    document: dict[str, Any] = {"format": _FORMAT, "files": dict(digests)}
    if incoming:
        document["incoming"] = dict(incoming)
    return (json.dumps(document, indent=1) + "\n").encode()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let no other export write beside ``folder``, and sweep away what a killed one left."""
    parent = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(parent, fcntl.LOCK_EX)
        except OSError:  # a file system without locks: others may be at it
            yield
            return
        for name in os.listdir(parent):
            if name.startswith(_aside_prefix(folder)):
                shutil.rmtree(folder.parent / name, ignore_errors=True)
        for name in filter(is_left_over, os.listdir(folder) if folder.is_dir() else ()):
            os.unlink(folder / name)
        yield
    finally:
        os.close(parent)


def _aside_prefix(folder: Path) -> str:
    return f".{folder.name}.dnne_export."


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    """Return the digest of a file, None if there is none."""
    return _digest(path.read_bytes()) if path.is_file() else None
