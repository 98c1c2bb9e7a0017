"""Where a node's input comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from dnne_ros.nodes.port_types import PortType
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.remote_reader import RemoteReader


class InputPort(Protocol):
    """One linked input of a running node."""

    async def get(self, timeout: float | None) -> Any:
        """Return the next item; TimeoutError when none came within ``timeout`` seconds."""
        ...


class LocalInput:
    """An input whose source lives in the same process."""

    def __init__(self, edge: LocalEdge):
        """Take values from ``edge``."""
        self.get = edge.get


class RemoteInput:
    """An input whose source lives in another process."""

    def __init__(self, reader: RemoteReader, type: PortType):
        """Take payloads from ``reader`` and unpack them as ``type``."""
        self._reader = reader
        self._type = type

    async def get(self, timeout: float | None) -> Any:
        """Return the next item."""
        return self._type.unpack(await self._reader.get(timeout))


class HeldInput:
    """An input whose value comes once and stays."""

    def __init__(self, source: InputPort, on_first: Callable[[Any], None] | None = None):
        """Hold what ``source`` gives first, after showing it to ``on_first``."""
        self._source = source
        self._on_first = on_first
        self._held: list[Any] = []

    async def get(self, timeout: float | None) -> Any:
        """Return the value, waiting for it the first time."""
        if not self._held:
            value = await self._source.get(timeout)
            if self._on_first is not None:
                self._on_first(value)
            self._held.append(value)
        return self._held[0]
