"""From a file of another program to a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dnne_ros import strict_json
from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.policies.bundle import DESCRIPTION, GOLDEN, INTERFACE, MODEL
from dnne_ros.policies.checking import check_files
from dnne_ros.policies.golden import (
    STEPS,
    drawn_observations,
    golden_file,
    golden_vectors,
    replay,
)
from dnne_ros.policies.interface import ActionTerm, Interface
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.model_ports import find_ports
from dnne_ros.policies.onnx_file import onnx_model, stated_interface
from dnne_ros.policies.runtimes import installed_runtimes
from dnne_ros.policy_import.given_interface import done_inside, given_interface, of_network
from dnne_ros.policy_import.leapp_source import read_leapp
from dnne_ros.policy_import.onnx_source import read_onnx, real_inputs
from dnne_ros.policy_import.wrapping import State, Wrapping, wrapped_model

if TYPE_CHECKING:
    from onnx import ModelProto

    from dnne_ros.policies.network import PolicyNetwork
    from dnne_ros.policy_import.vec_normalize import ObservationNormalizer

T = TypeVar("T")
PROGRAMS = ("rsl_rl", "sb3", "onnx", "leapp")
_NORMALIZERS = ("vecnormalize.pkl", "vec_normalize.pkl")
"""How the pickle of `VecNormalize` is mostly called, beside a model."""


@dataclass(frozen=True)
class Source:
    """A ``file`` of a ``program``, one of `PROGRAMS`, and what else is known of its policy.

    ``interface``: a file that says what its numbers mean.  ``activation``: that of rsl_rl's hidden
    layers, which its file does not say.  ``normalizer``: the pickle of Stable-Baselines3's
    `VecNormalize`; None: one beside the file, if there is one.  ``trust``: pickles may be loaded.
    """

    program: str
    file: Path
    interface: Path | None = None
    activation: str = ""
    normalizer: Path | None = None
    trust: bool = False


def imported_bundle(source: Source) -> dict[str, bytes]:
    """Return the files of a bundle; the same source gives the same bytes.

    Raises `InputError` with all that is wrong.
    """
    problems = Problems(str(source.file))
    _check_words(source, problems)
    makers = {"rsl_rl": _of_rsl_rl, "sb3": _of_stable_baselines, "onnx": _of_onnx,
              "leapp": _of_leapp}
    files = makers[source.program](source, problems)
    problems.raise_if_any()
    assert files is not None  # or there was a problem
    check_files(source.file, files)
    return files


def _check_words(source: Source, problems: Problems) -> None:
    """Note what was said that means nothing for the program."""
    for name, program, is_said in (
            ("--activation", "rsl_rl", bool(source.activation)),
            ("--vecnormalize", "sb3", source.normalizer is not None)):
        if is_said and source.program != program:
            problems.add(f"{name} is for {program}")
    if source.program == "leapp" and source.interface is not None:
        problems.add("--interface is not for leapp, whose description says it all")
    if source.program == "rsl_rl" and not source.activation:
        problems.add("a checkpoint of rsl_rl does not say the activation of its hidden layers: "
                     "give --activation; rsl_rl's own default is elu")


def _of_rsl_rl(source: Source, problems: Problems) -> dict[str, bytes] | None:
    from dnne_ros.policy_import.rsl_rl import read_rsl_rl

    network = _tried(lambda: read_rsl_rl(source.file, source.activation), problems)
    interface = _given(source, problems)
    if network is None or interface is None or len(problems):
        return None
    return _tried(lambda: _of_network(source, network, interface, interface.actions), problems)


def _of_stable_baselines(source: Source, problems: Problems) -> dict[str, bytes] | None:
    from dnne_ros.policy_import.stable_baselines import read_stable_baselines

    model = _tried(lambda: read_stable_baselines(source.file), problems)
    normalizer = _normalizer(source, problems)
    interface = _given(source, problems)
    if model is None or interface is None or len(problems):
        return None
    return _tried(lambda: _of_network(
        source, model.normalized(normalizer).network, interface,
        model.commanded(interface.actions)), problems)


def _normalizer(source: Source, problems: Problems) -> ObservationNormalizer | None:
    """Return the normaliser that was named, or lies beside the model; None if there is none."""
    from dnne_ros.policy_import.vec_normalize import read_vec_normalize

    path = source.normalizer or next(
        (each for each in map(source.file.parent.joinpath, _NORMALIZERS) if each.is_file()), None)
    if path is None:
        return None
    if not source.trust:
        problems.add(f"{path} is a pickle, whose loading may run code: it is loaded only with "
                     "--trust")
        return None
    return _tried(lambda: read_vec_normalize(path), problems, str(path))


def _of_network(source: Source, network: PolicyNetwork, interface: Interface,
                actions: ActionTerm) -> dict[str, bytes]:
    from dnne_ros.policy_import.torch_actions import torch_actions

    network.check()
    completed = of_network(interface, network, actions, _digest(source))
    model = onnx_model(network, completed)
    return _files(model, completed, golden_vectors(torch_actions(network, actions), network))


def _of_onnx(source: Source, problems: Problems) -> dict[str, bytes] | None:
    model = _tried(lambda: read_onnx(source.file), problems)
    ports = None if model is None else _tried(lambda: find_ports(
        (each.name for each in real_inputs(model.graph)),
        (each.name for each in model.graph.output)), problems)
    interface = _given(source, problems, model)
    if model is None or ports is None or interface is None or len(problems):
        return None
    command = ActionTerm("", (), (), **{
        name: getattr(interface.actions, name) for name in ("clip", "scale", "offset", "limits")
        if f"action_{name}" not in interface.inside})
    completed = replace(
        interface, states=tuple(ports.states), checkpoint=_digest(source),
        inside=tuple(dict.fromkeys((*interface.inside, *done_inside(command)))))
    return _tried(lambda: _of_model(model, Wrapping(
        [ports.observations], [ports.actions],
        {name: State(*pair) for name, pair in ports.states.items()}, command), completed),
        problems)


def _of_leapp(source: Source, problems: Problems) -> dict[str, bytes] | None:
    found = _tried(lambda: read_leapp(source.file), problems)
    if found is None or len(problems):
        return None
    return _tried(lambda: _of_model(found.model, found.wrapping, found.interface), problems)


def _of_model(model: ModelProto, wrapping: Wrapping, interface: Interface) -> dict[str, bytes]:
    """Return the bundle of a model of another program; its golden vectors are its own."""
    wrapped = wrapped_model(model, wrapping, interface)
    observations = drawn_observations(len(interface.columns))
    if interface.states:
        observations = observations.reshape(-1, STEPS, observations.shape[-1])
    load = next(iter(installed_runtimes().values()))
    actions = replay(load(wrapped.SerializeToString(deterministic=True)), observations)
    return _files(wrapped, interface, golden_file(observations, actions))


def _files(model: ModelProto, interface: Interface, golden: bytes) -> dict[str, bytes]:
    data = model.SerializeToString(deterministic=True)
    return {MODEL: data, DESCRIPTION: leapp_description(interface, data, MODEL).encode(),
            INTERFACE: (strict_json.dumps(interface.to_json(), indent=1) + "\n").encode(),
            GOLDEN: golden}


def _given(source: Source, problems: Problems, model: ModelProto | None = None
           ) -> Interface | None:
    """Return the interface that was given, or is in the ``model``; None, noted, without one."""
    if source.interface is not None:
        try:
            return given_interface(source.interface)
        except InputError as error:
            for problem in error.problems:
                problems.add(f"{error.source}: {problem}")
            return None
    if model is not None:
        try:
            return Interface.from_json(stated_interface(model))
        except ValueError:
            pass  # it says nothing of that
    problems.add("nothing is known of its columns, its joints and its rate: give --interface "
                 "FILE.json or Isaac Lab's IO_descriptors.yaml")
    return None


def _tried(make: Callable[[], T], problems: Problems, what: str = "") -> T | None:
    """Return what ``make`` makes, None, noted, if that cannot be."""
    place = f"{what}: " if what else ""
    try:
        return make()
    except InputError as error:
        for problem in error.problems:
            problems.add(f"{place}{problem}")
    except OSError as error:
        problems.add(f"{place}cannot read {error.filename}: {error.strerror}")
    except ValueError as error:
        problems.add(f"{place}{error}")
    return None


def _digest(source: Source) -> str:
    return hashlib.sha256(read_file(source.file)).hexdigest()
