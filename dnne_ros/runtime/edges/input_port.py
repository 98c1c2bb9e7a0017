"""Where a node's input comes from."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dnne_ros.node_api.port_types import PortType
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.external_reader import ExternalReader
from dnne_ros.transport.item_source import ItemSource, StandIn

if TYPE_CHECKING:
    from rclpy.impl.rcutils_logger import RcutilsLogger

_WARN_SECONDS = 5.0


class ExternalInput(StandIn[ExternalReader]):
    """An input that other ROS nodes publish on; what they get wrong is dropped, with a word."""

    def __init__(self, reader: ExternalReader, codec: Codec, type: PortType, log: RcutilsLogger):
        """Take messages from ``reader`` and read them as ``type``."""
        super().__init__(reader)
        self._codec = codec
        self._type = type
        self._log = log

    async def get(self, timeout: float | None) -> Any:
        """Return the next item that is one; TimeoutError when none came in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            message = await self._source.take(left)
            try:
                value = self._type.unpack(self._codec.decode(message))
                self._type.check(value)
                return value
            except Exception as error:  # a stranger's bytes must not end the run, whatever is in
                self._source.stats.lost += 1
                self._log.warning(f"dropped a message on {self._source.topic}: {error}",
                                  throttle_duration_sec=_WARN_SECONDS)

    async def get_batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return ``max_items`` items, or those that came within ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        batch: list[Any] = []
        while len(batch) < max_items:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            try:
                batch.append(await self.get(left))
            except TimeoutError:
                break
        return batch


class HeldInput(StandIn[ItemSource]):
    """An input whose value comes once and stays."""

    def __init__(self, source: ItemSource, on_first: Callable[[Any], None] | None = None):
        """Hold what ``source`` gives first, after showing it to ``on_first``."""
        super().__init__(source)
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

    async def get_batch(self, max_items: int, timeout: float | None) -> list[Any]:
        """Return the value alone: there are no others."""
        return [await self.get(timeout)]
