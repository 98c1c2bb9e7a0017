"""``sensor_msgs/CompressedImage``: JPEG, PNG and depth as image_transport compresses them."""

from __future__ import annotations

import array
import struct
from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from dnne_ros.messages.image_encodings import channels_of, red_and_blue_turned
from dnne_ros.messages.sensors.converter import Converter, Options, Values

_DEPTH = "compressedDepth"
_DEPTH_HEADER = struct.Struct("<iff")
"""The configuration before a picture of compressed_depth_image_transport: what it is, a and b."""


class CompressedConverter(Converter):
    """Pictures in R, G, B(, A), whatever they were before they were compressed."""

    invalid = ("keep",)
    packages = ("cv2",)

    def reader(self, options: Options, wanted: Collection[str]
               ) -> Callable[[Any], dict[str, Any]]:
        """Return what decodes pictures; ValueError for bytes that are none."""
        return lambda message: {name: read_compressed(message) for name in wanted}

    def writer(self, options: Options, given: Collection[str]) -> Callable[[Any, Values], None]:
        """Return what encodes pictures as `Options.format` says."""
        def write(message: Any, values: Values) -> None:
            message.format, message.data = _encoded(values["image"], options)
        return write


def read_compressed(message: Any) -> np.ndarray:
    """Return a CompressedImage as (height, width) or (height, width, channels R, G, B(, A)).

    Depth is in m, NaN where there is none.  ValueError for bytes that are no picture.
    """
    import cv2

    data = np.frombuffer(message.data, np.uint8)
    is_depth = _DEPTH in message.format
    if is_depth and data.size > _DEPTH_HEADER.size:
        _, scale, shift = _DEPTH_HEADER.unpack(data[:_DEPTH_HEADER.size].tobytes())
        data = data[_DEPTH_HEADER.size:]
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED) if data.size else None
    except cv2.error:
        picture = None
    if picture is None:
        raise ValueError(f"its {data.size} bytes of format {message.format!r:.40} are no picture "
                         "that OpenCV can decode")
    if is_depth and message.format.startswith("32FC1"):
        return _depth(picture, scale, shift)
    # OpenCV takes what is stored for B, G, R; who has compressed R, G, B instead says so.
    as_stored = picture.ndim == 2 or "compressed rgb" in message.format
    return picture if as_stored else red_and_blue_turned(picture)


def _depth(stored: np.ndarray, scale: float, shift: float) -> np.ndarray:
    """Return metres for inverse depths, which 0 is none of."""
    with np.errstate(divide="ignore"):
        metres: np.ndarray = np.float32(scale) / (stored.astype(np.float32) - np.float32(shift))
    metres[stored == 0] = np.nan
    return metres


def _encoded(picture: np.ndarray, options: Options) -> tuple[str, Any]:
    import cv2

    channels = channels_of(picture)
    depths = (np.uint8,) if options.format == "jpeg" else (np.uint8, np.uint16)
    if picture.dtype not in depths or channels not in (1, 3, 4) or not picture.size:
        raise ValueError(f"image: expected 1, 3 or 4 channels of "
                         f"{' or '.join(np.dtype(each).name for each in depths)} for "
                         f"{options.format}, found {channels} of {picture.dtype}")
    stored = red_and_blue_turned(picture) if channels > 1 else picture
    how = [cv2.IMWRITE_JPEG_QUALITY, options.quality] if options.format == "jpeg" else []
    done, data = cv2.imencode(".jpg" if options.format == "jpeg" else ".png", stored, how)
    if not done:
        raise ValueError(f"image: OpenCV cannot encode it as {options.format}")
    return options.format, array.array("B", data.tobytes())
