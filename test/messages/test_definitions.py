"""Definitions of messages, held against the `.msg` files and against a reader of CDR."""

import pytest
from rclpy.serialization import serialize_message

from dnne_ros.messages.definitions import message_definition
from dnne_ros.messages.message_types import class_named


@pytest.mark.parametrize("name, expected", [
    ("std_msgs/Empty", ""),
    ("sensor_msgs/JointState", """\
std_msgs/Header header
string[] name
float64[] position
float64[] velocity
float64[] effort
<MSG: std_msgs/Header>
builtin_interfaces/Time stamp
string frame_id
<MSG: builtin_interfaces/Time>
int32 sec
uint32 nanosec"""),
    ("rcl_interfaces/FloatingPointRange", "float64 from_value\nfloat64 to_value\nfloat64 step"),
    ("rcl_interfaces/ParameterDescriptor", """\
string name
uint8 type
string description
string additional_constraints
bool read_only
bool dynamic_typing
rcl_interfaces/FloatingPointRange[<=1] floating_point_range
rcl_interfaces/IntegerRange[<=1] integer_range
<MSG: rcl_interfaces/FloatingPointRange>
float64 from_value
float64 to_value
float64 step
<MSG: rcl_interfaces/IntegerRange>
int64 from_value
int64 to_value
uint64 step"""),
    ("geometry_msgs/PoseWithCovariance", """\
geometry_msgs/Pose pose
float64[36] covariance
<MSG: geometry_msgs/Pose>
geometry_msgs/Point position
geometry_msgs/Quaternion orientation
<MSG: geometry_msgs/Point>
float64 x
float64 y
float64 z
<MSG: geometry_msgs/Quaternion>
float64 x
float64 y
float64 z
float64 w"""),
])
def test_a_definition_is_what_the_msg_files_say(name, expected):
    lines = []
    for line in expected.splitlines():
        lines += ["=" * 80, line[1:-1]] if line.startswith("<MSG") else [line]
    assert message_definition(class_named(name)) == "\n".join(lines) + "\n"


def test_bounds_of_strings_are_kept():
    pytest.importorskip("test_msgs", reason="needs test_msgs")
    text = message_definition(class_named("test_msgs/BoundedPlainSequences"))
    assert "float32[<=3] float32_values" in text.splitlines()


@pytest.mark.parametrize("name", [
    "sensor_msgs/Image", "diagnostic_msgs/DiagnosticArray",
    "geometry_msgs/PoseWithCovarianceStamped", "std_msgs/Float32MultiArray",
    "rcl_interfaces/ParameterEvent"])
def test_a_reader_that_knows_the_text_alone_reads_the_message(name):
    decoding = pytest.importorskip("mcap_ros2._dynamic", reason="needs mcap-ros2-support")
    type = class_named(name)
    message = type()
    decoders = decoding.generate_dynamic(name, message_definition(type))
    read = decoders[name](serialize_message(message))
    assert read.__slots__ == [field.removeprefix("_") for field in message.__slots__
                              if field != "_check_fields"]
