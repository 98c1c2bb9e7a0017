"""Pictures of a camera, real or made up."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.arrays import as_tensor
from dnne_ros.errors import InputError
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float, Image
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.toolkit.device_reader import DeviceReader
from dnne_ros.toolkit.rate import Rate

if TYPE_CHECKING:
    import numpy as np

_SIZE = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})")


class CameraSensorNode(Node):
    """Give the pictures of a camera through OpenCV, or made-up ones: a square on a gradient.

    A real camera is read in a thread of its own.  Pictures of another size than ``resolution``
    are scaled to it.
    """

    category = "sensors"
    without_torch = True

    image = Output(Image(), "uint8 (height, width, 3), RGB.")
    timestamp = Output(Float(), "When it was taken, s on the node's clock.")
    resolution = Widget("640x480", "WIDTHxHEIGHT.", unit="pixels")
    fps = Widget(30.0, "Pictures in a second; a real camera may give fewer.", minimum=0.01,
                 maximum=1000.0, unit="Hz", live=True)
    use_real_camera = Widget(False, "Open a camera instead of making pictures up.")
    camera_index = Widget(0, "Which camera.", minimum=0, maximum=63)
    noise = Widget(0.02, "Of made-up pictures: standard deviation, as a share of full scale.",
                   minimum=0.0, maximum=1.0)
    device = Widget("", "Instead of ``camera_index``: a device, a video file or a URL.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the size."""
        if _SIZE.fullmatch(values["resolution"]):
            return []
        return [f"widget 'resolution': expected WIDTHxHEIGHT such as 640x480, found "
                f"{values['resolution']!r:.40}"]

    def setup(self) -> None:
        """Choose between the camera and the made-up pictures."""
        match = _SIZE.fullmatch(self.resolution)
        if match is None:
            raise InputError("parameters", self.validate_parameters(self.values))
        self._width, self._height = int(match[1]), int(match[2])
        self._reader = DeviceReader(self, self._open) if self.use_real_camera else None
        if self._reader is not None:
            _import_cv2()

    async def process(self) -> None:
        """Give pictures at the rate."""
        pace = Rate(lambda: 1.0 / self.fps, self.context.clock)
        made_up = self._make_up()
        while True:
            await pace.wait()
            picture = next(made_up) if self._reader is None else await self._reader.read()
            await self.send_output(self.context.topics.now_ns() * 1e-9, "timestamp")
            await self.send_output(as_tensor(picture), "image")

    async def close(self) -> None:
        """Give the camera back."""
        if self._reader is not None:
            await self._reader.close()

    def _open(self) -> _Camera:
        return _Camera(self.device or self.camera_index, self._width, self._height, self.fps)

    def _make_up(self) -> Any:
        import numpy as np

        from dnne_ros.node_api.seeding import node_seed

        draw = np.random.default_rng(node_seed(self.context.seed, self.context.node_id))
        height, width = self._height, self._width
        scene = np.empty((height, width, 3), np.float32)
        scene[..., 0] = np.linspace(0, 255, width)
        scene[..., 1] = np.linspace(0, 255, height)[:, None]
        scene[..., 2] = 64
        side = max(1, min(height, width) // 4)
        step = 0
        while True:
            picture = scene.copy()
            left = (4 * step) % max(1, width - side)
            top = (height - side) // 2
            picture[top:top + side, left:left + side] = 255
            if self.noise:
                picture += draw.standard_normal(picture.shape, np.float32) * (255 * self.noise)
            yield np.clip(picture, 0, 255).astype(np.uint8)
            step += 1


class _Camera:
    """A `dnne_ros.toolkit.device_reader.Device`: OpenCV's capture."""

    def __init__(self, source: int | str, width: int, height: int, fps: float):
        cv2 = _import_cv2()
        self._name = f"camera {source}"
        self._size = (width, height)
        self._capture = cv2.VideoCapture(source)
        if not self._capture.isOpened():
            devices = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "none"
            raise OSError(f"{self._name} cannot be opened; video devices here: {devices}")
        for name, value in ((cv2.CAP_PROP_FRAME_WIDTH, width), (cv2.CAP_PROP_FPS, fps),
                            (cv2.CAP_PROP_FRAME_HEIGHT, height), (cv2.CAP_PROP_BUFFERSIZE, 1)):
            self._capture.set(name, value)

    def read(self) -> np.ndarray:
        cv2 = _import_cv2()
        good, picture = self._capture.read()
        if not good:
            raise OSError(f"{self._name} gives no pictures any more")
        if picture.shape[1::-1] != self._size:
            picture = cv2.resize(picture, self._size, interpolation=cv2.INTER_AREA)
        rgb: np.ndarray = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return rgb

    def close(self) -> None:
        self._capture.release()


def _import_cv2() -> Any:
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # what it warns of is said here
    try:
        import cv2
    except ImportError:
        raise InputError("use_real_camera", [
            "OpenCV is not installed: pip install dnne_ros[camera], or apt install "
            "python3-opencv"]) from None
    return cv2
