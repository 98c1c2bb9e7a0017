"""Tensors of a policy out of what robots publish: by the names of joints, by axes."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from dnne_ros.messages.gathering import PartGatherer
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.reading import NumberReader
from dnne_ros.policies.interface import QUANTITIES
from dnne_ros.policies.leapp_kinds import IMU_ELEMENTS, Joints
from dnne_ros.transport.payload import ImuReading, JointStates, Velocity


class MessageInput(Protocol):
    """What is known from one kind of message; times are seconds of ``context.steady``."""

    def take(self, value: Any, now: float, age: float, *, all_new: bool) -> None:
        """Take in a message that came at ``now``; parts add up for ``age`` seconds.

        ``all_new``: what adds up counts once all of it is new.  ValueError for one of no use.
        """
        ...

    def rows(self, now: float, age: float) -> dict[str, np.ndarray] | None:
        """Return float32 (elements,) by ``model/tensor``, None while more may come.

        ValueError for what is missing, older than ``age`` seconds, or not finite.
        """
        ...


class JointInput:
    """Joint states, whole or in parts, in any order and with other joints among them."""

    def __init__(self, tensors: Mapping[str, Joints]):
        """Look for the joints of ``tensors``."""
        names = tuple(dict.fromkeys(
            name for joints in tensors.values() for name in joints.names))
        quantities = [each for each in QUANTITIES
                      if each in {joints.quantity for joints in tensors.values()}]
        self._reader = NumberReader(message_class("sensor_msgs/msg/JointState"),
                                    ",".join(quantities), names=names)
        self._gatherer = PartGatherer(self._reader)
        self._places = {end: np.array([
            quantities.index(joints.quantity) * len(names) + names.index(name)
            for name in joints.names]) for end, joints in tensors.items()}
        self._numbers: np.ndarray | None = None

    def take(self, value: JointStates, now: float, age: float, *, all_new: bool) -> None:
        """Take in joint states."""
        self._numbers = None
        message = SimpleNamespace(name=value.names, position=value.position,
                                  velocity=value.velocity, effort=value.effort)
        self._numbers = self._gatherer.add(message, now, age, all_new=all_new)

    def rows(self, now: float, age: float) -> dict[str, np.ndarray] | None:
        """Return quantities of joints, in the order in which the policy has them."""
        if self._numbers is None:
            if complaint := self._gatherer.complaint(now, age):
                raise ValueError(complaint)
            return None
        wrong = np.flatnonzero(~np.isfinite(self._numbers))
        if wrong.size:
            raise ValueError(
                f"no number for {', '.join(self._reader.columns[at] for at in wrong)}")
        return {end: self._numbers[places].astype(np.float32)
                for end, places in self._places.items()}


class ImuInput:
    """The newest reading of an inertial sensor."""

    def __init__(self, tensors: Mapping[str, tuple[int, ...]]):
        """Take the elements of ``tensors`` from the places that they have in `IMU_ELEMENTS`."""
        self._places = {end: list(places) for end, places in tensors.items()}
        self._row: np.ndarray | None = None
        self._came = 0.0

    def take(self, value: ImuReading, now: float, age: float, *, all_new: bool) -> None:
        """Take in a reading."""
        self._row = np.concatenate([value.orientation, value.angular_velocity,
                                    value.linear_acceleration])
        self._came = now

    def rows(self, now: float, age: float) -> dict[str, np.ndarray] | None:
        """Return what the policy sees of the newest reading."""
        if self._row is None:
            return None
        if now - self._came > age:
            raise ValueError(f"the IMU's reading is {now - self._came:.3g} s old")
        wrong = [IMU_ELEMENTS[place] for places in self._places.values() for place in places
                 if not np.isfinite(self._row[place])]
        if wrong:
            raise ValueError(f"no number for {', '.join(wrong)}")
        return {end: self._row[places].astype(np.float32)
                for end, places in self._places.items()}


class VelocityInput:
    """The velocity that is wanted: zero, unless somebody keeps asking for another."""

    def __init__(self, tensors: Mapping[str, tuple[int, ...]]):
        """Take elements from linear x, y, z and angular x, y, z, at the places in ``tensors``."""
        self._places = {end: list(places) for end, places in tensors.items()}
        self._row = np.zeros(6)
        self._came = 0.0

    def take(self, value: Velocity, now: float, age: float, *, all_new: bool) -> None:
        """Take in a command; ValueError for one that is not finite."""
        row = np.concatenate([value.linear, value.angular])
        if not np.isfinite(row).all():
            raise ValueError(f"a velocity command that is not finite: {row.tolist()}")
        self._row, self._came = row, now

    def rows(self, now: float, age: float) -> dict[str, np.ndarray] | None:
        """Return the command; one that is too old counts no more."""
        row = self._row if now - self._came <= age else np.zeros(6)
        return {end: row[places].astype(np.float32) for end, places in self._places.items()}
