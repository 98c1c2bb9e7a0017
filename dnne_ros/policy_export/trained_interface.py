"""What a checkpoint says of its policy's interface (``contract.json``), as format 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from dnne_ros.policies.interface import (
    JOINT_STATE,
    QUANTITIES,
    ActionTerm,
    Interface,
    ObservationTerm,
)

_WITHIN = (-1.0, 1.0)
"""What a network's output is clipped to where the node behind it has a scale."""


def trained_interface(contract: Mapping[str, Any], *, normalized: bool, choices: int,
                      checkpoint: str, states: tuple[str, ...] = ()) -> Interface:
    """Return the interface that a policy was trained with.

    ``normalized``: observations are, inside.  ``choices``: so many an action is the numbers of,
    and what they mean is left to the task; 0: it is none.  Raises ValueError naming what the
    contract lacks.
    """
    lacking = [name for name in ("observations", "actions", "rate_hz") if name not in contract]
    if lacking:
        raise ValueError(f"nothing is known of its {', '.join(lacking)}")
    joints = tuple(contract.get("joints", ()))
    observed, commanded = contract["observations"], contract["actions"]
    scale = None if choices else _for_each(contract.get("action_scale"), commanded)
    kind, columns = _command(commanded, joints)
    if choices:
        kind, columns = "", ("choice",) if choices == 1 else tuple(
            f"choice_{number}" for number in range(1, choices + 1))
    actions = ActionTerm(
        kind, columns,
        ("",) * choices if choices else _units(contract.get("action_units"), commanded),
        scale=scale, clip=None if scale is None else _WITHIN)
    inside = [name for name, is_inside in (
        ("normalization", normalized), ("action_clip", actions.clip is not None),
        ("action_scale", scale is not None)) if is_inside]
    return Interface(
        task=str(contract.get("task", "")), joints=joints, rate_hz=float(contract["rate_hz"]),
        observations=_terms(observed, _units(contract.get("observation_units"), observed), joints),
        actions=actions, inside=tuple(inside), states=states,
        checkpoint=checkpoint)


def _terms(observed: Sequence[str], units: Sequence[str], joints: Sequence[str]
           ) -> tuple[ObservationTerm, ...]:
    """Return one term for each run of columns that are of one quantity."""
    parts = [(*_of_joint(name, joints), unit) for name, unit in zip(observed, units, strict=True)]
    terms: list[ObservationTerm] = []
    for quantity, run in groupby(parts, key=lambda part: part[1]):
        columns = list(run)
        name = f"joint_{quantity}" if quantity else "observation"
        count = sum(term.name.rstrip("0123456789").rstrip("_") == name for term in terms)
        terms.append(ObservationTerm(
            name if not count else f"{name}_{count + 1}",
            f"{JOINT_STATE}{quantity}" if quantity else "",
            tuple(column for column, _, _ in columns), tuple(unit for _, _, unit in columns)))
    return tuple(terms)


def _command(commanded: Sequence[str], joints: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Return the kind of commands, and what they are for."""
    parts = [_of_joint(name, joints) for name in commanded]
    quantities = {quantity for _, quantity in parts}
    if len(quantities) == 1 and quantities != {""}:
        return f"command/joint/{quantities.pop()}", tuple(joint for joint, _ in parts)
    return "", tuple(commanded)


def _of_joint(name: str, joints: Sequence[str]) -> tuple[str, str]:
    """Return (joint, quantity) of ``joint.quantity``; (name, "") of anything else."""
    joint, _, quantity = name.rpartition(".")
    return (joint, quantity) if joint in joints and quantity in QUANTITIES else (name, "")


def _units(units: Sequence[str] | None, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(units) if units is not None and len(units) == len(columns) \
        else ("",) * len(columns)


def _for_each(scale: Sequence[float] | None, columns: Sequence[str]) -> tuple[float, ...] | None:
    if scale is None:
        return None
    return tuple(map(float, scale)) * (len(columns) if len(scale) == 1 else 1)
