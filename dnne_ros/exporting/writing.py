"""Puts a package's files into a folder, and never over what a person has written there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

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
        return _write(folder, files, stale)
    except OSError as error:
        raise InputError(str(folder), [
            f"cannot write: {error.strerror or error}: {error.filename or folder}"]) from None


def _read_manifest(folder: Path) -> dict[str, str]:
    """Return the digests of the files that the last export wrote; {} for a new folder."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError(str(folder), ["is not a folder of its own; give another place"])
    path = folder / MANIFEST
    if not path.is_file():
        if folder.is_dir() and any(folder.iterdir()):
            raise InputError(str(folder), [
                "is not empty and was not written by dnne-ros export; give another place"])
        return {}
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
        digests = document["files"] if document["format"] == _FORMAT else None
    except (ValueError, KeyError, TypeError):
        digests = None
    if not isinstance(digests, dict) or not all(
            isinstance(value, str) and _stays_inside(name) for name, value in digests.items()):
        raise InputError(str(path), ["is damaged: move this folder away and export again"])
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


def _check_edits(folder: Path, files: Mapping[str, bytes], earlier: Mapping[str, str]) -> None:
    problems = Problems(str(folder))
    for name in sorted({*files, *earlier}):
        found = _digest_of(folder / name)
        if found is None or found == earlier.get(name):
            continue
        if name in files and found == _digest(files[name]):
            continue
        problems.add(f"{name} has been edited since the last export" if name in earlier
                     else f"{name} is not from an export")
    if problems:
        problems.add("nothing was written; keep your changes elsewhere, or give --force to lose "
                     "them")
    problems.raise_if_any()


def _write(folder: Path, files: Mapping[str, bytes], stale: list[str]) -> Written:
    """Write everything aside first, so that a full disk leaves the folder as it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    manifest = {"format": _FORMAT, "files": {name: _digest(files[name]) for name in sorted(files)}}
    whole = {**files, MANIFEST: (json.dumps(manifest, indent=1) + "\n").encode()}
    changed = tuple(name for name in files if _digest_of(folder / name) != _digest(files[name]))
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        os.chmod(aside, 0o777 & ~_umask())
        for name, data in whole.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        if not folder.exists() or not any(folder.iterdir()):
            os.replace(aside, folder)
            return Written(folder, changed, ())
        for name in whole:  # the manifest last: until then the next export sees no edit in these
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(aside / name, folder / name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    removed = tuple(name for name in stale if _digest_of(folder / name) is not None)
    for name in removed:
        (folder / name).unlink()
    return Written(folder, changed, removed)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _digest_of(path: Path) -> str | None:
    """Return the digest of a file, None if there is none."""
    return _digest(path.read_bytes()) if path.is_file() else None
