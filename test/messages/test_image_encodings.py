"""The table of encodings."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from dnne_ros.messages.image_encodings import encoding_of, layout_of, pixels_of


@pytest.mark.parametrize("dtype, channels, encoding", [
    ("uint8", (), "mono8"), ("uint8", (1,), "mono8"), ("uint8", (3,), "rgb8"),
    ("uint8", (4,), "rgba8"), ("uint8", (2,), "8UC2"), ("uint16", (), "mono16"),
    ("uint16", (3,), "rgb16"), ("uint16", (4,), "rgba16"), ("uint16", (2,), "16UC2"),
    ("float32", (), "32FC1"), ("float32", (3,), "32FC3"), ("int16", (2,), "16SC2")])
def test_encodings_that_image_tools_know(dtype, channels, encoding):
    assert encoding_of(np.zeros((2, 3, *channels), dtype)) == encoding


@given(st.sampled_from(["uint8", "uint16", "uint32", "int8", "int16", "int32", "float16",
                        "float32", "float64"]), st.integers(1, 6))
def test_what_is_written_can_be_read(dtype, channels):
    layout = layout_of(encoding_of(np.zeros((1, 1, channels), dtype)))
    assert layout == (np.dtype(dtype), channels, False)


@pytest.mark.parametrize("encoding, expected", [
    ("rgb16", [[[0x0102, 0x0304, 0x0506]]]), ("bgr16", [[[0x0506, 0x0304, 0x0102]]]),
    ("16UC3", [[[0x0102, 0x0304, 0x0506]]])])
def test_colours_of_sixteen_bits(encoding, expected):
    data = bytes([1, 2, 3, 4, 5, 6])
    assert pixels_of(data, 1, 1, encoding, 6, True).tolist() == expected


def test_pixels_are_in_the_byte_order_of_the_machine():
    for big in (False, True):
        for encoding in ("mono16", "bgr16", "32FC1"):
            pixels = pixels_of(bytes(16), 1, 2, encoding, 12, big)
            assert pixels.dtype.isnative
