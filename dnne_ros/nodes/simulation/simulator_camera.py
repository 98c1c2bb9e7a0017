"""Pictures of one environment's robot, drawn in a thread beside the graph."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

from dnne_ros.toolkit.throttle import Throttle
from dnne_ros.transport.image_codec import encode_image
from dnne_ros.transport.payload import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnne_ros.node_api.ros_topics import RosTopics
    from dnne_ros.sim.simulator import Simulator

TOPIC = "~/image_raw"
LARGEST = 4096
_FORM = re.compile(r"(\d{1,4})x(\d{1,4})(?:@(\d{1,3}(?:\.\d+)?))?")
_RATE = 10.0


class CameraFormat(NamedTuple):
    """Width and height in pixels, and pictures in a second."""

    width: int
    height: int
    rate: float


def parse_format(text: str) -> CameraFormat:
    """Return ``320x240@10`` (without a rate: 10 Hz); ValueError for anything else."""
    match = _FORM.fullmatch(text.strip())
    if match is not None:
        width, height, rate = int(match[1]), int(match[2]), float(match[3] or _RATE)
        if 1 <= width <= LARGEST and 1 <= height <= LARGEST and rate > 0:
            return CameraFormat(width, height, rate)
    raise ValueError(f"expected <width>x<height>@<rate>, such as 320x240@10, of at most "
                     f"{LARGEST} pixels each way, found {text!r:.40}")


class SimulatorCamera:
    """Draws when a picture is due and somebody looks; one that takes long skips the next ones."""

    def __init__(self, form: CameraFormat):
        """Make the drawing surface; InputError where nothing can be drawn without a screen."""
        from dnne_ros.sim.robot_view import DrawingSurface

        self._form = form
        self._due = Throttle(1.0 / form.rate)
        self._drawing: asyncio.Future[Any] | None = None
        # OpenGL belongs to the thread that it was set up in.
        self._thread = ThreadPoolExecutor(1, "camera")
        try:
            self._surface = self._thread.submit(
                DrawingSurface, form.width, form.height).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def start(self, simulator: Simulator, topics: RosTopics) -> None:
        """Take pictures of the robot in ``simulator``; InputError if it describes none."""
        self._simulator = simulator
        self._publisher = topics.advertise(TOPIC, "sensor_msgs/msg/Image")
        await self._in_thread(self._surface.load, simulator.spec)

    def publish(self, env: int, stamp_ns: int) -> None:
        """Begin a picture of environment ``env``; it is published when it is done."""
        if self._drawing is not None or not self._due() \
                or not self._publisher.get_subscription_count():
            return
        positions, _ = self._simulator.joint_state(env)
        self._drawing = self._in_thread(self._surface.draw, positions)
        self._drawing.add_done_callback(lambda drawing: self._drawn(drawing, stamp_ns))

    async def close(self) -> None:
        """Wait for the last picture and put the drawing surface away."""
        if self._drawing is not None:
            await asyncio.gather(self._drawing, return_exceptions=True)
        await self._in_thread(self._surface.close)
        self._thread.shutdown()

    def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _drawn(self, drawing: asyncio.Future[Any], stamp_ns: int) -> None:
        self._drawing = None
        if not drawing.cancelled():
            self._publisher.publish(encode_image(Array(drawing.result()), stamp_ns))
