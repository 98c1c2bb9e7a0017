"""Whole messages as another frame has them: all points, vectors and rotations in their fields."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from dnne_ros.messages.field_types import fields_of
from dnne_ros.messages.message_types import type_name
from dnne_ros.messages.sensors.frames import in_frame, rotation_matrix
from dnne_ros.messages.sensors.quantity import Meaning

Move = Callable[[Any, np.ndarray, np.ndarray], None]
"""``move(message, position, rotation)`` changes a message in its place; see `in_frame`."""

_NUMBERS = {
    "geometry_msgs/Point": ("xyz", Meaning.POINTS),
    "geometry_msgs/Point32": ("xyz", Meaning.POINTS),
    "geometry_msgs/Vector3": ("xyz", Meaning.VECTOR),
    "geometry_msgs/Quaternion": ("xyzw", Meaning.ROTATION)}
_OTHERWISE = {
    ("geometry_msgs/msg/Transform", "translation"): Meaning.POINTS,
    ("sensor_msgs/msg/Imu", "orientation"): Meaning.ATTITUDE}
"""Fields that mean something else than their type does: where the child is, not a direction; and
the sensor in the world (REP 145)."""
_OF_ANOTHER_FRAME = {("nav_msgs/msg/Odometry", "twist")}
"""It is in the frame of the child."""
_COVARIANCE = "covariance"
_SIZES = (9, 36)
"""Of (3, 3), of one quantity; of (6, 6), of a position or velocity and a turn."""


@cache
def moves_of(message: type) -> tuple[Move, ...]:
    """Return what moves the parts of a class of messages into another frame; none: it has none.

    What has a header of its own, or is no message of geometry_msgs (ranges, clouds), stays as it
    is.
    """
    own = type_name(message)
    found: list[Move] = []
    covariances: list[Move] = []
    for name, field in fields_of(message).items():
        if (own, name) in _OF_ANOTHER_FRAME:
            continue
        if field.base in _NUMBERS:
            axes, meaning = _NUMBERS[field.base]
            move = _mover(axes, _OTHERWISE.get((own, name), meaning))
        elif name.endswith(_COVARIANCE) and field.size in _SIZES:
            covariances.append(_covariance_mover(name, 3 if field.size == 9 else 6))
            continue
        else:
            inner = field.message
            if inner is None or "header" in fields_of(inner) or not (parts := moves_of(inner)):
                continue
            move = _all(parts)
        found.append(_of_each(name, move) if field.repeated else _of(name, move))
    return (*found, *covariances) if found else ()


def _mover(axes: str, meaning: Meaning) -> Move:
    def move(part: Any, position: np.ndarray, rotation: np.ndarray) -> None:
        numbers = np.array([getattr(part, axis) for axis in axes], np.float64)
        moved = in_frame(numbers, meaning, position, rotation).tolist()
        for axis, value in zip(axes, moved, strict=True):
            setattr(part, axis, value)
    return move


def _covariance_mover(name: str, size: int) -> Move:
    def move(part: Any, position: np.ndarray, rotation: np.ndarray) -> None:
        turn = np.kron(np.eye(size // 3), rotation_matrix(rotation))
        numbers = np.asarray(getattr(part, name), np.float64).reshape(size, size)
        if numbers[0, 0] != -1:  # nothing is known of it, and nothing shall be
            setattr(part, name, (turn @ numbers @ turn.T).ravel())
    return move


def _all(moves: tuple[Move, ...]) -> Move:
    def move(part: Any, position: np.ndarray, rotation: np.ndarray) -> None:
        for each in moves:
            each(part, position, rotation)
    return move


def _of(name: str, inner: Move) -> Move:
    def move(part: Any, position: np.ndarray, rotation: np.ndarray) -> None:
        inner(getattr(part, name), position, rotation)
    return move


def _of_each(name: str, inner: Move) -> Move:
    def move(part: Any, position: np.ndarray, rotation: np.ndarray) -> None:
        for element in getattr(part, name):
            inner(element, position, rotation)
    return move
