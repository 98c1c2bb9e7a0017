import sys

import numpy as np
import pytest
import torch
from geometry_msgs.msg import PoseStamped, Twist, Vector3
from sensor_msgs.msg import Image, Imu, LaserScan, PointCloud2, PointField
from std_msgs.msg import Header

from dnne_ros.errors import InputError
from dnne_ros.node_api.own_ports import type_with_ports
from dnne_ros.node_api.port_types import Image as ImagePort, String, Tensor
from dnne_ros.nodes.ros.sensor_subscriber import SensorSubscriberNode

XYZ = [PointField(name=name, offset=4 * place, datatype=7, count=1)
       for place, name in enumerate("xyz")]
SCAN = {"message_type": "sensor_msgs/msg/LaserScan"}


def sensor(**values):
    node_type = type_with_ports(SensorSubscriberNode, SensorSubscriberNode(values).values)
    return node_type(values)


@pytest.fixture
def hear(drive):
    """Let a sensor's messages be heard, until ``count`` of them have been given on."""
    def call(*messages, outputs, count=1, **values):
        async def script(context):
            context.topics.deliver(*messages)
            await context.sends((2 + len(outputs)) * count)

        return drive(sensor(**values), script, linked=[], outputs=outputs)
    return call


def header(frame, seconds):
    made = Header(frame_id=frame)
    made.stamp.sec = seconds
    return made


def test_outputs_follow_from_the_message_type():
    node = sensor(**SCAN)
    assert list(node.outputs) == ["stamp", "frame_id", "ranges", "intensities", "angles",
                                  "points", "limits"]
    assert isinstance(node.outputs["ranges"].type, Tensor)
    assert isinstance(sensor(message_type="sensor_msgs/msg/Image").outputs["image"].type,
                      ImagePort)
    model = sensor(message_type="sensor_msgs/msg/CameraInfo").outputs["model"]
    assert isinstance(model.type, String)


def test_a_scan(hear):
    scan = LaserScan(header=header("laser", 7), ranges=[1.0, float("inf")], range_max=9.0)
    context = hear(scan, outputs=["ranges", "limits"], invalid="limit", **SCAN)
    assert context.outputs("stamp") == [7_000_000_000]
    assert context.outputs("frame_id") == ["laser"]
    assert torch.equal(context.outputs("ranges")[0], torch.tensor([[1.0, 9.0]]))
    assert context.outputs("limits")[0].tolist() == [[0.0, 9.0]]
    assert not context.outputs("points"), "nobody takes them"
    assert context.topics.subscriptions == [
        ("/scan", "sensor_msgs/msg/LaserScan", "sensor_data")]


@pytest.mark.parametrize("values, expected", [
    ({}, torch.tensor([[1.0, 2.0, 3.0]])), ({"batch": False}, torch.tensor([1.0, 2.0, 3.0])),
    ({"dtype": "as_sent"}, torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64))])
def test_the_tensors_type_and_shape(hear, values, expected):
    imu = Imu(linear_acceleration=Vector3(x=1.0, y=2.0, z=3.0))
    found, = hear(imu, outputs=["linear_acceleration"], message_type="sensor_msgs/msg/Imu",
                  **values).outputs("linear_acceleration")
    assert torch.equal(found, expected) and found.dtype == expected.dtype


def test_a_picture_is_never_a_batch(hear):
    image = Image(height=1, width=2, step=2, encoding="mono8", data=bytes([3, 4]))
    picture, = hear(image, outputs=["image"],
                    message_type="sensor_msgs/msg/Image").outputs("image")
    assert picture.tolist() == [[3, 4]] and picture.dtype == torch.uint8


def test_a_message_without_a_header_has_the_time_of_its_arrival(hear):
    context = hear(Twist(linear=Vector3(x=0.5)), outputs=["linear"],
                   message_type="geometry_msgs/msg/Twist")
    assert context.outputs("linear")[0].tolist() == [[0.5, 0, 0]]
    assert context.outputs("frame_id") == [""]
    assert abs(context.outputs("stamp")[0] - context.topics.time_ns) < 60e9


def test_what_cannot_be_read_is_dropped_and_said(hear):
    broken = PointCloud2(height=1, width=3, point_step=12)
    empty = PointCloud2(height=1, point_step=12, fields=XYZ)
    context = hear(broken, empty, outputs=["points"], keep=2,
                   message_type="sensor_msgs/msg/PointCloud2", topic="/points")
    assert context.outputs("points")[0].shape == (1, 0, 3)
    assert context.log.lines[0] == ("warning", "dropped a message on /points: a cloud of 1×3 "
                                    "points of 12 bytes needs 36 bytes, found 0")
    assert context.health.values["dropped"] == 1


def test_points_are_torchs_whatever_their_bytes(hear):
    """torch takes no elements that are not their own size apart."""
    data = np.zeros((2, 22), np.uint8)
    data[:, :12] = np.arange(6, dtype="<f4").reshape(2, 3).view(np.uint8)
    cloud = PointCloud2(height=1, width=2, point_step=22, row_step=44, fields=XYZ,
                        data=data.tobytes())
    points, = hear(cloud, outputs=["points"],
                   message_type="sensor_msgs/msg/PointCloud2").outputs("points")
    assert points.tolist() == [[[0, 1, 2], [3, 4, 5]]]


def refusals(**values):
    node = SensorSubscriberNode(values)
    return node.validate_parameters(node.values)


@pytest.mark.parametrize("values, expected", [
    ({"topic": "/a scan"}, "widget 'topic': expected a ROS name"),
    ({"invalid": "limit", "message_type": "sensor_msgs/msg/PointCloud2"},
     "widget 'invalid': expected one of keep, zero, drop, refuse for sensor_msgs/msg/PointCloud2"),
    ({"fields": "x,,z"}, "widget 'fields': expected names with commas, found 'x,,z'"),
])
def test_what_makes_no_sense_is_said_before_the_run(values, expected):
    assert expected in refusals(**values)[0]


def test_pictures_without_opencv(drive, monkeypatch):
    async def nothing(context):
        pass

    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match="message type sensor_msgs/msg/CompressedImage: it needs "
                       "OpenCV, which is not installed"):
        drive(sensor(message_type="sensor_msgs/msg/CompressedImage"), nothing, linked=[],
              outputs=[])


def test_ports_that_the_graph_was_not_built_with(drive):
    async def nothing(context):
        pass

    node = sensor(**SCAN)
    node.values["message_type"] = "sensor_msgs/msg/Imu"
    with pytest.raises(InputError, match="expected a value with which its outputs are"):
        drive(node, nothing, linked=[], outputs=[])


QUARTER = (0.0, 0.0, 0.5**0.5, 0.5**0.5)
POSE = {"message_type": "geometry_msgs/msg/PoseStamped", "topic": "/pose", "frame": "map"}


def pose(frame, x):
    message = PoseStamped(header=header(frame, 3))
    message.pose.position.x = x
    return message


@pytest.fixture
def hear_in_map(drive):
    """Let poses be heard in the frame map, in which camera is known, until one is given."""
    def call(*messages, **values):
        async def script(context):
            context.frames.put("map", "camera", (10.0, 0.0, 0.0), QUARTER)
            context.topics.deliver(*messages)
            await context.sends(4)

        return drive(sensor(**POSE, keep=9, frame_wait=0.0, **values), script, linked=[],
                     outputs=["position", "orientation"])
    return call


def test_a_sensor_in_another_frame(hear_in_map):
    context = hear_in_map(pose("camera", 2.0))
    np.testing.assert_allclose(context.outputs("position")[0], [[10, 2, 0]], atol=1e-6)
    np.testing.assert_allclose(context.outputs("orientation")[0], [QUARTER], rtol=1e-6)
    assert context.outputs("frame_id") == ["map"]
    assert context.frames.asked == [("map", "camera", 3_000_000_000, 0.0)]


def test_what_is_in_that_frame_already_needs_no_transform(hear_in_map):
    context = hear_in_map(pose("map", 2.0))
    assert context.outputs("position")[0].tolist() == [[2, 0, 0]] and not context.frames.asked


@pytest.mark.parametrize("frame, expected", [
    ("nowhere", '"nowhere" passed to lookupTransform argument source_frame does not exist.'),
    ("", "the message names no frame")])
def test_a_message_without_a_transform_is_dropped(hear_in_map, frame, expected):
    context = hear_in_map(pose(frame, 1.0), pose("camera", 2.0))
    assert len(context.outputs("position")) == 1
    assert context.log.lines == [
        ("warning", f"dropped a message on /pose: {expected}"),
        ("info", "there are transforms into map again")]
    assert context.health.values["dropped"] == 1


@pytest.mark.parametrize("values, expected", [
    ({"message_type": "sensor_msgs/msg/Joy"}, "something is of a frame, found sensor_msgs/msg/J"),
    ({"message_type": "geometry_msgs/msg/Twist"}, "found geometry_msgs/msg/Twist"),
    ({"message_type": "sensor_msgs/msg/PointCloud2", "fields": "intensity,x,y,z"},
     "expected fields that begin with x,y,z, found 'intensity,x,y,z'"),
])
def test_frames_of_what_has_none(values, expected):
    assert expected in refusals(frame="map", **values)[0]
