import struct

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage

from dnne_ros.messages.sensors.converter import Options
from dnne_ros.messages.sensors.table import CONVERTERS

PICTURES = CONVERTERS["sensor_msgs/msg/CompressedImage"]
RED = np.full((4, 6, 3), (250, 20, 10), np.uint8)


def read(format, data):
    return PICTURES.reader(Options(), ["image"])(
        CompressedImage(format=format, data=data))["image"]


def encoded(picture, ending):
    return cv2.imencode(ending, picture)[1].tobytes()


@pytest.mark.parametrize("format, stored, ending", [
    ("jpeg", RED[..., ::-1], ".jpg"), ("rgb8; jpeg compressed bgr8", RED[..., ::-1], ".jpg"),
    ("rgb8; png compressed rgb8", RED, ".png")])
def test_red_is_first(format, stored, ending):
    assert np.abs(read(format, encoded(stored, ending)).astype(int) - RED).max() < 4


def test_grey_and_16_bits():
    grey = np.arange(24, dtype=np.uint16).reshape(4, 6) * 1000
    np.testing.assert_array_equal(read("16UC1; png compressed ", encoded(grey, ".png")), grey)


def test_depth():
    stored = np.array([[0, 100], [200, 400]], np.uint16)
    header = struct.pack("<iff", 0, 100.0, 50.0)
    data = header + encoded(stored, ".png")
    np.testing.assert_array_equal(read("16UC1; compressedDepth", data), stored)
    metres = read("32FC1; compressedDepth", data)
    np.testing.assert_allclose(metres, [[np.nan, 2.0], [100 / 150, 100 / 350]], rtol=1e-6)
    assert metres.dtype == np.float32


@pytest.mark.parametrize("data", [b"", b"no picture", bytes(20)])
@pytest.mark.parametrize("format", ["jpeg", "16UC1; compressedDepth"])
def test_bytes_that_are_no_picture(data, format):
    with pytest.raises(ValueError, match="no picture that OpenCV can decode"):
        read(format, data)


def test_pictures_that_are_written():
    message = CompressedImage()
    PICTURES.writer(Options(quality=90), ["image"])(message, {"image": RED})
    assert message.format == "jpeg" and bytes(message.data[:2]) == b"\xff\xd8"
    with pytest.raises(ValueError, match="expected 1, 3 or 4 channels of uint8 for jpeg, found 3 "
                       "of float32"):
        PICTURES.writer(Options(), ["image"])(message, {"image": RED.astype(np.float32)})
