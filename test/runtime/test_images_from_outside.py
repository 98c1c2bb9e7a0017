"""What cameras send, over DDS: the two ways into a graph give the same, right pixels."""

import asyncio

import numpy as np
import pytest
import torch
from sensor_msgs.msg import Image

from dnne_ros.messages.message_types import message_class
from dnne_ros.node_api import port_types
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.runtime.edges.input_port import ExternalInput
from dnne_ros.runtime.node.ros_topics import HostTopics
from dnne_ros.testing import InMemoryContext
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.external_reader import ExternalReader
from dnne_ros.transport.policy import EdgePolicy

# Element type and channels of each encoding as sensor_msgs/image_encodings.hpp defines it, and
# where red, green, blue and alpha are.
ENCODINGS = {
    "rgb8": ("uint8", 3, [0, 1, 2]), "bgr8": ("uint8", 3, [2, 1, 0]),
    "rgba8": ("uint8", 4, [0, 1, 2, 3]), "bgra8": ("uint8", 4, [2, 1, 0, 3]),
    "rgb16": ("uint16", 3, [0, 1, 2]), "bgr16": ("uint16", 3, [2, 1, 0]),
    "mono8": ("uint8", 1, None), "mono16": ("uint16", 1, None),
    "8UC3": ("uint8", 3, [0, 1, 2]), "16UC1": ("uint16", 1, None),
    "16UC3": ("uint16", 3, [0, 1, 2]), "32FC1": ("float32", 1, None),
}
HEIGHT, WIDTH, PADDING = 3, 5, 7


def sent(encoding, big_endian, padding):
    """Return an Image of changing pixels, its rows followed by bytes that are none."""
    dtype = ENCODINGS[encoding][0]
    order = ">" if big_endian else "<"
    stored = raw_pixels(encoding).astype(np.dtype(dtype).newbyteorder(order))
    rows = [row.tobytes() + b"\xee" * padding for row in stored]
    return Image(height=HEIGHT, width=WIDTH, encoding=encoding, is_bigendian=int(big_endian),
                 step=len(rows[0]), data=b"".join(rows))


def raw_pixels(encoding):
    dtype, channels, _ = ENCODINGS[encoding]
    values = np.arange(HEIGHT * WIDTH * channels).reshape(HEIGHT, WIDTH, channels)
    return (values * (257 if dtype == "uint16" else 1)).astype(dtype) / np.array(
        4 if dtype == "float32" else 1, dtype)


def expected(encoding):
    dtype, channels, colours = ENCODINGS[encoding]
    pixels = raw_pixels(encoding).astype(dtype)
    return pixels[..., 0] if channels == 1 else pixels[..., colours]


@pytest.fixture
def receivers(ros_loop):
    """Give an external IMAGE input, a RosSubscriber's context, and what both listen to."""
    type = port_types.Image()
    host = ros_loop.node("graph_host")
    reader = ExternalReader(host, "/camera", codec_for(type.wire), EdgePolicy.DROP_OLDEST, 100)
    external = ExternalInput(reader, codec_for(type.wire), type, host.get_logger())
    node = RosSubscriberNode({"topic": "/camera", "kind": "image", "keep": 100,
                              "message_type": "sensor_msgs/msg/Image"})
    context = node.context = InMemoryContext(node, [], outputs=["image"])
    context.topics = HostTopics(host)
    node.setup()
    publisher = ros_loop.node("camera").create_publisher(
        message_class("sensor_msgs/msg/Image"), "/camera", 10)
    return external, node, publisher


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_padding_and_byte_order(ros_loop, receivers, encoding):
    external, node, publisher = receivers
    variants = [(big, padding) for big in (False, True) for padding in (0, PADDING)]

    async def trip():
        subscriber = asyncio.ensure_future(node.process())
        await ros_loop.until(lambda: publisher.get_subscription_count() == 2)
        taken = []
        for count, variant in enumerate(variants, 1):
            publisher.publish(sent(encoding, *variant))
            taken.append(await external.get(None))
            await node.context.sends(2 * count)
        subscriber.cancel()
        return taken

    pixels = torch.from_numpy(expected(encoding).copy())
    pictures = ros_loop.run(trip()) + node.context.outputs("image")
    assert len(pictures) == 2 * len(variants)
    for picture in pictures:
        assert picture.dtype == pixels.dtype and torch.equal(picture, pixels)
