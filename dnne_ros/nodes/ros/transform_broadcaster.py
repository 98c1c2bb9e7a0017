"""Tells other ROS nodes where a coordinate frame is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.messages.sensors.frames import quaternion_of
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyTensor, Int
from dnne_ros.node_api.ports import Input
from dnne_ros.node_api.ros_frames import FrameTransform
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.widget import Widget, missing_values
from dnne_ros.nodes.ros.frames import TRANSFORMS
from dnne_ros.nodes.ros.plain_values import plain
from dnne_ros.nodes.ros.topic_widgets import made, misfits
from dnne_ros.toolkit.rate import Rate

_SIZES = {"position": 3, "rotation": 4}


class TransformBroadcasterNode(Node):
    """Broadcast where the frame ``child`` is in the frame ``parent``, for tf2.

    ``position`` and ``rotation``, or ``matrix``, come at inputs, one of each that is linked for
    each transform; what is not linked is as the widgets ``fixed_position`` and ``fixed_rotation``
    say.  With nothing linked that is broadcast ``rate`` times a second or, if it is ``static``,
    once, which those get too who come later.  Numbers that make no transform end the run.
    """

    category = "ros"
    without_torch = True

    position = Input(AnyTensor(), "x, y, z of ``child`` in ``parent``, m.", optional=True)
    rotation = Input(AnyTensor(), "A quaternion x, y, z, w of any length but 0.", optional=True)
    matrix = Input(AnyTensor(), "(4, 4), instead of the two.", optional=True)
    stamp = Input(Int(), "When it is so, ns; unlinked: the node's clock.", optional=True)
    parent = Widget("", "The frame in which it is, such as odom.", required=True)
    child = Widget("", "The frame that is broadcast, such as base_link.", required=True)
    static = Widget(False, "It holds for good: on /tf_static, also for those who come later.")
    rate = Widget(10.0, "With nothing linked, and not static: how often, a second.",
                  minimum=0.01, maximum=10_000.0, unit="Hz", live=True)
    fixed_position = Widget("0,0,0", "x,y,z where no position is linked, m.")
    fixed_rotation = Widget("0,0,0,1", "A quaternion x,y,z,w where no rotation is linked.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check names and numbers."""
        wrong = [each for name in _SIZES for each in misfits(partial(_fixed, name), values)]
        if not missing_values(cls.widgets, values) and values["parent"] == values["child"]:
            wrong.append(f"widget 'child': expected another frame than parent, found "
                         f"{values['child']!r:.80}")
        return wrong

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it broadcasts."""
        return (TopicUse("/tf_static" if values["static"] else "/tf", TRANSFORMS,
                         publishes=True),)

    def setup(self) -> None:
        """Advertise."""
        self._linked = [name for name in self.inputs if self.context.is_linked(name)]
        if "matrix" in self._linked and {"position", "rotation"} & {*self._linked}:
            raise InputError("input 'matrix'", [
                "expected it, or position and rotation, found links to both"])
        self._fixed = {name: made(partial(_fixed, name), self.values) for name in _SIZES}
        self._broadcast = self.context.frames.broadcaster(self.static)

    async def process(self) -> None:
        """Broadcast each transform, or the fixed one."""
        self.context.health.values.update(broadcast=0)
        if self._linked:
            while True:
                self._send({name: await self.get_input(name) for name in self._linked})
        self._send({})
        pace = Rate(lambda: 1.0 / self.rate, self.context.clock)
        while not self.static:
            await pace.wait()
            self._send({})

    def _send(self, values: Mapping[str, Any]) -> None:
        if "matrix" in values:
            position, rotation = _parts(plain(values["matrix"]))
        else:
            position, rotation = (
                _numbers(plain(values[name]), name) if name in values else self._fixed[name]
                for name in _SIZES)
        stamp = values.get("stamp")
        self._broadcast(self.parent, self.child, FrameTransform(
            position, _unit(rotation), self.context.topics.now_ns() if stamp is None else stamp))
        self.context.health.values["broadcast"] += 1


def _fixed(name: str, values: Mapping[str, Any]) -> np.ndarray:
    """Return the numbers in a widget; ValueError, naming it, for others."""
    text = values[f"fixed_{name}"]
    try:
        found = _numbers(np.array([float(part) for part in text.split(",")]), name)
        return _unit(found) if name == "rotation" else found
    except ValueError:
        raise ValueError(f"widget 'fixed_{name}': expected {_SIZES[name]} numbers with commas, "
                         f"found {text!r:.80}") from None


def _numbers(value: np.ndarray, name: str) -> np.ndarray:
    numbers = value.astype(np.float64).ravel()
    if numbers.size != _SIZES[name] or not np.isfinite(numbers).all():
        raise ValueError(f"{name}: expected {_SIZES[name]} finite numbers, found "
                         f"{numbers.tolist()!r:.80}")
    return numbers


def _unit(rotation: np.ndarray) -> np.ndarray:
    length = np.linalg.norm(rotation)
    if not length:
        raise ValueError("rotation: expected a quaternion, found zeros")
    unit: np.ndarray = rotation / length
    return unit


def _parts(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the position and the quaternion of a (4, 4) matrix."""
    numbers = matrix.astype(np.float64)
    square = numbers.reshape(4, 4) if numbers.size == 16 else np.empty((0, 0))
    turn = square[:3, :3]
    if not (square.size and np.isfinite(square).all() and np.allclose(square[3], (0, 0, 0, 1))
            and np.allclose(turn @ turn.T, np.eye(3), atol=1e-3) and np.linalg.det(turn) > 0):
        raise ValueError(f"matrix: expected (4, 4) of a rotation and a position, found "
                         f"{numbers.tolist()!r:.160}")
    return square[:3, 3].copy(), quaternion_of(turn)
