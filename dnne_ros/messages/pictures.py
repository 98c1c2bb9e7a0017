"""``sensor_msgs/Image`` objects as arrays and back, without a Python loop over the pixels."""

from __future__ import annotations

import array
from typing import Any

import numpy as np

from dnne_ros.messages.image_encodings import (
    channels_of,
    encoding_of,
    layout_of,
    pixels_of,
    red_and_blue_turned,
)


def read_picture(image: Any) -> np.ndarray:
    """Return an Image message as (height, width) or (height, width, channels), writable.

    Channels are in the order R, G, B(, A); see `dnne_ros.messages.image_encodings.pixels_of`,
    also for the ValueError.
    """
    pixels = pixels_of(image.data, image.height, image.width, image.encoding, image.step,
                       bool(image.is_bigendian))
    return pixels if pixels.flags.owndata else pixels.copy()


def write_picture(image: Any, picture: np.ndarray, encoding: str = "") -> None:
    """Set an Image message to a picture (height, width) or (height, width, channels).

    Without ``encoding``: that of `dnne_ros.messages.image_encodings.encoding_of`.  Raises
    ValueError when the picture has another element type or number of channels.
    """
    channels = channels_of(picture)
    if not picture.size:
        raise ValueError(f"expected a picture of shape (height, width) or (height, width, "
                         f"channels), found one without pixels: {picture.shape}")
    encoding = encoding or encoding_of(picture)
    dtype, wanted, blue_first = layout_of(encoding)
    if (picture.dtype, channels) != (dtype, wanted):
        raise ValueError(f"expected {wanted} channels of {dtype} for {encoding}, found "
                         f"{channels} of {picture.dtype}")
    if blue_first:
        picture = red_and_blue_turned(picture)
    stored = np.ascontiguousarray(picture, dtype.newbyteorder("<"))
    image.height, image.width = picture.shape[:2]
    image.encoding = encoding
    image.is_bigendian = 0
    image.step = picture.shape[1] * channels * dtype.itemsize
    image.data = array.array("B", stored.tobytes())
