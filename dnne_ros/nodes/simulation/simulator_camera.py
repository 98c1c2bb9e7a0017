"""Pictures of one environment's robot, drawn in a process beside the graph."""

from __future__ import annotations

import asyncio
import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from dnne_ros.errors import DnneError
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.toolkit.back_off import pause
from dnne_ros.toolkit.throttle import Throttle
from dnne_ros.transport.image_codec import encode_image
from dnne_ros.transport.payload import Array

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from dnne_ros.node_api.context import NodeContext
    from dnne_ros.sim.drawing_process import DrawingProcess
    from dnne_ros.sim.simulator import Simulator

TOPIC, TYPE = "~/image_raw", "sensor_msgs/msg/Image"
LARGEST = 4096
_FORM = re.compile(r"(\d{1,4})x(\d{1,4})(?:@(\d{1,3}(?:\.\d+)?))?")
_RATE = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


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


class Drawn(Protocol):
    """What is drawn: some environments, one at a time."""

    def load_into(self, process: DrawingProcess) -> None:
        """Let a process take it up; `InputError` if there is no description of it."""
        ...

    def positions(self, env: int) -> Sequence[float]:
        """Return where environment ``env`` is: what the process is given to draw it."""
        ...


class DrawnEnvironments:
    """The robots of a simulator."""

    def __init__(self, simulator: Simulator):
        """Draw the environments of ``simulator``."""
        self._simulator = simulator

    def load_into(self, process: DrawingProcess) -> None:
        """Let a process take the task's robot up."""
        process.load(self._simulator.spec)

    def positions(self, env: int) -> Sequence[float]:
        """Return where the joints are."""
        return self._simulator.joint_state(env)[0]


class SimulatorCamera:
    """Takes a picture when one is due and somebody looks; while it is drawn, others are skipped.

    Who watches holds nothing up: if drawing fails, that is said, and it is tried anew with the
    next picture, after pauses that grow.
    """

    def __init__(self, form: CameraFormat):
        """Start the drawing process; InputError where nothing can be drawn without a screen."""
        self._form = form
        self._due = Throttle(1.0 / form.rate)
        self._drawing: asyncio.Future[Any] | None = None
        self._failures = 0
        self._again_at = 0.0
        # The drawing process ends with the thread that started it.
        self._thread = ThreadPoolExecutor(1, "camera")
        self._process: DrawingProcess | None = None
        try:
            self._process = self._thread.submit(self._start).result()
        except BaseException:
            self._thread.shutdown()
            raise

    async def start(self, drawn: Drawn, context: NodeContext) -> None:
        """Take pictures of what is ``drawn``; InputError if there is no description of it."""
        self._drawn_robot = drawn
        self._publisher = context.topics.advertise(TOPIC, TYPE)
        self._trouble = HealthReporter(context)
        await self._in_thread(self._load)

    def publish(self, env: int, stamp_ns: int) -> None:
        """Begin a picture of environment ``env``; it is published when it is done."""
        if self._drawing is not None or not self._due() \
                or not self._publisher.get_subscription_count() \
                or time.monotonic() < self._again_at:
            return
        self._drawing = self._in_thread(self._draw, self._drawn_robot.positions(env))
        self._drawing.add_done_callback(lambda drawing: self._drawn(drawing, stamp_ns))

    async def close(self) -> None:
        """Wait for the last picture and end the drawing process."""
        if self._drawing is not None:
            await asyncio.gather(self._drawing, return_exceptions=True)
        await self._in_thread(self._end)
        self._thread.shutdown()

    def _in_thread(self, call: Callable[..., Any], *arguments: Any) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    def _start(self) -> DrawingProcess:
        from dnne_ros.sim.drawing_process import DrawingProcess

        return DrawingProcess(self._form.width, self._form.height)

    def _load(self) -> DrawingProcess:
        """Give the robot to the process and return that; one that was lost is started again."""
        if self._process is None:
            self._process = self._start()
        self._drawn_robot.load_into(self._process)
        return self._process

    def _draw(self, positions: Sequence[float]) -> np.ndarray:
        try:
            return (self._process or self._load()).draw(positions)
        except DnneError:
            self._end()
            raise

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
            self._process = None

    def _drawn(self, drawing: asyncio.Future[Any], stamp_ns: int) -> None:
        self._drawing = None
        if drawing.cancelled():
            return
        error = drawing.exception()
        if isinstance(error, DnneError):
            self._failures += 1
            wait = pause("exponential", self._failures, _FIRST_PAUSE, _LONGEST_PAUSE)
            self._again_at = time.monotonic() + wait
            self._trouble.note("camera", f"there is no picture, the next try is in {wait:g} s: "
                                         f"{error}")
            return
        self._publisher.publish(encode_image(Array(drawing.result()), stamp_ns))
        self._failures = 0
        self._trouble.clear("there are pictures again")
