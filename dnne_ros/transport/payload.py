"""What crosses a process boundary: plain arrays and scalars, and the message that carries them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from dnne_ros.transport.codec import Codec


@dataclass(frozen=True)
class Wire:
    """Which ROS message carries a port's values: the class of the codec, and what it is told.

    ``dtype`` is for codecs of several element types: the one (``float32``, …) that the message is
    chosen for; None means that any may come.  Two wires are equal where one reads what the other
    writes.
    """

    codec: type[Codec]
    dtype: str | None = None


STORED_AS = {
    "bfloat16": "uint16", "complex32": "uint32", "float8_e4m3fn": "uint8",
    "float8_e4m3fnuz": "uint8", "float8_e5m2": "uint8", "float8_e5m2fnuz": "uint8",
    "float8_e8m0fnu": "uint8",
}
"""Element types that numpy has not, and the integers whose bits stand for them."""


class Array(NamedTuple):
    """An n-dimensional array with named axes.

    ``data`` is C-contiguous.  ``dtype`` is the logical element type where numpy has none of that
    name (see `STORED_AS`), else numpy's own name.  ``axes`` names the
    axes, outermost first; missing names are filled with ``axis0``, ….
    """

    data: np.ndarray
    axes: tuple[str, ...] = ()
    dtype: str = ""

    @property
    def element_type(self) -> str:
        """Return the logical dtype's name."""
        return self.dtype or dtype_name(self.data.dtype)


@lru_cache(maxsize=64)
def dtype_name(dtype: np.dtype) -> str:
    """Return numpy's name of a dtype, which it works out anew each time that it is asked."""
    return str(dtype.name)


@dataclass(frozen=True, eq=False)
class JointStates:
    """What a robot says of its joints at one moment, in an order of its own.

    ``position`` (rad or m), ``velocity`` (rad/s or m/s) and ``effort`` (N·m or N) are float64,
    one entry a name, or empty where the robot does not measure them.  ``stamp_ns``: nanoseconds
    since the epoch of the robot's clock.
    """

    names: tuple[str, ...]
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stamp_ns: int = 0


@dataclass(frozen=True, eq=False)
class ImuReading:
    """What an inertial sensor measures at one moment, in the frame of its body.

    ``orientation``: a unit quaternion x, y, z, w; ``angular_velocity`` in rad/s and
    ``linear_acceleration`` in m/s², each x, y, z.  All are float64; what it does not measure is
    NaN.  ``stamp_ns`` as in `JointStates`.
    """

    orientation: np.ndarray
    angular_velocity: np.ndarray
    linear_acceleration: np.ndarray
    stamp_ns: int = 0


@dataclass(frozen=True, eq=False)
class Velocity:
    """A velocity of a body: ``linear`` in m/s and ``angular`` in rad/s, float64 x, y, z each."""

    linear: np.ndarray
    angular: np.ndarray
