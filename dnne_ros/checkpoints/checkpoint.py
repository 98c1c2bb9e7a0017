"""A checkpoint that was written, found whole before anything of it is used."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from dnne_ros.checkpoints.foreign import no_checkpoint
from dnne_ros.checkpoints.manifest import MANIFEST, FileRecord, Manifest
from dnne_ros.checkpoints.state_checks import check_state
from dnne_ros.checkpoints.tensor_files import unpack_tensors
from dnne_ros.durable_files import read_below
from dnne_ros.errors import InputError, Problems
from dnne_ros.node_api.state import NodeState


class Checkpoint:
    """One generation in a directory, each file of which is what was written.

    A checkpoint of format 1 has no digests: only that its files are there and can be read is
    known of it.
    """

    def __init__(self, directory: Path, manifest: Manifest, contents: Mapping[str, bytes]):
        """Hold what was read: the ``contents`` of the wanted files by path."""
        self.directory = directory
        self.manifest = manifest
        self._contents = contents

    @classmethod
    def read(cls, directory: str | Path, wanted: Collection[str] | None = None) -> Checkpoint:
        """Check all files and keep those of the nodes ``wanted`` (ids; None: all).

        Raises `InputError` with everything that is wrong, or if there is no checkpoint.
        """
        place = Path(directory)
        manifest = read_manifest(place)
        while True:
            try:
                return cls._of(place, manifest, wanted)
            except InputError:
                newer = read_manifest(place)
                if newer.generation == manifest.generation:
                    raise
                manifest = newer  # another one was written meanwhile, and these files went

    @classmethod
    def _of(cls, directory: Path, manifest: Manifest, wanted: Collection[str] | None
            ) -> Checkpoint:
        kept = {manifest.policy_interface, *(
            path for node in manifest.nodes if wanted is None or node in wanted
            for path in manifest.files_of(node))}
        contents, problems = {}, Problems(str(directory))
        for path, record in _expected(manifest).items():
            try:
                data = read_below(directory, path)
            except FileNotFoundError:
                if record is not None or path.endswith(f"/state.{manifest.generation}.json"):
                    problems.add(f"{path} is missing")
                continue
            except OSError as error:
                problems.add(f"{path}: cannot read: {error.strerror}")
                continue
            if record is not None and FileRecord.of(data) != record:
                problems.add(f"{path} is damaged: its content is not what was written")
            elif path in kept:
                contents[path] = data
        problems.raise_if_any()
        checkpoint = cls(directory, manifest, contents)
        checkpoint.policy_interface()  # raises now rather than when it is needed
        return checkpoint

    def states(self) -> dict[str, NodeState]:
        """Return the state of each wanted node by id; `InputError` for one that is none."""
        return {node: self._state(node) for node in self.manifest.nodes
                if self.manifest.files_of(node)[-1] in self._contents}

    def policy_interface(self) -> dict[str, Any] | None:
        """Return what the policy was trained with, None if that is not known."""
        path = self.manifest.policy_interface
        return _object(self.directory / path, self._contents[path]) \
            if path in self._contents else None

    @property
    def policy_interface_path(self) -> Path:
        """Return the file that says what the policy was trained with."""
        return self.directory / self.manifest.policy_interface

    def _state(self, node_id: str) -> NodeState:
        weights, tensors, values = self.manifest.files_of(node_id)
        loaded = {}
        for path in (weights, tensors):
            try:
                loaded[path] = unpack_tensors(self._contents[path]) \
                    if path in self._contents else {}
            except ValueError as error:
                raise InputError(str(self.directory / path), [f"damaged: {error}"]) from None
        state = NodeState(loaded[weights], loaded[tensors],
                          _object(self.directory / values, self._contents[values]))
        check_state((self.directory / values).parent, state)
        return state


def read_manifest(directory: Path) -> Manifest:
    """Return what ``checkpoint.json`` says; `InputError` if there is no checkpoint."""
    try:
        return Manifest.decode(read_below(directory, MANIFEST))
    except OSError as error:
        raise InputError(str(directory), [
            no_checkpoint(directory, str(error.strerror))]) from None
    except ValueError as error:
        raise InputError(str(directory / MANIFEST), [str(error)]) from None


def _expected(manifest: Manifest) -> Mapping[str, FileRecord | None]:
    """Return the files of a checkpoint, each with what is known of it."""
    if manifest.files is not None:
        return manifest.files
    return dict.fromkeys([manifest.policy_interface, *(
        path for node in manifest.nodes for path in manifest.files_of(node))])


def _object(path: Path, data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(str(path), [f"not JSON: {error}"]) from None
    if not isinstance(value, dict):
        raise InputError(str(path), [f"expected an object, found {type(value).__name__}"])
    return value
