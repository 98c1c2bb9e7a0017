"""Quantities as another frame has them, and quaternions as matrices."""

from __future__ import annotations

import numpy as np

from dnne_ros.messages.sensors.quantity import Meaning


def rotation_matrix(quaternion: np.ndarray) -> np.ndarray:
    """Return the (3, 3) matrix of a quaternion x, y, z, w of any length but 0."""
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])


def quaternion_of(matrix: np.ndarray) -> np.ndarray:
    """Return the quaternion x, y, z, w of a (3, 3) rotation, with w not negative.

    The greatest of its four parts is found first, so that nothing is divided by almost 0.
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix
    squares = np.array([1 + a - e - i, 1 - a + e - i, 1 - a - e + i, 1 + a + e + i])
    rows = {0: (squares[0], b + d, c + g, h - f), 1: (b + d, squares[1], f + h, c - g),
            2: (c + g, f + h, squares[2], d - b), 3: (h - f, c - g, d - b, squares[3])}
    found = np.array(rows[int(squares.argmax())])
    length = np.linalg.norm(found)
    unit: np.ndarray = found / (-length if found[3] < 0 else length)
    return unit


def product(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the product of two quaternions x, y, z, w: first ``other``, then ``one``."""
    (a, b, c, d), (e, f, g, h) = one, other
    return np.array([d * e + a * h + b * g - c * f, d * f - a * g + b * h + c * e,
                     d * g + a * f - b * e + c * h, d * h - a * e - b * f - c * g])


def in_frame(value: np.ndarray, meaning: Meaning, position: np.ndarray, rotation: np.ndarray
             ) -> np.ndarray:
    """Return a quantity of a frame as the frame has it in which that one is at ``position``.

    ``rotation``, a quaternion x, y, z, w, turns the first frame's axes into those of the second.
    The element type stays, except that whole numbers become float32; what is no number stays
    none.
    """
    dtype = value.dtype if value.dtype.kind == "f" else np.dtype(np.float32)
    exact = value.astype(np.float64)
    turn = rotation_matrix(rotation)
    with np.errstate(invalid="ignore"):
        if meaning is Meaning.POINTS:
            exact[..., :3] = exact[..., :3] @ turn.T + position
        elif meaning is Meaning.VECTOR:
            exact = turn @ exact
        elif meaning is Meaning.ROTATION:
            exact = product(rotation, exact)
        elif meaning is Meaning.ATTITUDE:
            exact = product(exact, rotation * (-1, -1, -1, 1))
        elif meaning is Meaning.COVARIANCE:
            exact = turn @ exact @ turn.T
        else:
            return value
    return exact.astype(dtype)


DEPENDS = (Meaning.POINTS, Meaning.VECTOR, Meaning.ROTATION, Meaning.ATTITUDE,
           Meaning.COVARIANCE)
"""What looks different from another frame."""
