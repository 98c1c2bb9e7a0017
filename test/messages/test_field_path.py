import pytest
from geometry_msgs.msg import PoseStamped
from hypothesis import given, strategies as st
from sensor_msgs.msg import Imu, JointState, MultiDOFJointState
from std_msgs.msg import Float64MultiArray

from dnne_ros.messages.field_path import parse_path, parse_paths
from dnne_ros.messages.field_types import fields_of
from dnne_ros.messages.message_types import message_class

TYPES = [JointState, Imu, PoseStamped, MultiDOFJointState, Float64MultiArray]


@st.composite
def existing_paths(draw):
    """Return a message class and a way to one of its fields."""
    root = message = draw(st.sampled_from(TYPES))
    words, through_all = [], False
    while True:
        name, type = draw(st.sampled_from(sorted(fields_of(message).items(), key=str)))
        indices = [None]
        if type.repeated:
            indices.append(draw(st.integers(0, (type.size or 10) - 1)))
            indices += [] if through_all else [""]
        index = draw(st.sampled_from(indices))
        through_all |= index == ""
        words.append(name if index is None else f"{name}[{index}]")
        inside = type.message is not None and (not type.repeated or index is not None)
        if not inside or draw(st.booleans()):
            return root, ".".join(words)
        message = type.message


@given(existing_paths())
def test_paths_that_exist_are_found(case):
    root, text = case
    path = parse_path(root, text)
    assert str(path) == text
    assert path.root is root


@given(st.sampled_from(TYPES), st.text(max_size=30))
def test_other_text_is_refused_with_a_reason(root, text):
    try:
        path = parse_path(root, text)
    except ValueError as error:
        assert "field " in str(error)
    else:
        assert path.steps[0].name in fields_of(root)


@pytest.mark.parametrize("root, text, expected", [
    (JointState, "positions", r"has no 'positions'; did you mean position\? Its fields are: "
     r"header \(std_msgs/Header\), name \(sequence<string>\), position \(sequence<double>\)"),
    (PoseStamped, "pose.position.u", r"geometry_msgs/msg/Point has no 'u'. Its fields are: x "),
    (PoseStamped, "pose.position.x.y", "x is double, which has no fields"),
    (PoseStamped, "pose[0]", "pose is one geometry_msgs/Pose, without elements"),
    (MultiDOFJointState, "transforms.translation", r"write transforms\[0\] for one element or "
     r"transforms\[\] for all"),
    (Imu, "orientation_covariance[9]", "orientation_covariance has 9 elements, 0 to 8"),
    (Imu, "orientation..x", "expected names such as position"),
    (Imu, "orientation_covariance[-1]", "expected names such as position"),
])
def test_a_path_that_does_not_exist(root, text, expected):
    with pytest.raises(ValueError, match=expected):
        parse_path(root, text)


def test_no_path_is_the_whole_message():
    path, = parse_paths(JointState, " ")
    assert path.steps == () and path.type.message is JointState


def test_fields_of_every_kind_are_understood():
    kinds = {type.text: type for type in fields_of(message_class("sensor_msgs/Imu")).values()}
    covariance = kinds["double[9]"]
    assert (covariance.base, covariance.repeated, covariance.size) == ("double", True, 9)
