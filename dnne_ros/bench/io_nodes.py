"""The nodes of ``dnne-ros bench io``."""

from __future__ import annotations

import asyncio
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.transport.policy import EdgePolicy

TICK_HZ = 100.0
READ_SECONDS = 0.05


class Camera:
    """A device whose read blocks until the next frame, at 20 frames a second."""

    def __init__(self) -> None:
        """Start with frame 0."""
        self._frame = 0

    def read(self) -> int:
        """Wait for the next frame and return its number."""
        time.sleep(READ_SECONDS)
        self._frame += 1
        return self._frame


class AwaitingCameraNode(Node):
    """Read the camera in a thread of the node's own."""

    frame = Output(Int(), "The frame's number.")

    def setup(self) -> None:
        """Open the camera."""
        self._camera = Camera()

    async def process(self) -> None:
        """Send one frame after another."""
        while True:
            await self.send_output(await self._read(), "frame")

    async def _read(self) -> int:
        return await self.run_blocking(self._camera.read, timeout=1.0)


class BlockingCameraNode(AwaitingCameraNode):
    """Read the camera in the event loop, as one must not."""

    async def _read(self) -> int:
        await asyncio.sleep(0.001)  # the others get their turn between two frames, and no more
        return self._camera.read()


class ControlNode(Node):
    """Tick at 100 Hz and count the ticks that came before the next one was due."""

    frame = Input(Int(), "What the camera saw last.", policy=EdgePolicy.LATEST)
    seconds = Widget(30.0, "How long.", minimum=0.1, unit="s")

    async def process(self) -> None:
        """Tick, then report and end the run."""
        self._frame = first = await self.get_input("frame")
        looking = asyncio.get_running_loop().create_task(self._look())
        period = 1.0 / TICK_HZ
        start = now = time.monotonic()
        kept, latest = set(), 0.0
        while now - start < self.seconds:
            tick = int((now - start) / period)
            kept.add(tick)
            due = start + (tick + 1) * period
            await asyncio.sleep(due - now)
            now = time.monotonic()
            latest = max(latest, now - due)
        looking.cancel()
        self.context.report({
            "kept": len(kept) / round(self.seconds / period), "latest_s": latest,
            "frames_per_s": (self._frame - first) / (now - start)})
        await self.context.finish("measured")

    async def _look(self) -> None:
        """Take frames as they come; control goes on with the last one."""
        while True:
            self._frame = await self.get_input("frame")
