"""Pictures as browsers show them."""

import io
from array import array
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sensor_msgs.msg import Image as ImageMessage

from dnne_ros.messages.pictures import write_picture
from dnne_ros.web.feed.images import _for_browsers


def shown(picture, encoding=""):
    message = ImageMessage()
    write_picture(message, picture, encoding)
    kind, data = _for_browsers(message)
    assert kind == "image/jpeg"
    return np.asarray(Image.open(io.BytesIO(data)))


def test_colours_are_those_of_the_message():
    red = np.zeros((20, 30, 3), np.uint8)
    red[..., 0] = 250
    for encoding in ("rgb8", "bgr8"):
        found = shown(red, encoding)
        assert found.shape == (20, 30, 3) and found[5, 5, 0] > 200 > 50 > found[5, 5, 2]


@pytest.mark.parametrize("picture", [
    np.linspace(0, 60000, 600).reshape(20, 30).astype(np.uint16),
    np.linspace(-3, 3, 600).reshape(20, 30).astype(np.float32)])
def test_what_is_not_bytes_is_spread_over_them(picture):
    found = shown(picture)
    assert found.min() < 10 and found.max() > 245 and found.shape == (20, 30)


def test_depth_with_holes_and_one_without_contrast_are_shown():
    depth = np.full((8, 8), np.nan, np.float32)
    depth[:4] = np.inf
    assert shown(depth).shape == (8, 8)
    assert shown(np.full((8, 8, 4), 7, np.uint8)).shape == (8, 8, 3)
    assert shown(np.full((8, 8, 2), 7, np.uint8)).shape == (8, 8)


def test_a_large_picture_becomes_a_small_one():
    assert max(shown(np.zeros((1500, 3000), np.uint8)).shape) <= 640


def test_a_compressed_one_is_passed_on_if_it_is_what_it_says():
    def message(data, format="jpeg"):
        return SimpleNamespace(format=format, data=array("B", data))

    png = b"\x89PNG\r\n\x1a\nrest"
    assert _for_browsers(message(png, "png")) == ("image/png", png)
    for data in (b"<svg onload=alert(1)>", b"", b"\xff\xd8\xff" + bytes(9 * 2**20)):
        with pytest.raises(ValueError, match="expected a JPEG or PNG"):
            _for_browsers(message(data))


def test_what_makes_no_sense_is_said():
    message = ImageMessage(height=4, width=4, encoding="yuv422", step=8, data=bytes(32))
    with pytest.raises(ValueError, match="yuv422"):
        _for_browsers(message)
