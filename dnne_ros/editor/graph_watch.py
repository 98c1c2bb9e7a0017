"""What a running graph shows on its nodes: texts, and pictures of what they see.

It listens only while a graph of ours runs, as each listener costs its sender.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from dnne_ros.editor.drawn_graph import DrawnGraph
from dnne_ros.node_api.port_types import Image, String
from dnne_ros.web.feed.images import IMAGE_TYPES, Images

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop

_IMAGE = "sensor_msgs/msg/Image"
_LONGEST_TEXT = 2_000

OnText = Callable[[str, str], None]
OnPicture = Callable[[str, str, bytes], None]


class GraphWatch:
    """A hidden ROS node that listens to one graph at a time."""

    def __init__(self, context: Context, loop: RosEventLoop, on_text: OnText,
                 on_picture: OnPicture):
        """Join the ROS graph; texts and pictures come with the node of the drawing."""
        import rclpy

        self._loop = loop
        self._node = rclpy.create_node(
            f"_dnne_ros_edit_{os.getpid()}", context=context, enable_rosout=False,
            start_parameter_services=False)
        loop.executor.add_node(self._node)
        self._on_text = on_text
        self._on_picture = on_picture
        self._images = Images(self._node, self._tell)
        self._shown: dict[str, int] = {}
        self._places: dict[str, str] = {}
        self._texts: list[Any] = []

    def watch(self, drawn: DrawnGraph) -> None:
        """Listen to a graph, and to no other any more."""
        from rclpy.qos import QoSProfile, ReliabilityPolicy
        from std_msgs.msg import String as StringMessage

        self.rest()
        newest = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
        for node, topic, is_picture in shown_topics(drawn):
            if is_picture:
                self._places[topic] = node
            else:
                self._texts.append(self._node.create_subscription(
                    StringMessage, topic, self._text_of(node), newest))
        self._images.watch(self._places, dict.fromkeys(self._places, _IMAGE))

    def rest(self) -> None:
        """Listen to nothing."""
        for subscription in self._texts:
            self._node.destroy_subscription(subscription)
        self._texts.clear()
        self._places.clear()
        self._shown.clear()
        self._images.close()

    def close(self) -> None:
        """Leave the ROS graph."""
        self.rest()
        self._loop.executor.remove_node(self._node)
        self._node.destroy_node()

    def _text_of(self, node: str) -> Callable[[Any], None]:
        return lambda message: self._on_text(node, message.data[:_LONGEST_TEXT])

    def _tell(self) -> None:
        for topic, picture in self._images.latest.items():
            if self._shown.get(topic) != picture.number and topic in self._places:
                self._shown[topic] = picture.number
                if not picture.error:
                    self._on_picture(self._places[topic], picture.type, picture.data)


def shown_topics(drawn: DrawnGraph) -> Iterator[tuple[str, str, bool]]:
    """Yield node of the drawing and topic of each text and, if True, picture of a graph."""
    for id, node in drawn.graph.nodes.items():
        shown = drawn.shown_at[id]
        for port in node.type.outputs.values():
            if isinstance(port.type, (Image, String)):
                yield shown, drawn.full_name(node, f"~/{port.name}"), isinstance(port.type, Image)
        for use in node.type.ros_topics(node.values):
            if use.publishes and use.type in IMAGE_TYPES:
                yield shown, drawn.full_name(node, use.name), True
