import asyncio

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.ros.ros_publisher import RosPublisherNode


@pytest.fixture
def publish(drive):
    """Return what is published of some values."""
    def call(*inputs, stamps=(), **values):
        linked = ["value", "stamp"] if stamps else ["value"]

        async def script(context):
            context.feed("value", *inputs)
            for stamp in stamps:
                context.feed("stamp", stamp)
            while context.waiting("value") or not context.topics.published:
                await asyncio.sleep(0)

        return drive(RosPublisherNode(values), script, linked=linked).topics
    return call


def test_numbers_of_any_shape(publish):
    topics = publish(torch.tensor([[1.5, 2.5]]), qos="sensor_data", topic="/effort")
    message, = topics.published
    assert list(message.data) == [1.5, 2.5]
    assert topics.advertised == [
        ("/effort", "std_msgs/msg/Float64MultiArray", "sensor_data")]


def test_joint_states_with_names_frame_and_time(publish):
    message, = publish(
        torch.tensor([1.0, 2.0, 3.0, 4.0]), message_type="sensor_msgs/msg/JointState",
        field="position,velocity", order="elements", names="a, b", frame_id="base").published
    assert message.name == ["a", "b"] and message.header.frame_id == "base"
    assert list(message.position) == [1.0, 3.0] and list(message.velocity) == [2.0, 4.0]
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (5, 0)


@pytest.mark.parametrize("stamp, expected", [(7_000_000_001, (7, 1)), (2.5, (2, 500_000_000))])
def test_a_stamp_that_comes_with_the_data(publish, stamp, expected):
    message, = publish(torch.zeros(3), stamps=[stamp], stamp_from="data", field="angular_velocity",
                       message_type="sensor_msgs/msg/Imu").published
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == expected


@pytest.mark.parametrize("value, values, expected", [
    (2.5, {"message_type": "std_msgs/msg/Float64"}, "data=2.5"),
    (True, {"message_type": "std_msgs/msg/Bool"}, "data=True"),
    ("hello", {"message_type": "std_msgs/msg/String"}, "data='hello'"),
    ({"linear": {"x": 1.0}}, {"message_type": "geometry_msgs/Twist", "field": ""}, "x=1.0"),
    (torch.tensor([1.0, 2.0]), {"message_type": "geometry_msgs/Twist",
                                "field": "linear.x,angular.z"}, "z=2.0"),
    (torch.zeros(2, 3, 3, dtype=torch.uint8), {"message_type": "sensor_msgs/msg/Image",
                                               "field": ""}, "encoding='rgb8'"),
    (torch.zeros(1, 1), {"message_type": "sensor_msgs/msg/Image", "field": "",
                         "stamp_from": "none"}, "encoding='32FC1'"),
])
def test_values_of_every_kind(publish, value, values, expected):
    message, = publish(value, **values).published
    assert expected in str(message)


def test_what_comes_too_soon_is_left_out(publish):
    topics = publish(*[torch.tensor([float(i)]) for i in range(50)], rate=0.1)
    assert [list(message.data) for message in topics.published] == [[0.0]]


def test_a_value_that_does_not_fit_ends_the_run(publish):
    with pytest.raises(ValueError, match="expected 6 numbers for geometry_msgs/msg/Twist"):
        publish(torch.zeros(1), message_type="geometry_msgs/msg/Twist", field="")


@pytest.mark.parametrize("values, expected", [
    ({"topic": ""}, "widget 'topic': expected a ROS name"),
    ({"message_type": "std_msgs/msg/Floats"}, "is not installed"),
    ({"field": "values"}, "has no 'values'"),
    ({"frame_id": "base"}, "has no header"),
    ({"stamp_from": "data"}, "has no header"),
    ({"names": "a"}, "does not name its elements"),
])
def test_settings_that_cannot_be(values, expected):
    problem, = RosPublisherNode.validate_parameters(RosPublisherNode(values).values)
    assert expected in problem


def test_stamps_need_a_link(publish):
    with pytest.raises(InputError, match="expected a link with stamp_from=data and only then"):
        publish(torch.zeros(4), message_type="sensor_msgs/msg/Imu", field="orientation",
                stamp_from="data")
