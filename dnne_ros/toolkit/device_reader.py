"""Reading a device that blocks, and that may be unplugged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from dnne_ros.errors import InputError
from dnne_ros.node_api.health import Level
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node

_OPEN_SECONDS = 10.0
_READ_SECONDS = 2.0
_RETRY_SECONDS = 1.0


class Device(Protocol):
    """Something to read from; both methods may block."""

    def read(self) -> Any:
        """Return the next reading; OSError when the device does not answer."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class DeviceReader:
    """Reads a device in its node's thread, so that the graph goes on meanwhile.

    A device that is not there at first is an `InputError`.  One that goes away after it has
    worked is tried again every second for ever; ``/diagnostics`` says so.
    """

    def __init__(self, node: Node, open: Callable[[], Device]):
        """Read what ``open()`` returns; it raises OSError if there is no such device."""
        self._node = node
        self._open = open
        self._device: Device | None = None
        self._worked = False
        self._lost_at: float | None = None
        self._losses = 0
        self._trouble = HealthReporter(node.context)

    async def read(self) -> Any:
        """Return the next reading, however long the device is away."""
        while True:
            try:
                reading = await self._try()
            except (OSError, TimeoutError) as error:
                await self._lose(error)
            else:
                self._worked = True
                if self._lost_at is not None:
                    self._note_return(self._node.context.steady.now() - self._lost_at)
                return reading

    async def close(self) -> None:
        """Give the device back, if it answers."""
        device, self._device = self._device, None
        if device is not None:
            with suppress(TimeoutError):  # it hangs: it goes with the process
                await self._node.run_blocking(device.close, timeout=_READ_SECONDS)

    async def _try(self) -> Any:
        if self._device is None:
            # What opens too late must not keep the device from the next attempt.
            self._device = await self._node.run_blocking(
                self._open, timeout=_OPEN_SECONDS, late=lambda device: device.close())
        return await self._node.run_blocking(self._device.read, timeout=_READ_SECONDS)

    async def _lose(self, error: Exception) -> None:
        await self.close()
        if not self._worked:
            raise InputError("device", [str(error)]) from None
        if self._lost_at is None:
            self._lost_at = self._node.context.steady.now()
            self._losses += 1
            self._node.context.health.values["losses"] = self._losses
        self._trouble.note(
            "lost", f"{error}; trying again every {_RETRY_SECONDS:g} s", Level.ERROR)
        await self._node.context.steady.sleep(_RETRY_SECONDS)

    def _note_return(self, away: float) -> None:
        self._lost_at = None
        self._trouble.clear(f"the device is back after {away:.1f} s")
