"""The one table of image encodings: what the pixels of a ``sensor_msgs/Image`` look like.

Everything that reads or writes pictures, as message objects or as bytes, asks here.  Channels are
in the order R, G, B(, A) in arrays; what a message has as BGR is turned round.  OpenCV's generic
names (``32FC1``, ``8UC3``) say nothing of colours: their channels stay as they are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

_COLOURS = {"mono": 1, "rgb": 3, "bgr": 3, "rgba": 4, "bgra": 4}
_COLOUR = re.compile(r"(mono|rgba|bgra|rgb|bgr)(8|16)")
_GENERIC = re.compile(r"(?:(8|16|32|64)([US])|(16|32|64)(F))C([1-9][0-9]{0,3})")
_LETTERS = {"u": "U", "i": "S", "f": "F"}
ENCODINGS = ("mono8, mono16, rgb8, rgb16, bgr8, bgr16, rgba8, rgba16, bgra8, bgra16, 8UC1, "
             "16SC1, 32FC3 and their like")
"""The encodings that have an array form, in words."""


class PixelLayout(NamedTuple):
    """An encoding's element type, number of channels and whether blue comes before red."""

    dtype: np.dtype
    channels: int
    blue_first: bool


def layout_of(encoding: str) -> PixelLayout:
    """Return the layout of an encoding's pixels.

    Raises ValueError, with those that will do, for encodings without an array form (Bayer
    patterns, YUV, compressed ones).
    """
    if match := _COLOUR.fullmatch(encoding):
        return PixelLayout(np.dtype(f"u{int(match[2]) // 8}"), _COLOURS[match[1]],
                           match[1].startswith("bgr"))
    if match := _GENERIC.fullmatch(encoding):
        kind = {"U": "u", "S": "i", "F": "f"}[match[2] or match[4]]
        return PixelLayout(np.dtype(f"{kind}{int(match[1] or match[3]) // 8}"), int(match[5]),
                           False)
    raise ValueError(f"image encoding {encoding!r:.40} cannot be converted; expected {ENCODINGS}")


def encoding_of(picture: np.ndarray) -> str:
    """Return the encoding of an array (height, width) or (height, width, channels).

    ``mono``, ``rgb`` and ``rgba`` of 8 and 16 bits where they apply, else OpenCV's generic names.
    One channel is the same as no channel axis.  Raises ValueError for other shapes and element
    types.
    """
    channels = channels_of(picture)
    dtype = picture.dtype
    if dtype.kind == "u" and dtype.itemsize <= 2 and channels in (1, 3, 4):
        return {1: "mono", 3: "rgb", 4: "rgba"}[channels] + str(8 * dtype.itemsize)
    return f"{8 * dtype.itemsize}{_LETTERS[dtype.kind]}C{channels}"


def channels_of(picture: np.ndarray) -> int:
    """Return the number of channels of a picture; ValueError for an array that is none."""
    channels = picture.shape[2] if picture.ndim == 3 else 1
    if picture.ndim not in (2, 3) or picture.dtype.kind not in _LETTERS or channels == 0:
        raise ValueError("expected a picture of shape (height, width) or (height, width, "
                         f"channels), found {picture.dtype} {picture.shape}")
    return channels


def pixels_of(data: bytes | memoryview, height: int, width: int, encoding: str, step: int,
              big_endian: bool) -> np.ndarray:
    """Return the pixels in an image's ``data`` as (height, width) or (height, width, channels).

    The element type is the encoding's own, in the machine's byte order; rows may be padded to
    ``step`` bytes.  The array may be a view of ``data``.  Raises ValueError for encodings without
    an array form, and where the data is too short for what the image says of itself.
    """
    dtype, channels, blue_first = layout_of(encoding)
    row = width * channels * dtype.itemsize
    found = np.frombuffer(data, np.uint8)
    if step < row or found.size < step * height:
        raise ValueError(f"an image of {width}×{height} {encoding} needs rows of {row} bytes, "
                         f"found {found.size} bytes in rows of {step}")
    rows = found[:step * height].reshape(height, step)[:, :row]
    stored = np.ascontiguousarray(rows).view(dtype.newbyteorder(">" if big_endian else "<"))
    pixels = stored.reshape((height, width, channels) if channels > 1 else (height, width))
    return red_and_blue_turned(pixels) if blue_first else pixels.astype(dtype, copy=False)


def red_and_blue_turned(picture: np.ndarray) -> np.ndarray:
    """Return a copy with red and blue exchanged: channel by channel, as that is fastest."""
    turned = np.array(picture, picture.dtype.newbyteorder("="), order="C")
    turned[..., 0], turned[..., 2] = picture[..., 2], picture[..., 0]
    return turned
