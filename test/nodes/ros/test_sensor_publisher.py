import numpy as np
import pytest
import torch
from geometry_msgs.msg import Vector3

from dnne_ros.errors import InputError
from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.table import CONVERTERS
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.nodes.ros.sensor_publisher import SensorPublisherNode


@pytest.fixture
def publish(drive):
    """Publish rounds of values, by input; return the messages."""
    def call(*rounds, **values):
        async def script(context):
            for each in rounds:
                for name, value in each.items():
                    context.feed(name, value)
            await context.idle()

        node_type = type_with_ports(SensorPublisherNode, SensorPublisherNode(values).values)
        context = drive(node_type(values), script, linked=list(rounds[0]), outputs=[])
        return context.topics.publishers[values.get("topic", "~/output")].messages
    return call


def test_a_velocity(publish):
    first, second = publish(
        {"linear": torch.tensor([[1.0, 0, 0]]), "angular": torch.tensor([0, 0, 0.5])},
        {"linear": torch.tensor([[2.0, 0, 0]]), "angular": torch.tensor([0, 0, 0.25])},
        message_type="geometry_msgs/msg/TwistStamped", frame_id="base")
    assert first.twist.linear == Vector3(x=1.0) and first.twist.angular == Vector3(z=0.5)
    assert (second.twist.linear.x, second.header.frame_id) == (2.0, "base")
    assert first.header.stamp.sec > 0


def test_a_scan_with_fields_that_are_always_the_same(publish):
    scan, = publish({"ranges": torch.tensor([[1.0, 2.0, 3.0]]), "stamp": 5_000_000_001},
                    message_type="sensor_msgs/msg/LaserScan", stamp_from="data",
                    fixed="{angle_min: -1.0, angle_max: 1.0, range_max: 9.0}")
    assert list(scan.ranges) == [1, 2, 3] and scan.range_max == 9.0
    assert scan.angle_increment == 1.0
    assert (scan.header.stamp.sec, scan.header.stamp.nanosec) == (5, 1)


@pytest.mark.parametrize("shape, size", [((5, 4), (1, 5)), ((1, 5, 4), (1, 5)),
                                         ((2, 5, 4), (2, 5)), ((1, 2, 5, 4), (2, 5))])
def test_points(publish, shape, size):
    points = torch.arange(float(np.prod(shape))).reshape(shape)
    cloud, = publish({"points": points}, message_type="sensor_msgs/msg/PointCloud2",
                     fields="x,y,z,intensity")
    assert (cloud.height, cloud.width) == size
    assert [field.name for field in cloud.fields] == ["x", "y", "z", "intensity"]
    read = CONVERTERS["sensor_msgs/msg/PointCloud2"].reader(Options(fields=()), ["points"])
    assert read(cloud)["points"].ravel().tolist() == points.ravel().tolist()


def test_a_compressed_picture(publish):
    picture = torch.zeros(1, 4, 6, 3, dtype=torch.uint8)
    message, = publish({"image": picture}, message_type="sensor_msgs/msg/CompressedImage",
                       format="png")
    read = CONVERTERS["sensor_msgs/msg/CompressedImage"].reader(Options(), ["image"])
    assert read(message)["image"].shape == (4, 6, 3) and message.format == "png"


def test_a_value_that_does_not_fit_ends_the_run(publish):
    with pytest.raises(ValueError, match="linear: expected 3 numbers for linear, found 2"):
        publish({"linear": torch.zeros(2)}, message_type="geometry_msgs/msg/Twist")


@pytest.mark.parametrize("inputs, values, expected", [
    (["colors"], {"message_type": "sensor_msgs/msg/PointCloud2"},
     "points: expected a link for sensor_msgs/msg/PointCloud2, found none"),
    (["linear"], {"message_type": "geometry_msgs/msg/TwistStamped", "stamp_from": "data"},
     "stamp: expected a link with stamp_from=data and only then, found stamp_from=data"),
])
def test_links_that_are_missing(publish, inputs, values, expected):
    with pytest.raises(InputError, match=expected):
        publish(dict.fromkeys(inputs), **values)


@pytest.mark.parametrize("values, expected", [
    ({"message_type": "geometry_msgs/msg/Twist", "frame_id": "base"}, "has no header"),
    ({"message_type": "geometry_msgs/msg/Twist", "stamp_from": "data"}, "has no stamp"),
    ({"message_type": "sensor_msgs/msg/Joy", "fixed": "{knobs: 1}"}, "has no field 'knobs'"),
    ({"message_type": "sensor_msgs/msg/PointCloud2", "fields": " "}, "found none"),
])
def test_what_makes_no_sense_is_said_before_the_run(values, expected):
    node = SensorPublisherNode(values)
    assert expected in node.validate_parameters(node.values)[0]
