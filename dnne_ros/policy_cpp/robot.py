"""What a policy is to a robot of joints: which it sees and commands, and what is wanted of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.leapp_kinds import commanded_quantity, observed_quantity
from dnne_ros.policies.terms import outside_command, outside_term

_TIMEOUT = 0.1
_RATES = (1.0 / 1800.0, 100_000.0)
"""Hz: two periods are a `timeout` of an hour at most."""
_WANTED = "command/"
"""With it begin the kinds of what is wanted of a robot, such as ``command/body/velocity``."""


@dataclass(frozen=True)
class Robot:
    """A policy whose numbers are all of joints, but for what is wanted of it.

    ``joints``: the ``commanded`` first ones in the policy's order, then others that it sees.
    ``control``: position, velocity or effort.  ``timeout``: silence, in seconds, after which it is
    safe, not less than two periods.  ``least`` and ``greatest``: what commands may be
    by training, in their units; infinite where it did not say.  ``seen``: of each number of an
    observation, its quantity and the place of its joint in ``joints``, or "reference" and the
    place of its name, ``term/column``, in ``references``.
    """

    least_rate, greatest_rate = _RATES

    joints: tuple[str, ...]
    commanded: int
    control: str
    timeout: float
    least: tuple[float, ...]
    greatest: tuple[float, ...]
    seen: tuple[tuple[str, int], ...]
    references: tuple[str, ...] = ()

    @classmethod
    def of(cls, interface: Interface) -> Robot:
        """Return what a node or a controller needs to know; ValueError: why there is neither."""
        actions = interface.actions
        control = commanded_quantity(actions.kind)
        if not control:
            raise ValueError(f"actions are {actions.kind or 'of no known kind'}, not of joints")
        if len(set(actions.columns)) < len(actions.columns):
            raise ValueError("a joint is commanded twice")
        if not _RATES[0] <= interface.rate_hz <= _RATES[1]:
            raise ValueError(f"its rate is {interface.rate_hz:g} Hz, not within {_RATES[0]:.2g} "
                             f"and {_RATES[1]:g}")
        for term in interface.observations:
            if not observed_quantity(term.kind) and not term.kind.startswith(_WANTED):
                raise ValueError(f"observations.{term.name} is {term.kind or 'of no known kind'}, "
                                 "which no joint state has")
            if term.history > 1:
                raise ValueError(f"observations.{term.name} has a history of {term.history}")
        for field in _outside_of_the_network(interface):
            raise ValueError(f"{field} is not inside the network")
        observed = [(quantity, column if quantity else f"{term.name}/{column}")
                    for term in interface.observations for column in term.columns
                    for quantity in [observed_quantity(term.kind)]]
        joints = tuple(dict.fromkeys((*actions.columns, *(
            joint for quantity, joint in observed if quantity))))
        references = tuple(name for quantity, name in observed if not quantity)
        if len({"enable", *references}) <= len(references):
            raise ValueError("two of its references have one name")
        least, greatest = _range(actions)
        return cls(joints, len(actions.columns), control,
                   max(_TIMEOUT, 2.0 / interface.rate_hz), least, greatest,
                   tuple((quantity, joints.index(name)) if quantity
                         else ("reference", references.index(name))
                         for quantity, name in observed), references)

    @property
    def quantities(self) -> frozenset[str]:
        """Return what is seen of joints."""
        return frozenset(quantity for quantity, _ in self.seen) - {"reference"}


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
