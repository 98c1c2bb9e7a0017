"""What one process records: chunks are filled by its event loop, and written by a thread.

The thread compresses and writes, for which neither needs the interpreter's lock.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from time import time_ns

from dnne_ros.recording.chunk import Chunk
from dnne_ros.recording.node_log import NodeLog
from dnne_ros.recording.shared_file import SharedFile

_CHUNK_BYTES = 2**20
PENDING_BYTES = 64 * 2**20
"""What may wait to be written: senders wait for room then, as for any consumer."""
_FLUSH_SECONDS = 0.5
"""After that long an item is in the file, also if little is recorded: a kill takes no more."""


class Recorder:
    """Writes messages and logs of nodes to a file to which other processes write, too."""

    def __init__(self, file: SharedFile, loop: asyncio.AbstractEventLoop,
                 on_failed: Callable[[OSError], object]):
        """Write to ``file``.

        ``on_failed(error)`` is called in ``loop`` when nothing can be written any more; what comes
        from then on is dropped.
        """
        self.pending = 0
        """Bytes that are not in the file yet."""
        self.failed = False
        self._error: OSError | None = None
        self._file = file
        self._loop = loop
        self._on_failed = on_failed
        self._chunk = Chunk()
        self._logs: list[NodeLog] = []
        self._timer: asyncio.TimerHandle | None = None
        self._on_room: list[Callable[[], None]] = []
        self._closed = False
        self._chunks: queue.SimpleQueue[Chunk | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write_all, name="recorder", daemon=True)
        self._thread.start()

    def log(self, channel: int) -> NodeLog:
        """Return the log of a node, which goes to ``channel``."""
        self._logs.append(NodeLog(channel))
        return self._logs[-1]

    def add(self, channel: int, number: int, data: bytes) -> None:
        """Record a message."""
        if self.failed or self._closed:
            return
        self._put(channel, number, data)
        if self._chunk.size >= _CHUNK_BYTES:
            self._cut()
        elif self._timer is None:
            self._timer = self._loop.call_later(_FLUSH_SECONDS, self._cut)

    def call_when_room(self, on_room: Callable[[], None]) -> None:
        """Call ``on_room`` each time that something was written."""
        self._on_room.append(on_room)

    def close(self) -> None:
        """Write what there is, and the end of the file if no other process writes to it."""
        self._cut()
        self._closed = True
        self._chunks.put(None)
        self._thread.join()
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error
        if self._error is not None and not self.failed:
            self._fail(self._error)

    def _put(self, channel: int, number: int, data: bytes) -> None:
        chunk = self._chunk
        before = chunk.size
        chunk.add(channel, number, time_ns(), data)
        self.pending += chunk.size - before

    def _cut(self) -> None:
        """Give the chunk to the thread, with the rows of the logs: what belongs together."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for log in self._logs:
            if not log.empty:
                self._put(log.channel, log.messages + 1, log.take())
        if self._chunk.size and not self.failed:
            self._chunks.put(self._chunk)
        self._chunk = Chunk()

    def _write_all(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            try:
                self._file.append(chunk.records())
            except OSError as error:
                self._error = error
                self._tell(self._fail, error)
                return
            self._tell(self._note_written, chunk.size)

    def _tell(self, call: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop has ended: there is nobody to be told
            self._loop.call_soon_threadsafe(call, *arguments)

    def _note_written(self, size: int) -> None:
        self.pending -= size
        self._make_room()

    def _fail(self, error: OSError) -> None:
        """Go on without recording."""
        if self.failed:
            return
        self.failed = True
        self.pending = 0
        self._chunk = Chunk()
        self._on_failed(error)
        self._make_room()

    def _make_room(self) -> None:
        for on_room in self._on_room:
            on_room()
