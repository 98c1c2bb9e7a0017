"""Writes checkpoints: always whole, whenever the writer dies.

::

    D/checkpoint.json                      names the generation that counts, and its files
    D/contract.<generation>.json           what the policy was trained with (`policy_interface`)
    D/node_<id>/weights.<generation>.safetensors
    D/node_<id>/tensors.<generation>.safetensors
    D/node_<id>/state.<generation>.json

No file of a generation that counts is written to.  ``checkpoint.json`` comes last, so until then
the previous generation counts; then the files of that one go.  Weights load without pickle.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.checkpoints.checkpoint import read_manifest
from dnne_ros.checkpoints.manifest import (
    KINDS,
    MANIFEST,
    FileRecord,
    Manifest,
    node_folder,
    policy_interface_file,
)
from dnne_ros.checkpoints.state_checks import check_state
from dnne_ros.checkpoints.tensor_files import pack_tensors
from dnne_ros.durable_files import Folder, is_left_over, make_folder, open_lock
from dnne_ros.errors import InputError
from dnne_ros.node_api.state import NodeState

_LOCK = ".lock"
# Earlier versions had contract.json, and wrote under the names of files with .part at the end.
_GENERATION_FILE = re.compile(
    r"(?:(?:weights|tensors|state|contract)\.(\d+)\.(?:safetensors|json)|contract\.json)"
    r"(?:\.part)?")


class CheckpointStore:
    """Writes the checkpoint in one directory."""

    def __init__(self, directory: str | Path):
        """Use ``directory``; nothing is touched yet."""
        self.directory = Path(directory)
        self._lock: int | None = None

    def prepare(self) -> None:
        """Make the directory and see that it can be written; `InputError` if not."""
        try:
            make_folder(self.directory)
            with Folder(self.directory) as folder:
                folder.probe()
        except OSError as error:
            raise InputError(str(self.directory), [
                f"cannot write checkpoints here: {error.strerror}"]) from None

    def lock(self) -> None:
        """Claim the directory for this process; `InputError` if another run writes there."""
        try:
            self._lock = open_lock(self.directory / _LOCK)
        except OSError as error:
            raise InputError(str(self.directory / _LOCK), [
                f"cannot be locked: {error.strerror}"]) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.unlock()
            raise InputError(str(self.directory), [
                "another run is writing its checkpoints here"]) from None

    def unlock(self) -> None:
        """Let other runs write here again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def generation(self) -> int:
        """Return the number of the checkpoint that counts; 0 if none does."""
        try:
            return read_manifest(self.directory).generation
        except InputError:
            return 0

    def next_generation(self) -> int:
        """Return a number for the checkpoint to write next, of which no file is there."""
        return 1 + max([self.generation(), *(
            generation for _, names in self._folders() for name in names
            if (generation := _generation_of(name)) is not None)])

    def write_node(self, generation: int, node_id: str, state: NodeState) -> dict[str, FileRecord]:
        """Write one node's files of a generation that does not count yet, and return them.

        `InputError` if a weight, a moment or a counter is NaN or infinite, or no JSON value.
        """
        place = self.directory / node_folder(node_id)
        check_state(place, state)
        contents = {}
        for kind, tensors in zip(KINDS[:2], (state.weights, state.tensors), strict=True):
            if tensors:
                try:
                    contents[kind.format(generation)] = pack_tensors(tensors)
                except ValueError as error:
                    raise InputError(str(place), [f"cannot be saved: {error}"]) from None
        text = json.dumps(state.values, indent=1, sort_keys=True, allow_nan=False)
        contents[KINDS[-1].format(generation)] = text.encode()
        make_folder(place)
        with Folder(place, follow=False) as folder:
            for name, data in contents.items():
                folder.write(name, data)
            folder.sync()
        return {f"{place.name}/{name}": FileRecord.of(data) for name, data in contents.items()}

    def lacking(self, files: Iterable[str]) -> list[str]:
        """Return those of ``files``, named as by `write_node`, that are not in the directory."""
        return [name for name in files if not (self.directory / name).is_file()]

    def commit(self, generation: int, nodes: Mapping[str, str],
               files: Mapping[str, FileRecord], about: Mapping[str, Any],
               policy_interface: Mapping[str, Any] | None = None) -> None:
        """Make ``generation`` the one that counts and drop earlier files.

        ``nodes`` maps the ids of the nodes in it to their types, ``files`` are those that
        `write_node` has returned for them.  `InputError` if they are not the files of these nodes,
        or if there is no node in it.
        """
        if not nodes:
            raise InputError(str(self.directory), ["no node has a state to save"])
        files = dict(files)
        with Folder(self.directory) as folder:
            if policy_interface:
                name = policy_interface_file(generation)
                data = (strict_json.dumps(policy_interface, indent=1) + "\n").encode()
                folder.write(name, data)
                files[name] = FileRecord.of(data)
                folder.sync()  # before the manifest names it
            manifest = Manifest(generation, nodes, files, about)
            try:
                manifest.check_files()
            except ValueError as error:
                raise InputError(str(self.directory), [str(error)]) from None
            folder.write(MANIFEST, manifest.encode())
            # From here on it counts: what fails only leaves files of an earlier one behind.
            with suppress(OSError):
                folder.sync()  # before the files go that an earlier manifest names
                self._remove(lambda other: other != generation)

    def discard(self, generation: int) -> None:
        """Remove what was written of a generation that will not count."""
        if self.generation() != generation:
            self._remove(lambda other: other == generation)

    def _remove(self, unwanted: Callable[[int | None], bool]) -> None:
        """Remove files of generations that are ``unwanted``; None is one that nobody knows."""
        with suppress(OSError):  # what is left is in nobody's way: the manifest names another
            for path, names in self._folders():
                with Folder(path) as folder:
                    for name in names:
                        if unwanted(_generation_of(name)):
                            folder.remove(name)

    def _folders(self) -> list[tuple[Path, list[str]]]:
        """Return the folders in which files of checkpoints lie, with the names of those files."""
        found = []
        for path in (self.directory, *self.directory.glob("node_*")):
            with suppress(OSError), Folder(path, follow=path == self.directory) as folder:
                found.append((path, [name for name in folder.names() if is_left_over(name)
                                     or _GENERATION_FILE.fullmatch(name)]))
        return found


def _generation_of(name: str) -> int | None:
    match = _GENERATION_FILE.fullmatch(name)
    return int(match[1]) if match and match[1] else None
