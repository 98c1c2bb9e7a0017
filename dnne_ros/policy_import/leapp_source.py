"""Bundles of LEAPP with one ONNX model, as Isaac Lab exports them.

What is fed back is state; kp and kd are outputs that never change.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError
from dnne_ros.policies.bundle import input_of
from dnne_ros.policies.interface import JOINT_STATE, ActionTerm, Interface, ObservationTerm
from dnne_ros.policies.leapp_bundle import LeappBundle, LeappTensor, read_leapp_bundle
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

    Raises `InputError` with all that the description has wrong, OSError for a file that cannot be
    read, and ValueError for what cannot be in one bundle of ours.
    """
    bundle = read_leapp_bundle(path)
    (described, *others) = bundle.models.values()
    if others:
        raise ValueError(f"expected one model, found {', '.join(bundle.models)}")
    if bundle.rate_hz is None:
        raise ValueError("pipeline.configs.frequency: expected a rate in Hz, found none")
    model = read_onnx(described.path)
    observed, given = list(bundle.inputs.values()), list(bundle.outputs.values())
    actions = [tensor for tensor in given if tensor.kind not in _GAINS]
    states = _states(bundle)
    interface = _interface(
        observed, actions, rate_hz=bundle.rate_hz,
        gains=_gains(model, [tensor for tensor in given if tensor.kind in _GAINS]),
        states=tuple(states), checkpoint=described.digest)
    return LeappPolicy(model, Wrapping(
        [tensor.name for tensor in observed], [tensor.name for tensor in actions], states,
        ActionTerm("", (), ())), interface)


def _states(bundle: LeappBundle) -> dict[str, State]:
    """Return what is fed back, by name: ``hidden`` of ``hidden_in``."""
    initial: Mapping[str, np.ndarray] = {}
    if bundle.initial is not None:
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            initial = load(read_file(bundle.initial))
        except SafetensorError as error:
            raise InputError(str(bundle.initial), [f"no initial values: {error}"]) from None
    states: dict[str, State] = {}
    for target, source in bundle.feedback.items():
        output, input = (end.partition("/")[2] for end in (source, target))
        begins = initial.get(target)
        states[input.removesuffix(input_of(""))] = State(
            input, output, begins if begins is not None and begins.any() else None)
    return states


def _interface(observed: Sequence[LeappTensor], actions: Sequence[LeappTensor], *,
               rate_hz: float, gains: Mapping[str, Mapping[str, float]],
               states: tuple[str, ...], checkpoint: str) -> Interface:
    """Return what the ports say; ValueError if actions are of several kinds."""
    kinds = sorted({tensor.kind for tensor in actions})
    if len(kinds) != 1:
        raise ValueError(f"expected actions of one kind, found {', '.join(kinds) or 'none'}")
    terms = tuple(ObservationTerm(tensor.name, tensor.kind, _elements(tensor), _units(tensor))
                  for tensor in observed)
    command = ActionTerm(
        kinds[0], tuple(name for tensor in actions for name in _elements(tensor)),
        tuple(unit for tensor in actions for unit in _units(tensor)),
        kp=gains.get("kp", {}), kd=gains.get("kd", {}))
    joints = dict.fromkeys(column for term in terms if term.kind.startswith(JOINT_STATE)
                           for column in term.columns)
    interface = Interface("", tuple(joints), rate_hz, terms, command, states=states,
                          checkpoint=checkpoint)
    return Interface.from_json(interface.to_json())  # which checks every field


def _elements(tensor: LeappTensor) -> tuple[str, ...]:
    """Return the names of a tensor's numbers: ``name[3]`` where it has no element names."""
    size = math.prod(tensor.shape[1:])
    if len(tensor.elements) == size:
        return tensor.elements
    return tuple(f"{tensor.name}[{number}]" for number in range(size))


def _units(tensor: LeappTensor) -> tuple[str, ...]:
    size = math.prod(tensor.shape[1:])
    if len(tensor.units) == 1:
        return tensor.units * size
    return tensor.units if len(tensor.units) == size else ("",) * size


def _gains(model: ModelProto, tensors: Sequence[LeappTensor]) -> dict[str, dict[str, float]]:
    """Return what the outputs for gains give, by kind and element."""
    if not tensors:
        return {}
    from onnx.reference import ReferenceEvaluator

    zeros = {each.name: np.zeros([size or 1 for size in shape_of(each)], np.float32)
             for each in real_inputs(model.graph)}
    values = ReferenceEvaluator(model).run([tensor.name for tensor in tensors], zeros)
    return {tensor.kind: dict(zip(_elements(tensor), map(float, np.ravel(value)), strict=True))
            for tensor, value in zip(tensors, values, strict=True)}
