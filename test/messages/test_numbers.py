"""Numbers out of messages and back into them."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray, Transform, Twist, Vector3
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as arrays
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Imu, JointState, LaserScan, MultiDOFJointState, PointCloud2, PointField
from std_msgs.msg import (
    Bool,
    Byte,
    ByteMultiArray,
    Float32,
    Float64MultiArray,
    Int8MultiArray,
    Int64,
    MultiArrayDimension,
    MultiArrayLayout,
    UInt8,
    UInt64,
)

from dnne_ros.messages.making import MessageMaker, float64_array
from dnne_ros.messages.reading import NumberReader
from dnne_ros.messages.writing import NumberWriter

CART = JointState(name=["pole", "cart"], position=[1.0, 2.0], velocity=[3.0, 4.0])
ARM = MultiDOFJointState(joint_names=["a", "b"], transforms=[
    Transform(translation=Vector3(x=1.0, y=2.0, z=3.0)),
    Transform(translation=Vector3(x=4.0, y=5.0, z=6.0))])


def read(message, fields, **options):
    return NumberReader(message.__class__, fields, **options).read(message).tolist()


def write(message, fields, values, **options):
    made = message()
    NumberWriter(message, fields, **options).write(made, np.asarray(values))
    return made


@pytest.mark.parametrize("message, fields, expected", [
    (CART, "position", [1.0, 2.0]),
    (CART, "position,velocity", [1.0, 2.0, 3.0, 4.0]),
    (CART, "position[1], velocity[0]", [2.0, 3.0]),
    (Twist(linear=Vector3(x=1.0), angular=Vector3(z=2.0)), "linear.x,angular.z", [1.0, 2.0]),
    (Twist(linear=Vector3(x=1.0), angular=Vector3(z=2.0)), "", [1.0, 0, 0, 0, 0, 2.0]),
    (ARM, "transforms[].translation.x", [1.0, 4.0]),
    (ARM, "transforms[].translation", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
    (ARM, "transforms[1].translation.y", [5.0]),
    (PoseArray(), "poses[].position", []),
    (Imu(), "orientation,orientation_covariance[8]", [0, 0, 0, 1.0, 0]),
    (Bool(data=True), "data", [True]),
    (Byte(data=b"\x07"), "data", [7]),
    (ByteMultiArray(data=[b"\x01", b"\xff"]), "data", [1, 255]),
    (Float64MultiArray(layout=MultiArrayLayout(dim=[MultiArrayDimension(size=3)])),
     "layout.dim[].size", [3]),
    (PointCloud2(fields=[PointField(offset=4), PointField(offset=8)]), "fields[].offset", [4, 8]),
])
def test_numbers_of_a_message(message, fields, expected):
    assert read(message, fields) == expected


@pytest.mark.parametrize("order, expected", [
    ("elements", [2.0, 4.0, 1.0, 3.0]), ("fields", [2.0, 1.0, 4.0, 3.0])])
def test_joints_are_found_by_name(order, expected):
    reader = NumberReader(JointState, "position,velocity", names=["cart", "pole"], order=order)
    assert reader.read(CART).tolist() == expected
    turned = JointState(name=["cart", "arm", "pole"], position=[2.0, 9.0, 1.0],
                        velocity=[4.0, 9.0, 3.0])
    assert reader.read(turned).tolist() == expected
    values = {"cart.position": 2.0, "cart.velocity": 4.0, "pole.position": 1.0,
              "pole.velocity": 3.0}
    assert [values[column] for column in reader.columns] == expected


def test_elements_of_messages_are_found_by_name():
    assert read(ARM, "transforms[].translation", names=["b"]) == [4.0, 5.0, 6.0]
    assert read(ARM, "transforms[].translation.x", names=["b", "a"],
                names_field="joint_names") == [4.0, 1.0]


def test_the_element_type_holds_all_fields():
    assert NumberReader(LaserScan, "ranges").dtype == np.float32
    assert NumberReader(Imu, "header.stamp,orientation.x").dtype == np.float64
    assert NumberReader(PointCloud2, "data").read(
        PointCloud2(data=bytes([1, 2]))).dtype == np.uint8


@pytest.mark.parametrize("message, fields, options, expected", [
    (JointState(name=["cart"], position=[1.0]), "position", {"names": ["cart", "pole"]},
     "no pole; the message names cart"),
    (JointState(), "position", {"names": ["cart"]}, "no cart; the message names nothing"),
    (JointState(name=["a", "b"], position=[1.0]), "position", {"names": ["a"]},
     "1 elements of position, and 2 names"),
    (JointState(position=[1.0], velocity=[1.0, 2.0]), "position,velocity", {"order": "elements"},
     "2 elements of velocity, and 1 of position"),
    (JointState(position=[1.0]), "position[3]", {}, r"no position\[3\].*the message has 1"),
])
def test_a_message_that_lacks_something(message, fields, options, expected):
    reader = NumberReader(message.__class__, fields, **options)
    with pytest.raises(ValueError, match=expected):
        reader.read(message)


@pytest.mark.parametrize("type, fields, options, expected", [
    (JointState, "name", {}, "field name: expected numbers, found sequence<string>"),
    (JointState, "", {}, r"is not numbers alone \(header is std_msgs/Header\); choose among its "
     "fields: header"),
    (JointState, "header", {}, "frame_id is string"),
    (MultiDOFJointState, "transforms", {}, r"write transforms\[\] for the numbers of all"),
    (LaserScan, "ranges", {"names": ["a"]}, "LaserScan does not name its elements; its fields "),
    (JointState, "position", {"names": ["a"], "names_field": "effort"},
     "field effort: expected a list of names, found sequence<double>"),
])
def test_fields_that_are_no_numbers(type, fields, options, expected):
    with pytest.raises(ValueError, match=expected):
        NumberReader(type, fields, **options)


@pytest.mark.parametrize("type, fields, values, options", [
    (JointState, "position,velocity", [1.0, 2.0, 3.0, 4.0], {}),
    (JointState, "position,velocity", [1.0, 2.0, 3.0, 4.0], {"order": "elements"}),
    (Twist, "", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], {}),
    (Twist, "angular.z,linear.x", [1.0, 2.0], {}),
    (Imu, "orientation_covariance,angular_velocity.x", list(map(float, range(10))), {}),
    (Imu, "orientation_covariance[4]", [1.0], {}),
    (PoseArray, "poses[].position,poses[].orientation", list(map(float, range(14))), {}),
    (PoseArray, "poses[].position.x", [1.0, 2.0], {"order": "elements"}),
    (PoseArray, "poses[2].position", [1.0, 2.0, 3.0], {}),
    (Float64MultiArray, "data", [], {}),
    (JointState, "position[2]", [5.0], {}),
    (ByteMultiArray, "data[1]", [255], {}),
    (ByteMultiArray, "data", [1, 2, 3], {}),
])
def test_what_is_written_can_be_read(type, fields, values, options):
    made = write(type, fields, values, **options)
    assert NumberReader(type, fields, **options).read(made).tolist() == values


@given(arrays.arrays(np.float64, st.integers(0, 20),
                     elements=st.floats(allow_nan=False)), st.sampled_from(["fields", "elements"]))
def test_any_numbers_survive(values, order):
    twice = np.concatenate([values, -values])
    made = write(JointState, "position,effort", twice, order=order)
    assert NumberReader(JointState, "position,effort", order=order).read(made).tobytes() == \
        twice.tobytes()


@given(st.sampled_from([np.int64, np.uint64, np.float32, np.float64, np.bool_]).flatmap(
    lambda dtype: arrays.arrays(dtype, 1)), st.sampled_from([UInt8, Int64, UInt64, Bool, Float32]))
def test_a_number_is_what_was_meant_or_refused(values, type):
    try:
        made = write(type, "data", values)
    except ValueError as error:
        assert "data (" in str(error)
    else:
        value = values[0].item()
        expected = np.float32(value).item() if type is Float32 else value
        assert made.data == expected or expected != expected


@pytest.mark.parametrize("type, fields, values, expected", [
    (UInt8, "data", [256], r"data \(uint8\): 256 is no uint8"),
    (UInt8, "data", [1.5], "1.5 is no uint8"),
    (Int8MultiArray, "data", [float("nan")], "nan is no int8"),
    (Int64, "data", [2.0**63], "is no int64"),
    (Float32, "data", [1e300], "is no float32"),
    (Bool, "data", [2], "2 is no bool"),
    (Twist, "", [1.0], "expected 6 numbers for geometry_msgs/msg/Twist, found 1"),
    (JointState, "position,velocity", [1.0, 2.0, 3.0], "expected a multiple of 2 numbers"),
    (Imu, "orientation.x,header.stamp.sec", [1.0, 0.5], r"sec \(int32\): 0.5 is no int32"),
])
def test_values_that_do_not_fit(type, fields, values, expected):
    with pytest.raises(ValueError, match=expected):
        write(type, fields, values)


@pytest.mark.parametrize("type, fields, options, expected", [
    (JointState, "position,header.stamp.sec", {"order": "elements"},
     "expected fields with as many elements as the value brings, found header.stamp.sec"),
    (JointState, "name", {}, "expected numbers, found sequence<string>"),
    (DiagnosticArray, "status[].values", {}, "write status"),
])
def test_fields_that_cannot_be_written(type, fields, options, expected):
    with pytest.raises(ValueError, match=expected):
        NumberWriter(type, fields, **options)


@pytest.mark.parametrize("order", ["fields", "elements"])
@given(data=st.data())
def test_a_reader_that_has_read_before_reads_as_a_new_one(order, data):
    """Whatever changes between two messages: joints, their order, or how long lists are."""
    readers = [NumberReader(JointState, "position,velocity", names=("a", "b"), order=order)]
    for _ in range(4):
        names = data.draw(st.permutations(["a", "b", *data.draw(st.sets(st.sampled_from("cd")))]))
        sizes = data.draw(st.tuples(*[st.sampled_from([len(names)] * 4 + [1, 0])] * 2))
        message = JointState(name=names, **{field: list(map(float, range(start, start + size)))
                                            for field, start, size in zip(
            ("position", "velocity"), (0, 100), sizes, strict=True)})
        said = []
        for reader in (readers[0], NumberReader(JointState, "position,velocity",
                                                names=("a", "b"), order=order)):
            try:
                said.append(reader.read(message).tolist())
            except ValueError as error:
                said.append(str(error))
        assert said[0] == said[1]


@given(arrays.arrays(np.float64, st.integers(0, 9)))
def test_a_command_is_what_the_general_way_makes(numbers):
    made = MessageMaker(Float64MultiArray, "data").make(numbers)
    ours = deserialize_message(float64_array(numbers), Float64MultiArray)
    assert np.array_equal(ours.data, made.data, equal_nan=True)
    assert ours.layout == made.layout
