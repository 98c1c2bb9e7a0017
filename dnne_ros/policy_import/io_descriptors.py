"""Isaac Lab's ``IO_descriptors.yaml``: what a bare ``policy.onnx`` of it takes and gives.

Written by ``ManagerBasedEnv.export_IO_descriptors``.  Observations are clipped, scaled, and then
kept in a history, all columns of one time after the other; actions are scaled, moved by an offset,
and then clipped: https://isaac-sim.github.io/IsaacLab
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dnne_ros import strict_yaml
from dnne_ros.errors import InputError, Problems
from dnne_ros.policies.interface import JOINT_STATE, ActionTerm, Interface, ObservationTerm

_GROUP = "policy"
_JOINT_TERMS = {"pos": ("position", "rad"), "vel": ("velocity", "rad/s"),
                "effort": ("effort", "N·m")}
_JOINT_ACTIONS = {"position": "rad", "velocity": "rad/s", "effort": "N·m"}


def interface_of(path: Path, data: bytes) -> Interface:
    """Return the interface that a file describes; `InputError` with all that is wrong."""
    try:
        document = strict_yaml.loads(data)
    except ValueError as error:
        raise InputError(str(path), [f"not YAML: {error}"]) from None
    if not isinstance(document, Mapping):
        raise InputError(str(path), ["expected Isaac Lab's IO descriptors, found no mapping"])
    problems = Problems(str(path))
    observations = [term for number, each in enumerate(_list(
        _mapping(document, "observations"), _GROUP, "observations", problems))
        if (term := _tried(_observation, each, f"observations.{_GROUP}[{number}]", problems))]
    actions = [term for number, each in enumerate(_list(document, "actions", "", problems))
               if (term := _tried(_action, each, f"actions[{number}]", problems))]
    scene = _mapping(document, "scene")
    period = _positive(scene, "dt", problems)
    if not len(problems) and not (observations and actions):
        problems.add("expected at least one observation and one action")
    problems.raise_if_any()
    try:
        command = _joined(actions)
        articulation = _articulation(_mapping(document, "articulations"), command.columns)
        kp, kd = (_gains(articulation, f"default_joint_{name}", command.columns)
                  for name in ("stiffness", "damping"))
        joints = tuple(map(str, articulation.get("joint_names", command.columns)))
        interface = Interface(
            task="", joints=joints, rate_hz=1.0 / period, observations=tuple(observations),
            actions=ActionTerm(**{**vars(command), "kp": kp, "kd": kd}),
            step_seconds=_number(scene.get("physics_dt")), decimation=scene.get("decimation"))
        return Interface.from_json(interface.to_json())  # which checks every field
    except (ValueError, TypeError) as error:
        raise InputError(str(path), [str(error)]) from None


def _observation(item: Mapping[str, Any]) -> ObservationTerm:
    """Return a term; ValueError for one that cannot be told of in the interface's words."""
    name, overloads = str(item["name"]), item.get("overloads") or {}
    extras = item.get("extras") or {}
    if overloads.get("modifiers") or extras.get("modifiers"):
        raise ValueError("has modifiers, which are not understood")
    joints = item.get("joint_names")
    size = _size(item, joints)
    quantity, unit = "", str(extras.get("units") or "")
    if joints:
        quantity, unit = next((
            (quantity, unit) for word, (quantity, unit) in _JOINT_TERMS.items()
            if f"joint_{word}" in name), ("", unit))
    scale = _each(overloads.get("scale"), size, "scale")
    columns = tuple(map(str, joints)) if joints and len(joints) == size else tuple(
        f"{name}.{axis}" for axis in _axes(item, extras, size))
    is_relative = name.endswith("_rel")
    offset = item.get(f"joint_{quantity[:3]}_offsets") if is_relative and quantity else None
    return ObservationTerm(
        name, f"{JOINT_STATE}{quantity}" if quantity else "", columns, (unit,) * size,
        offset=_each(offset, size, "offsets"), scale=scale,
        clip=_clip(overloads.get("clip"), scale),
        history=max(1, int(overloads.get("history_length") or 0)))


def _action(item: Mapping[str, Any]) -> ActionTerm:
    """Return a term of joints; ValueError for any other."""
    if item.get("action_type") != "JointAction":
        raise ValueError(f"expected a JointAction, found {item.get('action_type')!s:.40}")
    path = str(item.get("full_path") or item["name"])
    quantity = next((each for each in _JOINT_ACTIONS if f"joint{each}" in path.lower()), "")
    if not quantity or "relative" in path.lower():
        raise ValueError(f"expected an action of joint positions, velocities or efforts, found "
                         f"{path:.80}")
    joints = tuple(map(str, item["joint_names"]))
    pairs = item.get("clip")
    return ActionTerm(
        f"command/joint/{quantity}", joints, (_JOINT_ACTIONS[quantity],) * len(joints),
        scale=_each(item.get("scale"), len(joints), "scale"),
        offset=_each(item.get("offset"), len(joints), "offset"),
        limits=None if pairs is None else tuple(
            (float(low), float(high)) for low, high in pairs))


def _joined(terms: Sequence[ActionTerm]) -> ActionTerm:
    """Return the terms, one after the other, as one; ValueError if they command differently."""
    kinds = sorted({term.kind for term in terms})
    if len(kinds) > 1:
        raise ValueError(f"actions: expected one kind, found {', '.join(kinds)}")

    def all_of(name: str, neutral: Any) -> Any:
        found = [getattr(term, name) for term in terms]
        if all(values is None for values in found):
            return None
        return tuple(value for term, values in zip(terms, found, strict=True)
                     for value in (values or (neutral,) * len(term.columns)))

    return ActionTerm(
        kinds[0], tuple(name for term in terms for name in term.columns),
        tuple(unit for term in terms for unit in term.units), scale=all_of("scale", 1.0),
        offset=all_of("offset", 0.0), limits=all_of("limits", (-3e38, 3e38)))


def _articulation(found: Mapping[str, Any], joints: Sequence[str]) -> Mapping[str, Any]:
    """Return the articulation with all of the commanded joints, {} if there is none."""
    return next((each for each in found.values() if isinstance(each, Mapping)
                 and {*joints} <= {*(each.get("joint_names") or ())}), {})


def _gains(articulation: Mapping[str, Any], name: str, joints: Sequence[str]
           ) -> dict[str, float]:
    """Return gains of the commanded joints by name, {} where nothing is said of them."""
    values = articulation.get(name)
    if values is None:
        return {}
    names = articulation["joint_names"]
    if len(values) != len(names):
        raise ValueError(f"{name}: expected {len(names)}, one for each joint, found {len(values)}")
    by_name = dict(zip(map(str, names), map(float, values), strict=True))
    return {joint: by_name[joint] for joint in joints}


def _clip(clip: Any, scale: tuple[float, ...] | None) -> tuple[float, float] | None:
    """Return bounds behind the scale of those before it; ValueError if they differ by column."""
    if clip is None:
        return None
    if len({*(scale or (1.0,))}) > 1:
        raise ValueError("has a clip and a scale that differs by column, which is not understood")
    low, high = sorted(float(end) * (scale or (1.0,))[0] for end in clip)
    return low, high


def _size(item: Mapping[str, Any], joints: Any) -> int:
    shape = item.get("shape")
    if isinstance(shape, Sequence) and len(shape) == 1:
        return int(shape[0])
    if shape is None and joints:
        return len(joints)
    raise ValueError(f"expected a shape of one axis, found {shape!r:.40}")


def _axes(item: Mapping[str, Any], extras: Mapping[str, Any], size: int) -> Sequence[str]:
    """Return names of a term's columns: its axes, where it has some, else numbers."""
    axes = extras.get("axes") or item.get("axes")
    return [str(axis).lower() for axis in axes] if axes and len(axes) == size else [
        str(number) for number in range(size)]


def _each(values: Any, size: int, name: str) -> tuple[float, ...] | None:
    """Return a number for each column; ValueError for another number of them."""
    if values is None:
        return None
    found = [values] * size if isinstance(values, (int, float)) else list(values)
    if len(found) != size:
        raise ValueError(f"{name}: expected {size}, one for each column, found {len(found)}")
    return tuple(map(float, found))


def _tried(make: Any, item: Any, place: str, problems: Problems) -> Any:
    """Return what ``make`` makes of a term, None if that cannot be, which is noted."""
    try:
        if not isinstance(item, Mapping):
            raise ValueError(f"expected a term, found {item!r:.40}")
        return make(item)
    except KeyError as error:
        problems.add(f"{place}: {error} is missing")
    except (ValueError, TypeError, AttributeError) as error:
        problems.add(f"{place}: {error}")
    return None


def _list(document: Mapping[str, Any], name: str, above: str, problems: Problems) -> list[Any]:
    value = document.get(name)
    if isinstance(value, list):
        return value
    problems.add(f"{above}{'.' * bool(above)}{name}: expected a list of terms, found "
                 f"{type(value).__name__}")
    return []


def _mapping(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, Mapping) else {}


def _positive(scene: Mapping[str, Any], name: str, problems: Problems) -> float:
    value = _number(scene.get(name))
    if value is None or value <= 0.0:
        problems.add(f"scene.{name}: expected seconds, found {scene.get(name)!r:.40}")
        return 1.0
    return value


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None
