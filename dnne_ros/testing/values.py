"""Values of nodes: made up for a port's type, copied, and compared bit for bit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import singledispatch
from typing import Any

import numpy as np

from dnne_ros.arrays import as_tensor, converted
from dnne_ros.node_api.port_types import (
    AnyValue,
    Boolean,
    Dict,
    Float,
    GradientTensor,
    Image,
    Imu,
    Int,
    JointState,
    Layers,
    PolicyOutput,
    PortType,
    Schema,
    String,
    Sync,
    Tensor,
    Twist,
    tensor_to_array,
)
from dnne_ros.transport.payload import Array, ImuReading, JointStates, Velocity

_LARGEST_SIZE = 4
_CLASSES = 3
_PIXELS = 16
_REAL = ("float", "bfloat", "complex")


@dataclass
class Draw:
    """What made-up values are drawn with.

    ``sizes``: how long an axis of each name is; a name that is new gets a size from 1 to 4, so
    that axes of the same name are of the same length in all inputs of a node.  ``number``: which
    round of items it is, from 1; held inputs are drawn in round 0.  ``variant``: which of several
    types to draw from.  ``held``: the values of held inputs.
    """

    random: np.random.Generator
    sizes: dict[str, int] = field(default_factory=dict)
    number: int = 0
    variant: int = 0
    held: dict[str, Any] = field(default_factory=dict)

    def size(self, axis: str) -> int:
        """Return how long an axis is."""
        return self.sizes.setdefault(axis, int(self.random.integers(1, _LARGEST_SIZE + 1)))

    def tensor(self, dtype: str, *axes: str) -> Any:
        """Return a tensor with axes of these names.

        Real numbers are normally distributed, integers 0 to 2, truth values either.
        """
        shape = tuple(self.size(axis) for axis in axes)
        numbers: np.ndarray[Any, Any]
        if dtype.startswith(_REAL):
            numbers = self.random.standard_normal(shape)
        else:
            numbers = self.random.integers(0, 2 if dtype == "bool" else _CLASSES, shape)
        return converted(as_tensor(np.asarray(numbers)), dtype)


@singledispatch
def example(port_type: PortType, draw: Draw) -> Any:
    """Return a made-up value of a port type; TypeError for one that is not known.

    A port type of your own is added with ``@example.register``.
    """
    raise TypeError(f"no values of type {port_type} can be made up")


@example.register
def _(port_type: Tensor, draw: Draw) -> Any:
    return draw.tensor(port_type.dtype or "float32", *port_type.axes or ("axis0", "axis1"))


@example.register
def _(port_type: GradientTensor, draw: Draw) -> Any:
    axes = port_type.axes or ("axis0", "axis1")
    return draw.tensor(port_type.dtype or "float32", *axes).requires_grad_()


@example.register
def _(port_type: AnyValue, draw: Draw) -> Any:
    return draw.tensor("float32", "axis0", "axis1")


@example.register
def _(port_type: Image, draw: Draw) -> Any:
    return as_tensor(draw.random.integers(0, 256, (_PIXELS, _PIXELS, 3), np.uint8))


@example.register
def _(port_type: PolicyOutput, draw: Draw) -> Any:
    from dnne_ros.rl.policy_output import PolicyOutput as Value

    actions = ("env", "action")
    return Value(
        observations=draw.tensor("float32", "env", "observation"),
        actions=draw.tensor("float32", *actions), log_prob=draw.tensor("float32", "env"),
        value=draw.tensor("float32", "env"), mean=draw.tensor("float32", *actions),
        std=abs(draw.tensor("float32", *actions)) + 0.1)


@example.register
def _(port_type: JointState, draw: Draw) -> Any:
    joints = draw.size("joint")
    position, velocity, effort = draw.random.standard_normal((3, joints))
    return JointStates(tuple(f"joint_{number}" for number in range(joints)),
                       position, velocity, effort, stamp_ns=draw.number)


@example.register
def _(port_type: Imu, draw: Draw) -> Any:
    orientation = draw.random.standard_normal(4)
    turn, acceleration = draw.random.standard_normal((2, 3))
    return ImuReading(orientation / np.linalg.norm(orientation), turn, acceleration,
                      stamp_ns=draw.number)


@example.register
def _(port_type: Twist, draw: Draw) -> Any:
    return Velocity(*draw.random.standard_normal((2, 3)))


@example.register
def _(port_type: Dict, draw: Draw) -> Any:
    return {"number": float(draw.random.standard_normal())}


@example.register
def _(port_type: Schema, draw: Draw) -> Any:
    return {"shape": [draw.size("axis1")], "classes": _CLASSES}


@example.register
def _(port_type: Layers, draw: Draw) -> Any:
    return ()


@example.register
def _(port_type: Float, draw: Draw) -> Any:
    return float(draw.random.standard_normal())


@example.register
def _(port_type: Int, draw: Draw) -> Any:
    return int(draw.random.integers(0, 100))


@example.register
def _(port_type: Boolean, draw: Draw) -> Any:
    return bool(draw.random.integers(0, 2))


@example.register
def _(port_type: String, draw: Draw) -> Any:
    return f"text {draw.random.integers(0, 100)}"


@example.register
def _(port_type: Sync, draw: Draw) -> Any:
    return None


def copy_of(value: Any) -> Any:
    """Return a copy of tensors, arrays and what holds them; other objects are returned as such."""
    if _is_tensor(value):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, Mapping):
        return {key: copy_of(part) for key, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(copy_of, value))
    if isinstance(value, (list, tuple)):
        return type(value)(map(copy_of, value))
    if _is_record(value):
        return type(value)(**{name: copy_of(part) for name, part in _parts(value).items()})
    return value


def difference(expected: Any, found: Any) -> str:
    """Return where two values differ, bit for bit; "" if they do not.

    Of objects that hold no values in the open, such as a network, only the types are compared.
    """
    if _is_tensor(expected) and _is_tensor(found):
        return _array_difference(tensor_to_array(expected.detach()),
                                 tensor_to_array(found.detach()))
    if isinstance(expected, np.ndarray) and isinstance(found, np.ndarray):
        return _array_difference(expected, found)
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        return _part_difference(expected, found)
    if type(expected) is not type(found):
        return f"expected {_shown(expected)}, found {_shown(found)}"
    if isinstance(expected, (list, tuple)):
        return _part_difference(dict(enumerate(expected)), dict(enumerate(found)))
    if _is_record(expected):
        return _part_difference(_parts(expected), _parts(found))
    if not _compares_values(expected) or expected == found or _both_nan(expected, found):
        return ""
    return f"expected {_shown(expected)}, found {_shown(found)}"


def _array_difference(expected: Array | np.ndarray[Any, Any], found: Array | np.ndarray[Any, Any]
                      ) -> str:
    one, other = (each if isinstance(each, Array) else Array(each) for each in (expected, found))
    types = one.element_type, other.element_type
    if types[0] != types[1] or one.data.shape != other.data.shape:
        return f"expected {types[0]} {one.data.shape}, found {types[1]} {other.data.shape}"
    if one.data.tobytes() == other.data.tobytes():
        return ""
    return f"expected {_shown(one.data.tolist())}, found {_shown(other.data.tolist())}"


def _part_difference(expected: Mapping[Any, Any], found: Mapping[Any, Any]) -> str:
    if expected.keys() != found.keys():
        return f"expected {_shown(list(expected))}, found {_shown(list(found))}"
    for name, part in expected.items():
        if text := difference(part, found[name]):
            return f"[{name!r}]: {text}".replace("]: [", "][", 1)
    return ""


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "numpy")


def _is_record(value: Any) -> bool:
    return is_dataclass(value) and not isinstance(value, type)


def _parts(value: Any) -> dict[str, Any]:
    return {each.name: getattr(value, each.name) for each in fields(value) if each.init}


def _compares_values(value: object) -> bool:
    """Tell whether equality says more than being the same object."""
    own: object = type(value).__eq__
    return own is not object.__eq__


def _both_nan(one: Any, other: Any) -> bool:
    return isinstance(one, float) and math.isnan(one) and math.isnan(other)


def _shown(value: Any) -> str:
    return f"{value!r:.200}"
