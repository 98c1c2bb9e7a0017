"""``checkpoint.json``: names the generation that counts, and each of its files with its SHA-256.

It carries the SHA-256 of itself in its last line, so that no bit of a checkpoint changes unseen.
Format 1, of earlier versions, has no digests, and files that are found by their names.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from dnne_ros import strict_json

MANIFEST = "checkpoint.json"
FORMAT = 2
UNSEALED_FORMAT = 1
KINDS = ("weights.{}.safetensors", "tensors.{}.safetensors", "state.{}.json")
"""The files of a node by generation; the last one is always there."""

_POLICY_INTERFACE = "contract.{}.json"
_UNSEALED_POLICY_INTERFACE = "contract.json"
_OWN = ("format", "generation", "nodes", "files", "sha256")


@dataclass(frozen=True)
class FileRecord:
    """What a file of a checkpoint was when it was written."""

    size: int
    sha256: str

    @classmethod
    def of(cls, data: bytes) -> FileRecord:
        """Return the record of a file's content."""
        return cls(len(data), hashlib.sha256(data).hexdigest())

    @classmethod
    def read(cls, value: Any) -> FileRecord:
        """Return the record that a JSON value is; ValueError if it is none."""
        if isinstance(value, dict) and value.keys() == {"size", "sha256"} \
                and type(value["size"]) is int and isinstance(value["sha256"], str):
            return cls(**value)
        raise ValueError(f"expected size and sha256 of a file, found {value!r:.80}")


@dataclass(frozen=True)
class Manifest:
    """One generation of a checkpoint.

    ``nodes`` are the types of the nodes in it by id, ``files`` its files by their paths in the
    directory, None in format 1.  ``about`` is what else is said of it.
    """

    generation: int
    nodes: Mapping[str, str]
    files: Mapping[str, FileRecord] | None
    about: Mapping[str, Any]

    def encode(self) -> bytes:
        """Return the file's content."""
        files = {path: asdict(record) for path, record in sorted((self.files or {}).items())}
        text = strict_json.dumps({
            "format": FORMAT, "generation": self.generation, "nodes": dict(self.nodes),
            **self.about, "files": files}, indent=1)
        return _sealed(text.removesuffix("\n}").encode())

    @classmethod
    def decode(cls, data: bytes) -> Manifest:
        """Return what a file says; ValueError saying what is wrong with it."""
        try:
            document = json.loads(data.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not JSON: {error}") from None
        version = document.get("format") if isinstance(document, dict) else None
        if type(version) is not int or version not in (UNSEALED_FORMAT, FORMAT):
            raise ValueError(f"not a checkpoint of format {UNSEALED_FORMAT} or {FORMAT}")
        if version == FORMAT and data != _sealed(data[:-len(_sealed(b""))]):
            raise ValueError("damaged: its content is not what was written")
        if version == UNSEALED_FORMAT and document.keys() & {"files", "sha256"}:
            raise ValueError(f"damaged: format {UNSEALED_FORMAT} has no digests, and this has")
        nodes = document.get("nodes")
        if type(document.get("generation")) is not int or not _is_typed(nodes):
            raise ValueError("damaged: expected a generation and the types of nodes")
        manifest = cls(document["generation"], nodes, _files(document, version),
                       {name: value for name, value in document.items() if name not in _OWN})
        manifest.check_files()
        return manifest

    @property
    def policy_interface(self) -> str:
        """Return the path of the policy interface, which not every checkpoint has."""
        return policy_interface_file(self.generation) if self.files is not None \
            else _UNSEALED_POLICY_INTERFACE

    def files_of(self, node_id: str) -> tuple[str, ...]:
        """Return the paths that a node's files may have; the last one is always there."""
        folder = node_folder(node_id)
        return tuple(f"{folder}/{kind.format(self.generation)}" for kind in KINDS)

    def check_files(self) -> None:
        """Raise ValueError for a file that is none of its nodes', or one that is not named."""
        if self.files is None:
            return
        known = {self.policy_interface, *(path for node in self.nodes
                                          for path in self.files_of(node))}
        for path in self.files.keys() - known:
            raise ValueError(f"names a file that belongs to no node: {path!r:.80}")
        for node in self.nodes:
            if self.files_of(node)[-1] not in self.files:
                raise ValueError(f"names no {self.files_of(node)[-1]}")


def node_folder(node_id: str) -> str:
    """Return the folder name of a node; ids with other characters are percent-encoded."""
    safe = re.sub(r"[^A-Za-z0-9_-]", lambda m: "".join(
        f"%{byte:02X}" for byte in m[0].encode("utf-8", "surrogatepass")), node_id)
    return f"node_{safe}"


def policy_interface_file(generation: int) -> str:
    """Return the name of the policy interface of a generation."""
    return _POLICY_INTERFACE.format(generation)


def _sealed(body: bytes) -> bytes:
    """Return a JSON object, of which ``body`` lacks the end, with its digest at its end."""
    return body + f',\n "sha256": "{hashlib.sha256(body).hexdigest()}"\n}}\n'.encode()


def _files(document: Mapping[str, Any], version: int) -> dict[str, FileRecord] | None:
    if version == UNSEALED_FORMAT:
        return None
    files = document.get("files")
    if not isinstance(files, dict):
        raise ValueError("damaged: expected the files of the checkpoint")
    return {path: FileRecord.read(value) for path, value in files.items()}


def _is_typed(nodes: Any) -> bool:
    return isinstance(nodes, dict) and all(isinstance(type_, str) for type_ in nodes.values())
