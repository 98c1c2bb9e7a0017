"""What a policy is to a robot that speaks JointState: which joints it sees and commands."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.leapp_kinds import commanded_quantity, observed_quantity
from dnne_ros.policies.terms import outside_command, outside_term

_TIMEOUT = 0.1


@dataclass(frozen=True)
class Robot:
    """A policy whose numbers are all of joints.

    ``joints``: the ``commanded`` first ones in the policy's order, then others that it sees.
    ``control``: position, velocity or effort.  ``timeout``: silence, in seconds, after which it is
    safe, not less than two periods.  ``least`` and ``greatest``: what commands may be
    by training, in their units; infinite where it did not say.  ``seen``: of each number of an
    observation, its quantity and the place of its joint in ``joints``.
    """

    joints: tuple[str, ...]
    commanded: int
    control: str
    timeout: float
    least: tuple[float, ...]
    greatest: tuple[float, ...]
    seen: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, interface: Interface) -> Robot:
        """Return what a node needs to know; ValueError saying why there cannot be one."""
        actions = interface.actions
        control = commanded_quantity(actions.kind)
        if not control:
            raise ValueError(f"actions are {actions.kind or 'of no known kind'}, not of joints")
        if len(set(actions.columns)) < len(actions.columns):
            raise ValueError("a joint is commanded twice")
        for term in interface.observations:
            if not observed_quantity(term.kind):
                raise ValueError(f"observations.{term.name} is {term.kind or 'of no known kind'}, "
                                 "which no joint state has")
            if term.history > 1:
                raise ValueError(f"observations.{term.name} has a history of {term.history}")
        for field in _outside_of_the_network(interface):
            raise ValueError(f"{field} is not inside the network")
        observed = [(observed_quantity(term.kind), column) for term in interface.observations
                    for column in term.columns]
        joints = tuple(dict.fromkeys((*actions.columns, *(joint for _, joint in observed))))
        least, greatest = _range(actions)
        return cls(joints, len(actions.columns), control,
                   max(_TIMEOUT, 2.0 / interface.rate_hz), least, greatest,
                   tuple((quantity, joints.index(joint)) for quantity, joint in observed))

    @property
    def quantities(self) -> frozenset[str]:
        """Return what is seen of joints."""
        return frozenset(quantity for quantity, _ in self.seen)


def _outside_of_the_network(interface: Interface) -> Iterator[str]:
    """Yield the fields that would have to be applied to its numbers, with their values.

    Limits are none: the gate keeps them.
    """
    for term in interface.observations:
        left = outside_term(term, interface)
        for name in ("offset", "scale", "clip"):
            if (value := getattr(left, name)) is not None:
                yield f"observations.{term.name}.{name}: {list(value)}"
    command = outside_command(interface)
    for name in ("scale", "offset", "clip"):
        if (value := getattr(command, name, None)) is not None:
            yield f"actions.{name}: {list(value)}"


def _range(actions: ActionTerm) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the least and the greatest command of each joint."""
    count = len(actions.columns)
    if actions.limits is not None:
        low, high = zip(*actions.limits, strict=True)
        return tuple(low), tuple(high)
    if actions.clip is None:
        return (-math.inf,) * count, (math.inf,) * count
    scales, offsets = actions.scale or (1.0,) * count, actions.offset or (0.0,) * count
    ends = [sorted(end * scale + offset for end in actions.clip)
            for scale, offset in zip(scales, offsets, strict=True)]
    return tuple(low for low, _ in ends), tuple(high for _, high in ends)
