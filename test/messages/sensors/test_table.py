"""Every type of the table, read and written, with numbers that tell one field from another."""

import numpy as np
import pytest

from dnne_ros.messages.field_types import fields_of
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.quantity import Meaning
from dnne_ros.messages.sensors.table import CONVERTERS

SHAPES = {"ranges": (4,), "intensities": (4,), "points": (4, 3), "colors": (4, 3), "axes": (2,),
          "buttons": (3,), "cell_voltage": (2,), "d": (5,), "image": (2, 3, 3), "limits": (2,),
          "size": (2,), "status": (3,), "orientation": (4,)}
WHOLE = ("buttons", "size", "status", "present")


def installed(message_type):
    package = message_type.split("/")[0]
    pytest.importorskip(f"{package}.msg", reason=f"needs {package}")
    return message_class(message_type)


def example(quantity):
    if quantity.meaning is Meaning.TEXT:
        return "a_text"
    shape = quantity.shape or SHAPES.get(quantity.name, (3,) if quantity.meaning in (
        Meaning.POINTS, Meaning.VECTOR) or quantity.name in ("linear", "angular") else (1,))
    numbers = np.arange(1, 1 + np.prod(shape)).reshape(shape)
    if quantity.meaning is Meaning.PICTURE or quantity.name == "colors":
        return numbers.astype(np.uint8)
    return np.ones(shape) if quantity.name in WHOLE else numbers.astype(np.float32) / 4


@pytest.mark.parametrize("message_type", CONVERTERS)
def test_what_is_written_is_read(message_type):
    installed(message_type)
    converter = CONVERTERS[message_type]
    values = {name: example(each) for name, each in converter.quantities.items()
              if not each.computed}
    message = message_class(message_type)()
    converter.writer(Options(format="png"), values)(message, values)
    found = converter.reader(Options(), list(values))(message)
    for name, value in values.items():
        if isinstance(value, str):
            assert found[name] == value
        else:
            np.testing.assert_array_equal(found[name], value, name)


@pytest.mark.parametrize("message_type", CONVERTERS)
def test_a_message_as_it_is_made_is_read(message_type):
    """Empty ones too: what cannot be read of them is refused in words."""
    message = installed(message_type)()
    converter = CONVERTERS[message_type]
    for name in converter.quantities:
        try:
            converter.reader(Options(), [name])(message)
        except ValueError as error:
            assert str(error)


@pytest.mark.parametrize("message_type", CONVERTERS)
def test_quantities_with_a_field_say_where_it_is(message_type):
    type = installed(message_type)
    for quantity in CONVERTERS[message_type].quantities.values():
        for path in filter(None, quantity.field.split(",")):
            assert path.split(".")[0] in fields_of(type)


def test_numbers_that_are_none():
    converter = CONVERTERS["sensor_msgs/msg/BatteryState"]
    message = message_class("sensor_msgs/msg/BatteryState")(voltage=float("nan"))
    assert np.isnan(converter.reader(Options(), ["voltage"])(message)["voltage"])
    assert converter.reader(Options(invalid="zero"), ["voltage"])(message)["voltage"] == 0
    with pytest.raises(ValueError, match="1 of 1 voltage are no valid numbers"):
        converter.reader(Options(invalid="refuse"), ["voltage"])(message)


def test_what_an_imu_does_not_measure_is_no_number():
    message = message_class("sensor_msgs/msg/Imu")()
    message.orientation_covariance[0] = -1
    converter = CONVERTERS["sensor_msgs/msg/Imu"]
    found = converter.reader(Options(), ["orientation", "angular_velocity"])(message)
    assert np.isnan(found["orientation"]).all()
    assert found["angular_velocity"].tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="4 of 4 orientation"):
        converter.reader(Options(invalid="refuse"), ["orientation"])(message)
