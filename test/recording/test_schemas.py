"""Definitions of messages: other programs read by them what we write."""

import pytest

pytest.importorskip("mcap_ros2")
from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory
from rclpy.serialization import serialize_message

from dnne_ros.messages.message_types import message_class
from dnne_ros.recording.schemas import definition


def made(message_type):
    """A message with something in its fields."""
    message = message_class(message_type)()
    if message_type == "sensor_msgs/msg/JointState":
        message.name, message.position = ["a", "b"], [1.5, -2.0]
        message.header.stamp.sec, message.header.frame_id = 7, "base"
    elif message_type == "sensor_msgs/msg/Imu":
        message.orientation_covariance[8] = 0.25
        message.linear_acceleration.z = 9.81
    elif message_type == "std_msgs/msg/Float32MultiArray":
        from std_msgs.msg import MultiArrayDimension

        message.layout.dim = [MultiArrayDimension(label="env", size=2, stride=2)]
        message.data = [1.0, 2.0]
    elif message_type == "diagnostic_msgs/msg/DiagnosticArray":
        from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

        message.status = [DiagnosticStatus(level=b"\1", name="n",
                                           values=[KeyValue(key="k", value="v")])]
    return message


def plain(value):
    """Return a message as dictionaries and lists, whoever has decoded it."""
    if hasattr(value, "get_fields_and_field_types"):
        return {name: plain(getattr(value, name)) for name in value.get_fields_and_field_types()}
    if hasattr(value, "__slots__") and not isinstance(value, (str, bytes, int, float, bool)) \
            and not hasattr(value, "tolist"):
        return {name.lstrip("_"): plain(getattr(value, name)) for name in value.__slots__}
    if hasattr(value, "__dict__"):
        return {name: plain(each) for name, each in vars(value).items()}
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, bytes):
        return value[0] if len(value) == 1 else list(value)
    return value


@pytest.mark.parametrize("message_type", [
    "std_msgs/msg/Empty", "std_msgs/msg/Bool", "std_msgs/msg/String",
    "std_msgs/msg/Float32MultiArray", "std_msgs/msg/Int64MultiArray",
    "sensor_msgs/msg/JointState", "sensor_msgs/msg/Imu", "sensor_msgs/msg/Image",
    "geometry_msgs/msg/Twist", "diagnostic_msgs/msg/DiagnosticArray"])
def test_others_read_messages_by_their_definitions(message_type):
    message = made(message_type)
    schema = Schema(1, definition(message_type).encode(), "ros2msg", message_type)
    decode = DecoderFactory().decoder_for("cdr", schema)
    found = plain(decode(serialize_message(message)))
    expected = plain(message)
    if message_type == "std_msgs/msg/Empty":
        return  # its filler is nobody's field
    assert found == expected


def test_bounds_and_sizes_are_written():
    pytest.importorskip("test_msgs")
    text = definition("test_msgs/msg/BoundedSequences")
    assert "bool[<=3] bool_values" in text
    assert "byte[<=3] byte_values" in text
    assert "float64[<=3] float64_values" in text
    assert "test_msgs/BasicTypes[<=3] basic_types_values" in text
    assert text.count("MSG: test_msgs/BasicTypes") == 1
    assert "float32[3] float32_values" in definition("test_msgs/msg/Arrays")


def test_a_message_that_is_not_installed_is_named():
    with pytest.raises(ValueError, match="no_such_msgs"):
        definition("no_such_msgs/msg/Thing")
