"""``sensor_msgs/Image`` as arrays and back, without a Python loop over the pixels.

Channels are in the order R, G, B(, A) in arrays; what a message has as BGR is turned round.
"""

from __future__ import annotations

import array
import re
from typing import Any

import numpy as np

_COLOURS = {"mono": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
_COLOUR = re.compile(r"(mono|rgba|bgra|rgb|bgr)(8|16)")
_GENERIC = re.compile(r"(?:(8|16|32|64)([US])|(16|32|64)(F))C([1-9][0-9]{0,3})")
_LETTERS = {"u": "U", "i": "S", "f": "F"}
ENCODINGS = ("mono8, mono16, rgb8, rgb16, bgr8, bgr16, rgba8, rgba16, bgra8, bgra16, 8UC1, "
             "16SC1, 32FC3 and their like")
"""The encodings that have an array form, in words."""


def layout_of(encoding: str) -> tuple[np.dtype, int, bool]:
    """Return an encoding's element type, number of channels and whether blue comes first.

    Raises ValueError, with those that will do, for encodings without an array form (Bayer
    patterns, YUV, compressed ones).
    """
    if match := _COLOUR.fullmatch(encoding):
        return (np.dtype(f"u{int(match[2]) // 8}"), _COLOURS[match[1]],
                match[1].startswith("bgr"))
    if match := _GENERIC.fullmatch(encoding):
        kind = {"U": "u", "S": "i", "F": "f"}[match[2] or match[4]]
        return np.dtype(f"{kind}{int(match[1] or match[3]) // 8}"), int(match[5]), False
    raise ValueError(f"image encoding {encoding!r:.40} cannot be converted; expected {ENCODINGS}")


def read_picture(image: Any) -> np.ndarray:
    """Return an Image message as (height, width) or (height, width, channels), writable.

    The element type is the encoding's own; rows may be padded.  Raises ValueError for other
    encodings, and where the data is too short for what the message says of itself.
    """
    dtype, channels, blue_first = layout_of(image.encoding)
    row = image.width * channels * dtype.itemsize
    data = np.frombuffer(image.data, np.uint8)
    if image.step < row or data.size < image.step * image.height:
        raise ValueError(f"an image of {image.width}×{image.height} {image.encoding} needs rows "
                         f"of {row} bytes, found {data.size} bytes in rows of {image.step}")
    rows = data[:image.step * image.height].reshape(image.height, image.step)[:, :row]
    stored = dtype.newbyteorder(">" if image.is_bigendian else "<")
    pixels = np.ascontiguousarray(rows).view(stored)
    shape = (image.height, image.width) + ((channels,) if channels > 1 else ())
    picture = pixels.reshape(shape)
    return _turned(picture, dtype) if blue_first else np.array(picture, dtype, order="C")


def write_picture(image: Any, picture: np.ndarray, encoding: str = "") -> None:
    """Set an Image message to a picture (height, width) or (height, width, channels).

    Without ``encoding``: mono8, mono16, rgb8, rgba8, … where they apply, else OpenCV's generic
    names (32FC1).  Raises ValueError when the picture has another element type or number of
    channels.
    """
    if picture.ndim not in (2, 3) or picture.dtype.kind not in _LETTERS or not picture.size:
        raise ValueError("expected a picture of shape (height, width) or (height, width, "
                         f"channels), found {picture.dtype} {picture.shape}")
    channels = picture.shape[2] if picture.ndim == 3 else 1
    encoding = encoding or _encoding_of(picture.dtype, channels)
    dtype, wanted, blue_first = layout_of(encoding)
    if (picture.dtype, channels) != (dtype, wanted):
        raise ValueError(f"expected {wanted} channels of {dtype} for {encoding}, found "
                         f"{channels} of {picture.dtype}")
    if blue_first:
        picture = _turned(picture, dtype)
    stored = np.ascontiguousarray(picture, dtype.newbyteorder("<"))
    image.height, image.width = picture.shape[:2]
    image.encoding = encoding
    image.is_bigendian = 0
    image.step = picture.shape[1] * channels * dtype.itemsize
    image.data = array.array("B", stored.tobytes())


def _turned(picture: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return a copy with red and blue exchanged: channel by channel, as that is fastest."""
    turned = np.array(picture, dtype, order="C")
    turned[..., 0], turned[..., 2] = picture[..., 2], picture[..., 0]
    return turned


def _encoding_of(dtype: np.dtype, channels: int) -> str:
    if dtype.kind == "u" and dtype.itemsize <= 2 and channels in (1, 3, 4):
        return {1: "mono", 3: "rgb", 4: "rgba"}[channels] + str(8 * dtype.itemsize)
    return f"{8 * dtype.itemsize}{_LETTERS[dtype.kind]}C{channels}"
