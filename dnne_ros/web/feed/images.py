"""Pictures of topics, as browsers show them, while somebody looks at them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dnne_ros.errors import printable
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.pictures import read_picture

if TYPE_CHECKING:
    from rclpy.node import Node

IMAGE_TYPES = ("sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage")
_BETWEEN_SECONDS = 0.1
"""Between two pictures of a topic: what comes sooner is not looked at."""
_MOST_BYTES = 8 * 2**20
_LARGEST_SIDE = 640
_MAGIC: Mapping[bytes, str] = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n": "image/png"}


class Picture(NamedTuple):
    """The latest picture of a topic; ``error`` says why there is none."""

    number: int
    type: str
    data: bytes
    error: str = ""


class Images:
    """Subscribes to those topics that are watched, and to no others."""

    def __init__(self, node: Node, on_news: Callable[[], None]):
        """Listen as ``node``; ``on_news`` is called when there is a picture."""
        self._node = node
        self._on_news = on_news
        self._subscriptions: dict[str, Any] = {}
        self._next: dict[str, float] = {}
        self._count = 0
        self.latest: dict[str, Picture] = {}

    def watch(self, wanted: Collection[str], types: Mapping[str, str]) -> None:
        """Listen to the ``wanted`` of the topics whose ``types`` are given, and leave the rest."""
        for topic in self._subscriptions.keys() - set(wanted):
            self._node.destroy_subscription(self._subscriptions.pop(topic))
            self.latest.pop(topic, None)
            self._next.pop(topic, None)
        for topic in set(wanted) - self._subscriptions.keys():
            if types.get(topic) in IMAGE_TYPES:
                self._subscriptions[topic] = self._subscribe(topic, types[topic])

    def _subscribe(self, topic: str, type: str) -> Any:
        from rclpy.qos import QoSProfile, ReliabilityPolicy

        # What is late is of no use, and a publisher need not wait for a browser.
        qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        return self._node.create_subscription(
            message_class(type), topic, lambda message: self._take(topic, message), qos)

    def _take(self, topic: str, message: Any) -> None:
        now = time.monotonic()
        if now < self._next.get(topic, 0.0):
            return
        self._next[topic] = now + _BETWEEN_SECONDS
        self._count += 1
        try:
            found = Picture(self._count, *_for_browsers(message))
        except ValueError as error:
            found = Picture(self._count, "", b"", printable(str(error)))
        self.latest[topic] = found
        self._on_news()

    def close(self) -> None:
        """Listen to nothing any more."""
        self.watch((), {})


def _for_browsers(message: Any) -> tuple[str, bytes]:
    """Return the type and the bytes of a picture; ValueError where there is none in it."""
    if hasattr(message, "format"):
        data = bytes(message.data)
        kind = next((kind for magic, kind in _MAGIC.items() if data.startswith(magic)), "")
        if not kind or len(data) > _MOST_BYTES:
            raise ValueError(f"expected a JPEG or PNG of at most {_MOST_BYTES} bytes, found "
                             f"{message.format!r:.40} of {len(data)}")
        return kind, data
    return "image/jpeg", _jpeg(_as_bytes(read_picture(message)))


def _as_bytes(picture: np.ndarray) -> np.ndarray:
    """Return a picture whose elements are bytes, small enough for a page."""
    step = max(1, -(-max(picture.shape[:2]) // _LARGEST_SIDE))
    picture = picture[::step, ::step]
    if picture.ndim == 3:
        if picture.shape[2] not in (1, 3, 4):
            picture = picture[:, :, :1]
        picture = picture[:, :, 0] if picture.shape[2] == 1 else picture[:, :, :3]
    if picture.dtype == np.uint8:
        return picture
    finite = np.where(np.isfinite(picture), picture, 0).astype(np.float64)
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 0.0)
    return ((finite - low) * (255 / (high - low or 1.0))).astype(np.uint8)


def _jpeg(pixels: np.ndarray) -> bytes:
    from PIL import Image

    if not pixels.size:
        raise ValueError("a picture without pixels")
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "JPEG", quality=80)
    return written.getvalue()
