"""What a running graph shows of itself on its topics: figures, texts and pictures.

It listens only while a graph of ours runs: a graph that nobody listens to does not even count.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dnne_ros.editor.drawn_graph import DrawnGraph
from dnne_ros.node_api.port_types import Image, String
from dnne_ros.top.state import GraphState, TopState
from dnne_ros.transport.image_codec import decode_image

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop

_IMAGE, _STRING = "sensor_msgs/msg/Image", "std_msgs/msg/String"
_PICTURE_SECONDS = 0.1
_LARGEST_SIDE = 480
_LONGEST_TEXT = 2_000
_DEPTH = 100

OnText = Callable[[str, str], None]
OnPicture = Callable[[str, bytes], None]


class GraphWatch:
    """A hidden ROS node that listens to one graph at a time."""

    def __init__(self, context: Context, loop: RosEventLoop, on_text: OnText,
                 on_picture: OnPicture):
        """Join the ROS graph; texts and pictures come with the node of the drawing."""
        import rclpy

        self._node = rclpy.create_node(
            f"_dnne_ros_edit_{os.getpid()}", context=context, enable_rosout=False,
            start_parameter_services=False)
        loop.executor.add_node(self._node)
        self._on_text = on_text
        self._on_picture = on_picture
        self._subscriptions: list[Any] = []
        self._state = TopState()
        self._shown: dict[str, float] = {}

    @property
    def node(self) -> Any:
        """Return the node, for those who set parameters."""
        return self._node

    def figures(self, namespace: str) -> GraphState | None:
        """Return what was heard of a graph."""
        return self._state.graphs.get(namespace)

    def watch(self, drawn: DrawnGraph, namespace: str) -> None:
        """Listen to a graph, and to no other any more."""
        from diagnostic_msgs.msg import DiagnosticArray
        from sensor_msgs.msg import Image as ImageMessage
        from std_msgs.msg import String as StringMessage

        from dnne_ros.runtime.monitoring.diagnostics import TOPIC

        self.rest()
        self._listen(DiagnosticArray, TOPIC,
                     lambda array: self._state.note(array, time.monotonic()), _DEPTH)
        for node, topic, kind in _shown_topics(drawn, namespace):
            if kind == _IMAGE:
                self._listen(ImageMessage, topic, self._picture_of(node, topic), 1, raw=True)
            else:
                self._listen(StringMessage, topic, self._text_of(node), 1)

    def rest(self) -> None:
        """Listen to nothing, and forget what was heard."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions.clear()
        self._state = TopState()
        self._shown.clear()

    def close(self) -> None:
        """Leave the ROS graph."""
        self.rest()
        self._node.destroy_node()

    def _listen(self, kind: type, topic: str, on_message: Callable[[Any], None], depth: int,
                raw: bool = False) -> None:
        from rclpy.qos import QoSProfile, ReliabilityPolicy

        profile = QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._subscriptions.append(self._node.create_subscription(
            kind, topic, on_message, profile, raw=raw))

    def _text_of(self, node: str) -> Callable[[Any], None]:
        return lambda message: self._on_text(node, message.data[:_LONGEST_TEXT])

    def _picture_of(self, node: str, topic: str) -> Callable[[bytes], None]:
        def show(message: bytes) -> None:
            now = time.monotonic()
            if now - self._shown.get(topic, 0.0) >= _PICTURE_SECONDS:
                self._shown[topic] = now
                picture = _small_picture(message)
                if picture is not None:
                    self._on_picture(node, picture)
        return show


def _shown_topics(drawn: DrawnGraph, namespace: str) -> Iterator[tuple[str, str, str]]:
    """Yield node of the drawing, topic and type of all texts and pictures of a graph."""
    for id, node in drawn.graph.nodes.items():
        shown, place = drawn.shown_at[id], f"{namespace}/{node.ros_name}"
        for port in node.type.outputs.values():
            if isinstance(port.type, (Image, String)):
                yield shown, f"{place}/{port.name}", _IMAGE if isinstance(
                    port.type, Image) else _STRING
        for use in node.type.ros_topics(node.values):
            if use.publishes and use.type == _IMAGE and use.name.startswith("~/"):
                yield shown, f"{place}/{use.name[2:]}", _IMAGE


def _small_picture(message: bytes) -> bytes | None:
    """Return a JPEG of an Image, no larger than a node; None for what cannot be shown."""
    import numpy as np
    from PIL import Image as Picture

    try:
        pixels = np.asarray(decode_image(message).data)
    except (ValueError, TypeError):
        return None
    if pixels.dtype != np.uint8:
        low, high = float(np.nanmin(pixels)), float(np.nanmax(pixels))
        pixels = (255 * (np.nan_to_num(pixels) - low) / ((high - low) or 1.0)).astype(np.uint8)
    if pixels.ndim == 3 and pixels.shape[2] != 3:
        pixels = pixels[:, :, 0] if pixels.shape[2] < 3 else pixels[:, :, :3]
    picture = Picture.fromarray(pixels)
    picture.thumbnail((_LARGEST_SIDE, _LARGEST_SIDE))
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=85)
    return data.getvalue()
