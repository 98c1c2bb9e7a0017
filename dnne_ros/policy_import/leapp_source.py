"""Bundles of LEAPP 1.x with one ONNX model, as Isaac Lab exports them.

https://pypi.org/project/leapp: the YAML names ports with their kinds and element names; what is
fed back is state; kp and kd are outputs that never change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from dnne_ros.durable_files import read_file
from dnne_ros.policies.bundle import input_of
from dnne_ros.policies.interface import JOINT_STATE, ActionTerm, Interface, ObservationTerm
from dnne_ros.policy_import.onnx_source import read_onnx, real_inputs, shape_of
from dnne_ros.policy_import.wrapping import State, Wrapping

if TYPE_CHECKING:
    from onnx import ModelProto

_GAINS = ("kp", "kd")


@dataclass(frozen=True)
class LeappPolicy:
    """The model of a LEAPP bundle, and how it becomes a bundle of ours."""

    model: ModelProto
    wrapping: Wrapping
    interface: Interface


def read_leapp(path: Path) -> LeappPolicy:
    """Return the policy in a LEAPP folder, or described by its YAML file.

    Raises OSError for a file that cannot be read, ValueError for a model that is not the one
    described (its SHA-256 differs), and for what is described otherwise than is understood here.
    """
    path = _description(path)
    try:
        document = yaml.safe_load(read_file(path).decode("utf-8"))
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        if isinstance(error, OSError):
            raise
        raise ValueError(f"not YAML: {' '.join(str(error).split())[:200]}") from None
    try:
        (node, described), *others = document["models"].items()
        pipeline, parameters = document["pipeline"], described["parameters"]
        if others:
            raise ValueError(f"expected one model, found {', '.join(document['models'])}")
        model = _model(path.parent, parameters)
        inputs, outputs = ({port["name"]: port for port in described[name]}
                           for name in ("inputs", "outputs"))
        states = _states(path.parent, node, pipeline)
        observed = [inputs[name] for name in pipeline["inputs"][node]]
        given = [outputs[name] for name in pipeline["outputs"][node]]
        actions = [port for port in given if port.get("kind") not in _GAINS]
        interface = _interface(
            observed, actions, rate_hz=float((pipeline.get("configs") or {})["frequency"]),
            gains=_gains(model, [port for port in given if port.get("kind") in _GAINS]),
            states=tuple(states), checkpoint=str(parameters["sha256sum"]))
    except KeyError as error:
        raise ValueError(f"expected a LEAPP description, found no {error}") from None
    except (AttributeError, TypeError) as error:
        raise ValueError(f"expected a LEAPP description: {error!s:.200}") from None
    return LeappPolicy(model, Wrapping(
        [port["name"] for port in observed], [port["name"] for port in actions], states,
        ActionTerm("", (), ())), interface)


def _description(path: Path) -> Path:
    if not path.is_dir():
        return path
    found = sorted(each for each in path.iterdir() if each.suffix in (".yaml", ".yml"))
    if len(found) != 1:
        raise ValueError("expected one .yaml in the folder, found "
                         f"{', '.join(each.name for each in found) or 'none'}")
    return found[0]


def _beside(folder: Path, name: Any) -> Path:
    """Return a file that the description names; ValueError unless it lies in its folder."""
    if not isinstance(name, str) or Path(name).name != name:
        raise ValueError(f"expected the name of a file in the folder, found {name!r:.80}")
    return folder / name


def _model(folder: Path, parameters: Mapping[str, Any]) -> ModelProto:
    """Return the model; ValueError if it is not the one that was described."""
    if parameters["backend"] != "onnx":
        raise ValueError(f"expected a model of backend onnx, found {parameters['backend']!r:.40}")
    path = _beside(folder, parameters["model_path"])
    found = hashlib.sha256(read_file(path)).hexdigest()
    if found != parameters["sha256sum"]:
        raise ValueError(f"{path.name} is not the model that was described: expected SHA-256 "
                         f"{parameters['sha256sum']!s:.64}, found {found}")
    return read_onnx(path)


def _states(folder: Path, node: str, pipeline: Mapping[str, Any]) -> dict[str, State]:
    """Return what is fed back, by name: ``hidden`` of ``hidden_in``."""
    initial: Mapping[str, np.ndarray] = {}
    if pipeline.get("initial_values"):
        from safetensors.numpy import load

        initial = load(read_file(_beside(folder, pipeline["initial_values"])))
    states: dict[str, State] = {}
    for source, targets in (pipeline.get("feedback_flow") or {}).items():
        for target in targets:
            output, input = (name.removeprefix(f"{node}/") for name in (source, target))
            begins = initial.get(target)
            states[input.removesuffix(input_of(""))] = State(
                input, output, begins if begins is not None and begins.any() else None)
    return states


def _interface(observed: Sequence[Mapping[str, Any]], actions: Sequence[Mapping[str, Any]], *,
               rate_hz: float, gains: Mapping[str, Mapping[str, float]],
               states: tuple[str, ...], checkpoint: str) -> Interface:
    """Return what the ports say; ValueError if actions are of several kinds."""
    kinds = sorted({str(port.get("kind") or "") for port in actions})
    if len(kinds) != 1:
        raise ValueError(f"expected actions of one kind, found {', '.join(kinds) or 'none'}")
    terms = tuple(ObservationTerm(str(port["name"]), str(port.get("kind") or ""),
                                  columns := _elements(port), _units(port, len(columns)))
                  for port in observed)
    command = ActionTerm(
        kinds[0], tuple(name for port in actions for name in _elements(port)),
        tuple(unit for port in actions for unit in _units(port, len(_elements(port)))),
        kp=gains.get("kp", {}), kd=gains.get("kd", {}))
    joints = dict.fromkeys(column for term in terms if term.kind.startswith(JOINT_STATE)
                           for column in term.columns)
    interface = Interface("", tuple(joints), rate_hz, terms, command, states=states,
                          checkpoint=checkpoint)
    return Interface.from_json(interface.to_json())  # which checks every field


def _elements(port: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a port's numbers: ``name[3]`` where it has no element names."""
    shape = port["shape"]
    size = int(np.prod((json.loads(shape) if isinstance(shape, str) else shape)[1:]))
    names: Sequence[Any] = port.get("element_names") or ()
    while len(names) == 1 and isinstance(names[0], list):
        names = names[0]
    if len(names) == size and all(isinstance(name, str) for name in names):
        return tuple(names)
    return tuple(f"{port['name']}[{number}]" for number in range(size))


def _units(port: Mapping[str, Any], size: int) -> tuple[str, ...]:
    units = port.get("units") or ""
    if isinstance(units, str):
        return (units,) * size
    return tuple(map(str, units)) if len(units) == size else ("",) * size


def _gains(model: ModelProto, ports: Sequence[Mapping[str, Any]]
           ) -> dict[str, dict[str, float]]:
    """Return what the outputs for gains give, by kind and element."""
    if not ports:
        return {}
    from onnx.reference import ReferenceEvaluator

    zeros = {each.name: np.zeros([size or 1 for size in shape_of(each)], np.float32)
             for each in real_inputs(model.graph)}
    values = ReferenceEvaluator(model).run([port["name"] for port in ports], zeros)
    return {port["kind"]: dict(zip(_elements(port), map(float, np.ravel(value)), strict=True))
            for port, value in zip(ports, values, strict=True)}
