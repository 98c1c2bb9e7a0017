"""The idx format of the MNIST files: one array of bytes, with its shape in front.

http://yann.lecun.com/exdb/mnist: two zero bytes, the element type (8: unsigned byte), the number
of dimensions, each dimension as a big-endian 32-bit integer, then the elements in C order.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from dnne_ros.durable_files import read_file

_UNSIGNED_BYTE = 8


def parse_idx(data: bytes) -> np.ndarray:
    """Return the uint8 array that ``data`` holds, read-only; ValueError if it holds none."""
    if len(data) < 4 or data[:3] != bytes((0, 0, _UNSIGNED_BYTE)):
        raise ValueError(f"expected an idx file of unsigned bytes, which starts with 00 00 08, "
                         f"found {data[:4].hex(' ') or 'an empty file'}")
    dimensions = data[3]
    start = 4 + 4 * dimensions
    if len(data) < start:
        raise ValueError(f"ends within its header: expected {start} bytes, found {len(data)}")
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    expected = start + math.prod(shape)
    if len(data) != expected:
        raise ValueError(f"expected {expected:,} bytes for an array of "
                         f"{'×'.join(map(str, shape)) or '1'}, found {len(data):,}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_idx(path: Path) -> np.ndarray:
    """Return the array in a file, unpacked first if its name ends in ``.gz``.

    Raises OSError if it cannot be read, ValueError if it is damaged.
    """
    data = read_file(path)
    if path.suffix == ".gz":
        try:
            data = gzip.decompress(data)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"damaged gzip data: {error}") from None
    return parse_idx(data)
