"""The nodes of two graphs of ``dnne-ros bench place``: slow vision, and slow calls."""

from __future__ import annotations

import asyncio
import time

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.transport.policy import EdgePolicy

_PICTURE = (240, 320, 3)
_FRAME_SECONDS, _INERTIA_SECONDS = 1.0 / 30.0, 1.0 / 500.0


async def _next(due: float, period: float) -> float:
    """Wait for the next turn, and return when it was due; turns that are over are left out."""
    due += period * max(1, round((time.monotonic() - due) / period))
    await asyncio.sleep(max(0.0, due - time.monotonic()))
    return due


class PictureSourceNode(Node):
    """Send pictures at 30 Hz, as a camera's driver would."""

    picture = Output(Tensor(), "A picture, uint8, 240 × 320 × 3.")

    async def process(self) -> None:
        """Send one after the other."""
        import torch

        picture = torch.zeros(_PICTURE, dtype=torch.uint8)
        due = time.monotonic()
        while True:
            await self.send_output(picture, "picture")
            due = await _next(due, _FRAME_SECONDS)


class RateSourceNode(Node):
    """Send seconds at 500 Hz, as an inertial sensor's driver would."""

    out = Output(Float(), "When it was due, s.")

    async def process(self) -> None:
        """Send one after the other."""
        due = time.monotonic()
        while True:
            await self.send_output(due, "out")
            due = await _next(due, _INERTIA_SECONDS)


class SlowVisionNode(Node):
    """Look at a picture for 25 ms, and compute all that time."""

    picture = Input(Tensor(), "A picture.", policy=EdgePolicy.LATEST)
    out = Output(Float(), "What was seen.")

    def compute(self, picture: object) -> dict[str, float]:
        """Compute."""
        end = time.thread_time() + 0.025
        seen = 0.0
        while time.thread_time() < end:
            seen += 1.0
        return {"out": seen}


class SteeringNode(Node):
    """Answer what comes in with what was seen last."""

    number = Input(Float(), "The sensor's.")
    seen = Input(Float(), "Vision's.", policy=EdgePolicy.LATEST)
    out = Output(Float(), "Both.")

    async def process(self) -> None:
        """Take what was seen as it comes, and answer each number."""
        self._seen = 0.0
        looking = asyncio.get_running_loop().create_task(self._look())
        try:
            while True:
                await self.send_output(await self.get_input("number") + self._seen, "out")
        finally:
            looking.cancel()

    async def _look(self) -> None:
        while True:
            self._seen = await self.get_input("seen")


class AskingNode(Node):
    """Ask as often as there is room."""

    out = Output(Float(), "A question.")

    async def process(self) -> None:
        """Ask again and again."""
        while True:
            await self.send_output(1.0, "out")


class SlowCallNode(Node):
    """Answer after a call that takes 5 ms and blocks, as a device's or a server's may."""

    number = Input(Float(), "A question.")
    out = Output(Float(), "The answer.")

    def compute(self, number: float) -> dict[str, float]:
        """Call."""
        time.sleep(0.005)
        return {"out": number + 1.0}


class AllAnswersNode(Node):
    """Take four answers to each question."""

    first = Input(Float(), "An answer.")
    second = Input(Float(), "An answer.")
    third = Input(Float(), "An answer.")
    fourth = Input(Float(), "An answer.")

    def compute(self, first: float, second: float, third: float, fourth: float) -> None:
        """Take them."""
