"""What the kinds of LEAPP's tensors are in ROS messages: joint states, an IMU, a velocity.

A tensor that is none of these, or whose elements do not say which is which, stays a tensor.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from dnne_ros.policies.interface import QUANTITIES
from dnne_ros.policies.leapp_bundle import LeappTensor

_QUANTITY = {**{name: name for name in QUANTITIES}, "torques": "effort"}
_OBSERVED = re.compile(r"state/joint/(position|velocity|effort)")
_COMMANDED = re.compile(r"(?:target|command)/joint/(position|velocity|effort|torques)")
_VELOCITY = re.compile(r"(lin(?:ear)?|ang(?:ular)?)(?:_?vel(?:ocity)?)?_?([xyz])")
IMU_ELEMENTS = (*(f"orientation.{axis}" for axis in "xyzw"),
                *(f"angular_velocity.{axis}" for axis in "xyz"),
                *(f"linear_acceleration.{axis}" for axis in "xyz"))
"""What an IMU measures, in the order of a row; the quaternion is xyzw, as in ROS."""
_IMU_KINDS = {"state/body/rotation": "orientation",
              "state/body/angular_velocity": "angular_velocity",
              "state/body/linear_acceleration": "linear_acceleration"}


@dataclass(frozen=True)
class Joints:
    """One quantity (position in rad or m, …) of joints, in the order of a tensor's elements."""

    quantity: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Messages:
    """Which tensors come in or go out as messages, by ``model/tensor``.

    ``imu`` and ``velocity`` give, for each element of a tensor, its place in a row: that of
    `IMU_ELEMENTS`, and linear x, y, z then angular x, y, z.
    """

    joints: Mapping[str, Joints] = field(default_factory=dict)
    imu: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    velocity: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def ends(self) -> set[str]:
        """Return the tensors that need no port of their own."""
        return {*self.joints, *self.imu, *self.velocity}


def observed_quantity(kind: str) -> str:
    """Return which quantity of a joint state a kind is, "" if none."""
    match = _OBSERVED.fullmatch(kind)
    return _QUANTITY[match[1]] if match else ""


def commanded_quantity(kind: str) -> str:
    """Return which quantity of joints a kind commands, "" if none."""
    match = _COMMANDED.fullmatch(kind)
    return _QUANTITY[match[1]] if match else ""


def observed_messages(inputs: Mapping[str, LeappTensor]) -> Messages:
    """Return which inputs of a bundle are in joint states, an IMU reading, a velocity command.

    There is one IMU: kinds that come twice, as of two bodies, are not of it.
    """
    rows = {end: tensor for end, tensor in inputs.items() if _is_row(tensor)}
    kinds = Counter(tensor.kind for tensor in rows.values())
    once = {end: tensor for end, tensor in rows.items() if kinds[tensor.kind] == 1}
    return Messages(_joints(observed_quantity, rows), _placed(_imu_places, once),
                    _placed(_velocity_places, once))


def commanded_joints(outputs: Mapping[str, LeappTensor]) -> Mapping[str, Joints]:
    """Return which outputs of a bundle command joints by name."""
    return _joints(commanded_quantity, {end: tensor for end, tensor in outputs.items()
                                if _is_row(tensor)})


def _is_row(tensor: LeappTensor) -> bool:
    """Tell whether it is one row of float32, whatever axes of length 1 are around it."""
    return tensor.dtype == "float32" and len(tensor.shape) > 0 \
        and all(size == 1 for size in tensor.shape[:-1])


def _joints(quantity_of: Callable[[str], str], tensors: Mapping[str, LeappTensor]
            ) -> dict[str, Joints]:
    return {end: Joints(quantity, tensor.elements) for end, tensor in tensors.items()
            if tensor.elements and (quantity := quantity_of(tensor.kind))}


def _placed(places: Callable[[LeappTensor], tuple[int, ...]],
            tensors: Mapping[str, LeappTensor]) -> dict[str, tuple[int, ...]]:
    return {end: found for end, tensor in tensors.items() if (found := places(tensor))}


def _imu_places(tensor: LeappTensor) -> tuple[int, ...]:
    """Return where a tensor's elements are in a row of an IMU; () if it is none of its."""
    quantity = _IMU_KINDS.get(tensor.kind)
    if quantity is None:
        return ()
    axes = [name[-1].lower() for name in tensor.elements if name]
    if quantity == "orientation" and len(axes) != 4:
        return ()
    if not tensor.elements and quantity != "orientation" and tensor.shape[-1] == 3:
        axes = list("xyz")  # of a quaternion nobody knows where w is
    return _all_found((f"{quantity}.{axis}" for axis in axes), IMU_ELEMENTS, tensor.shape[-1])


def _velocity_places(tensor: LeappTensor) -> tuple[int, ...]:
    """Return where a velocity command's elements are in a Twist; () if they do not say."""
    if tensor.kind != "command/body/velocity":
        return ()
    matches = [_VELOCITY.fullmatch(name.lower()) for name in tensor.elements]
    words = (f"{match[1][:3]}.{match[2]}" if match else "" for match in matches)
    return _all_found(words, [f"{part}.{axis}" for part in ("lin", "ang") for axis in "xyz"],
                      tensor.shape[-1])


def _all_found(words: Iterable[str], known: Iterable[str], size: int) -> tuple[int, ...]:
    place = {name: number for number, name in enumerate(known)}
    found = [place.get(word, -1) for word in words]
    return tuple(found) if len(found) == size == len(set(found)) and -1 not in found else ()
