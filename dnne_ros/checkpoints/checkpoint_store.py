"""Checkpoints on disk: always whole, whenever the writer dies.

::

    D/checkpoint.json                      names the generation that counts, and its files
    D/contract.json                        what the policy was trained with (`policy_interface`)
    D/node_<id>/weights.<generation>.safetensors
    D/node_<id>/tensors.<generation>.safetensors
    D/node_<id>/state.<generation>.json

Each file is written aside and renamed; ``checkpoint.json`` comes last, so until then the previous
generation counts.  Weights load without pickle.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from dnne_ros import strict_json
from dnne_ros.checkpoints.foreign import no_checkpoint
from dnne_ros.errors import InputError
from dnne_ros.node_api.state import NodeState

MANIFEST = "checkpoint.json"
POLICY_INTERFACE = "contract.json"
_FORMAT = 1
_GENERATION_FILE = re.compile(r"(?:weights|tensors|state)\.(\d+)\.(?:safetensors|json)(?:\.part)?")


def node_folder(node_id: str) -> str:
    """Return the folder name of a node; ids with other characters are percent-encoded."""
    safe = re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(
        f"%{byte:02X}" for byte in m[0].encode("utf-8", "surrogatepass")), node_id)
    return f"node_{safe}"


class CheckpointStore:
    """Writes and reads the checkpoint in one directory."""

    def __init__(self, directory: str | Path):
        """Use ``directory``; nothing is touched yet."""
        self.directory = Path(directory)
        self._lock: IO[str] | None = None

    def prepare(self) -> None:
        """Make the directory and see that it can be written; `InputError` if not."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            probe = self.directory / f".probe.{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise InputError(str(self.directory), [
                f"cannot write checkpoints here: {error.strerror}"]) from None

    def lock(self) -> None:
        """Claim the directory for this process; `InputError` if another run writes there."""
        # The process holds it to its end.
        self._lock = open(self.directory / ".lock", "w", encoding="utf-8")  # noqa: SIM115
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.unlock()
            raise InputError(str(self.directory), [
                "another run is writing its checkpoints here"]) from None

    def unlock(self) -> None:
        """Let other runs write here again."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def next_generation(self) -> int:
        """Return the number of the checkpoint to write next."""
        try:
            return int(self.manifest()["generation"]) + 1
        except InputError:
            return 1

    def write_node(self, generation: int, node_id: str, state: NodeState) -> None:
        """Write one node's files of a generation that does not count yet.

        `InputError` if a weight, a moment or a counter is NaN or infinite: what was learned
        before must not be replaced by that.
        """
        from safetensors.torch import save

        folder = self.directory / node_folder(node_id)
        _refuse_spoilt(folder, state)
        folder.mkdir(exist_ok=True)
        for kind, tensors in (("weights", state.weights), ("tensors", state.tensors)):
            if tensors:
                whole = {name: tensor.detach().cpu().contiguous().clone()
                         for name, tensor in tensors.items()}
                _write_aside(folder / f"{kind}.{generation}.safetensors", save(whole))
        text = json.dumps(state.values, indent=1, sort_keys=True, allow_nan=False)
        _write_aside(folder / f"state.{generation}.json", text.encode())
        _sync(folder)

    def commit(self, generation: int, nodes: Mapping[str, str], about: Mapping[str, Any],
               policy_interface: Mapping[str, Any] | None = None) -> None:
        """Make ``generation`` the one that counts and drop earlier files.

        ``nodes`` maps the ids of the nodes in it to their types.  Without a
        ``policy_interface``, none stays there.
        """
        if policy_interface:
            text = strict_json.dumps(policy_interface, indent=1, ensure_ascii=False) + "\n"
            _write_aside(self.directory / POLICY_INTERFACE, text.encode("utf-8", "surrogatepass"))
        else:
            (self.directory / POLICY_INTERFACE).unlink(missing_ok=True)
        manifest = {"format": _FORMAT, "generation": generation, "nodes": dict(nodes), **about}
        _write_aside(self.directory / MANIFEST, strict_json.dumps(manifest, indent=1).encode())
        _sync(self.directory)  # before the files go that an earlier manifest names
        self._remove(lambda other: other != generation)

    def discard(self, generation: int) -> None:
        """Remove what was written of a generation that will not count."""
        self._remove(lambda other: other == generation)

    def _remove(self, unwanted: Callable[[int], bool]) -> None:
        with suppress(OSError):  # what is left is in nobody's way: the manifest names another
            for file in self.directory.glob("node_*/*"):
                match = _GENERATION_FILE.fullmatch(file.name)
                if match and unwanted(int(match[1])):
                    file.unlink(missing_ok=True)

    def read(self) -> dict[str, NodeState]:
        """Return the state of each node in the checkpoint, by id; `InputError` if it is broken."""
        manifest = self.manifest()
        return {str(node): self._read_node(str(node), int(manifest["generation"]))
                for node in manifest["nodes"]}

    def manifest(self) -> dict[str, Any]:
        """Return what ``checkpoint.json`` says; `InputError` if there is no checkpoint."""
        path = self.directory / MANIFEST
        try:
            manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(str(self.directory), [
                no_checkpoint(self.directory, str(error.strerror))]) from None
        except ValueError as error:
            raise InputError(str(path), [f"not JSON: {error}"]) from None
        legal = (isinstance(manifest, dict) and manifest.get("format") == _FORMAT
                 and type(manifest.get("generation")) is int
                 and isinstance(manifest.get("nodes"), dict))
        if not legal:
            raise InputError(str(path), [f"not a checkpoint of format {_FORMAT}"])
        return manifest

    def policy_interface(self) -> dict[str, Any] | None:
        """Return what ``contract.json`` says, None if there is none; `InputError` if broken."""
        path = self.directory / POLICY_INTERFACE
        try:
            interface = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
        except (ValueError, RecursionError) as error:
            raise InputError(str(path), [f"not JSON: {error}"]) from None
        if not isinstance(interface, dict):
            raise InputError(str(path), [
                f"expected an object, found {type(interface).__name__}"])
        return interface

    def _read_node(self, node_id: str, generation: int) -> NodeState:
        from safetensors import SafetensorError
        from safetensors.torch import load

        folder = self.directory / node_folder(node_id)
        tensors: dict[str, dict[str, Any]] = {}
        try:
            for kind in ("weights", "tensors"):
                path = folder / f"{kind}.{generation}.safetensors"
                tensors[kind] = load(path.read_bytes()) if path.exists() else {}
            path = folder / f"state.{generation}.json"
            values = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
        except (SafetensorError, ValueError) as error:
            raise InputError(str(path), [f"damaged: {error}"]) from None
        state = NodeState(tensors["weights"], tensors["tensors"], values)
        _refuse_spoilt(folder, state)
        return state


def _refuse_spoilt(folder: Path, state: NodeState) -> None:
    """Raise `InputError` for numbers that are NaN or infinite."""
    from dnne_ros.learning.finite import first_not_finite

    problems = [f"{kind} {name!r}: expected finite numbers, found NaN or infinity"
                for kind, tensors in (("weights", state.weights), ("tensors", state.tensors))
                if (name := first_not_finite(tensors.items())) is not None]
    try:
        json.dumps(state.values, allow_nan=False)
    except ValueError as error:
        problems.append(f"state: {error}")
    if problems:
        raise InputError(str(folder), problems)


def _write_aside(path: Path, data: bytes) -> None:
    """Write a file so that it is there whole or not at all, also after a power cut."""
    part = path.with_name(path.name + ".part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Make the names of the files in ``folder`` outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot
            raise
    finally:
        os.close(descriptor)
