"""A recording of a run, read: what was run, what each node did, and the items."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mcap.records import Channel

from dnne_ros.errors import InputError
from dnne_ros.recording.about import (
    CHANGES,
    CHECKPOINT,
    EXTERNAL,
    FORMAT,
    LOG,
    NODE,
    OUTPUT,
    PARAMETERS,
    RUN,
    WORKFLOW,
)
from dnne_ros.recording.chunk_cache import ChunkCache, Message, unpack
from dnne_ros.recording.node_log import Row, read_rows
from dnne_ros.recording.scan import Scan, scan
from dnne_ros.recording.shared_file import FOLLOWS, GOES_ON, later_parts

_OPENING_BYTES = 2**16
"""In which a recording says that it is one."""


@dataclass(frozen=True)
class RecordedNode:
    """What a recording says of a node."""

    id: str
    type: str
    title: str
    values: Mapping[str, Any]
    inputs: Mapping[str, Mapping[str, str]]
    """The ``type`` of what came to each, and ``from`` which output; that is "" for outside."""
    outputs: Mapping[str, Mapping[str, str]]


def is_recording(path: Path) -> bool:
    """Tell whether a file is of a recording of a run; `InputError` if it cannot be read."""
    if path.is_dir():
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
    try:
        found = scan(str(path), file, min(_OPENING_BYTES, os.fstat(file).st_size))
    except (OSError, ValueError):
        return False
    finally:
        os.close(file)
    return any(each.name in (RUN, FOLLOWS) for _, _, each in found.metadata)


class Recording:
    """The files of a recording, which stay open.

    ``damage`` says what of them could not be read; the rest is there up to that moment, if
    ``whole`` is false.
    """

    def __init__(self, path: Path):
        """Open ``path`` and the files that go on where it was full; `InputError` if it is none."""
        self.damage: list[str] = []
        self._files: list[tuple[int, Scan]] = []
        self._cache = ChunkCache()
        self.whole = True
        """Whether all items that were written are there."""
        for each in (path, *later_parts(path)):
            if self.whole:
                self._open(each)
        first, last = self._files[0][1], self._files[-1][1]
        if before := _file_in(first, FOLLOWS):
            raise InputError(str(path), [
                f"expected the first file of a recording, found one that goes on behind {before}"])
        if self.whole and (missing := _file_in(last, GOES_ON)):
            self._lack(f"{last.path}: it goes on in {missing}, which is not beside it")
        metadata = {each.name: each.metadata for _, scan in self._files
                    for _, _, each in scan.metadata}
        self.run: Mapping[str, str] = metadata.get(RUN, {})
        if self.run.get("format") != FORMAT:
            raise InputError(str(path), [
                f"expected a recording of format {FORMAT}, found {self.run.get('format')!r:.20}"])
        attachments = {each.name: each.data for _, _, each in first.attachments
                       if each not in first.spoilt}
        self.damage += [f"{first.path}: attachment {each.name!r:.200} is damaged: it is not used"
                        for each in first.spoilt]
        self._lacks_checkpoint = any(each.name != WORKFLOW for each in first.spoilt)
        self.workflow: bytes | None = attachments.get(WORKFLOW)
        self._checkpoint = {
            name.removeprefix(CHECKPOINT): data for name, data in attachments.items()
            if name.startswith(CHECKPOINT)}
        self._check_paths(path)
        self.nodes = self._read_nodes(path, metadata)
        """By ROS name."""
        self._channels = {
            (each.metadata.get("of", ""), each.metadata.get("node", ""),
             each.metadata.get("port", "")): each
            for _, found in self._files for each in found.channels.values()}
        times = [(chunk.first_ns, chunk.last_ns) for _, found in self._files
                 for chunk in found.chunks]
        self.begin_ns = min((first for first, _ in times), default=0)
        self.end_ns = max((last for _, last in times), default=0)

    def close(self) -> None:
        """Close the files."""
        for file, _ in self._files:
            os.close(file)

    def checkpoint(self) -> dict[str, bytes]:
        """Return the files of the checkpoint that the run began with, by their paths in it.

        `InputError` if some of them are damaged, or may be: other states would be begun with.
        """
        if self._lacks_checkpoint:
            raise InputError(self._files[0][1].path, [
                "expected the whole checkpoint that the run began with, found damaged "
                "attachments: nodes cannot run again"])
        return self._checkpoint

    def outputs(self) -> list[tuple[str, str]]:
        """Return node and port of each output of which items are recorded."""
        return [(node, port) for kind, node, port in self._channels if kind == OUTPUT]

    def holds(self, node: str, port: str) -> bool:
        """Tell whether the items of an output are recorded, be there any or not."""
        return (OUTPUT, node, port) in self._channels

    def items(self, node: str, port: str) -> Iterator[Message]:
        """Yield the items of an output."""
        return self._messages(OUTPUT, node, port)

    def external_items(self, node: str, port: str) -> Iterator[Message]:
        """Yield what came to an input from outside of the graph."""
        return self._messages(EXTERNAL, node, port)

    def changes(self, node: str, port: str) -> Iterator[Message]:
        """Yield the changes that a node has made to what came to an input."""
        return self._messages(CHANGES, node, port)

    def parameters(self, node: str) -> list[Message]:
        """Return what parameters were set to while the node ran."""
        return list(self._messages(PARAMETERS, node, ""))

    def rows(self, node: str) -> list[Row]:
        """Return what the node did, in order; `InputError` for what is no log."""
        try:
            return read_rows(message.data for message in self._messages(LOG, node, ""))
        except ValueError as error:
            raise InputError(self._files[0][1].path, [f"the log of {node}: {error}"]) from None

    def channel(self, node: str, port: str) -> Channel:
        """Return the channel of an output that it `holds`."""
        return self._channels[OUTPUT, node, port]

    def message_type(self, channel: Channel) -> str:
        """Return the ROS type of a channel's messages."""
        return next(found.schemas[channel.schema_id].name for _, found in self._files
                    if channel.schema_id in found.schemas)

    def _messages(self, kind: str, node: str, port: str) -> Iterator[Message]:
        channel = self._channels.get((kind, node, port))
        if channel is None:
            return
        for file, found in self._files:
            for chunk in found.chunks:
                if not chunk.indexes or channel.id in chunk.indexes:
                    yield from self._cache.messages(file, chunk).get(channel.id, ())

    def _open(self, path: Path) -> None:
        try:
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
        try:
            found = scan(str(path), file)
        except (OSError, ValueError) as error:
            os.close(file)
            raise InputError(str(path), [f"expected an MCAP file: {error}"]) from None
        if found.remark:
            self.damage.append(f"{path}: {found.remark}")
        if found.damage:
            self._lack(f"{path}: {found.damage}")
        for place, chunk in enumerate(found.chunks):
            try:
                unpack(file, chunk)
            except ValueError as error:
                self._lack(f"{path}: {error}")
                del found.chunks[place:]
                break
        self._files.append((file, found))

    def _lack(self, why: str) -> None:
        self.whole = False
        self.damage.append(f"{why}; it is read up to there")

    def _check_paths(self, path: Path) -> None:
        for name in self._checkpoint:
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or ".." in parts or "\0" in name:
                raise InputError(str(path), [
                    f"attachment {CHECKPOINT + name!r:.200} is no file of a checkpoint"])

    @staticmethod
    def _read_nodes(path: Path, metadata: Mapping[str, Mapping[str, str]]
                    ) -> dict[str, RecordedNode]:
        found = {}
        for name, about in metadata.items():
            node = name.removeprefix(f"{NODE}/")
            if node == name:
                continue
            try:
                ports = json.loads(about["ports"])
                values = json.loads(about["values"])
                if not isinstance(values, dict):
                    raise TypeError("its values are no object")
                found[node] = RecordedNode(about["id"], about["type"], about["title"],
                                           values, ports["inputs"], ports["outputs"])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise InputError(str(path), [f"metadata {name!r:.200}: {error!r:.200}"]) from None
        return found


def _file_in(found: Scan, name: str) -> str:
    """Return the file that is named in this metadata of another; "" if none is."""
    return next((each.metadata.get("file", "") for _, _, each in found.metadata
                 if each.name == name), "")
