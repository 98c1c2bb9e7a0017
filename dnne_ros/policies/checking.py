"""Whether a bundle is what it says, everywhere where it says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dnne_ros import strict_yaml
from dnne_ros.durable_files import read_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.policies.bundle import (
    DESCRIPTION,
    GOLDEN,
    INPUT,
    INTERFACE,
    MODEL,
    OUTPUT,
    input_of,
    output_of,
    read_bundle,
)
from dnne_ros.policies.endless import EndlessError
from dnne_ros.policies.golden import TOLERANCE, deviation, read_golden, replay
from dnne_ros.policies.interface import Interface, differences, read_interface
from dnne_ros.policies.leapp import leapp_description
from dnne_ros.policies.onnx_file import stated_interface
from dnne_ros.policies.runtimes import ALWAYS, installed_runtimes


@dataclass(frozen=True)
class CheckedBundle:
    """A bundle that is what it says.

    ``deviations``: how far each runtime that is installed is from where the policy was trained, in
    units of the action's scale.  ``missing``: why others, which are installed, are not at hand.
    """

    files: Mapping[str, bytes]
    interface: Interface
    deviations: Mapping[str, float]
    missing: Mapping[str, str]


def check_bundle(folder: Path) -> CheckedBundle:
    """Read a bundle and compare all that it says.

    Raises `InputError` with everything that is wrong: files that were changed, descriptions that
    differ, actions that are not those of training.
    """
    return check_files(folder, read_bundle(folder))


def check_files(folder: Path, files: Mapping[str, bytes]) -> CheckedBundle:
    """Do the same with a bundle's ``files``, which may be in ``folder`` only later."""
    interface = read_interface(folder / INTERFACE, files[INTERFACE])
    problems = Problems(str(folder))
    for name, stated, wanted in (
            (MODEL, _of_model(folder, files, interface), interface.to_json()),
            (DESCRIPTION, _of_description(folder, files),
             strict_yaml.loads(leapp_description(interface, files[MODEL], MODEL)))):
        for line in differences(wanted, stated):
            problems.add(f"{name}: {line}")
    problems.raise_if_any()
    try:
        observations, actions = read_golden(files[GOLDEN])
        if (observations.shape[-1], actions.shape[-1], observations.ndim) != (
                len(interface.columns), len(interface.actions.columns),
                3 if interface.states else 2):
            raise ValueError(f"golden vectors of {observations.shape} observations and "
                             f"{actions.shape} actions are not of this policy")
    except ValueError as error:
        raise InputError(str(folder / GOLDEN), [str(error)]) from None
    found, missing = {}, {}
    for name, load in installed_runtimes().items():
        try:
            policy = load(files[MODEL])
        except InputError as error:
            if name in ALWAYS:
                raise
            missing[name] = str(error.problems[0])
            continue
        try:
            found[name] = deviation(replay(policy, observations), actions, interface)
        except EndlessError as error:
            problems.add(f"{name}: {error}")
            break  # the others would not end, either
        except ValueError as error:
            problems.add(f"{name}: {error}")
            continue
        if found[name] > TOLERANCE:
            problems.add(f"{name} gives other actions than in training: they differ by "
                         f"{found[name]:.2g} of the action's scale, of which {TOLERANCE:g} may be")
    problems.raise_if_any()
    return CheckedBundle(files, interface, found, missing)


def compare(bundle: Interface, other: Path) -> None:
    """Raise `InputError` naming each field in which a robot's interface is another.

    ``other``: a bundle, or a file with an interface.  Which checkpoint a policy is from, and what
    its network does itself, is its own.
    """
    path = other / INTERFACE if other.is_dir() else other
    try:
        data = read_file(path)
    except OSError as error:
        raise InputError(str(path), [f"cannot read: {error.strerror}"]) from None
    wanted, found = (
        {name: value for name, value in interface.to_json().items()
         if name not in ("checkpoint", "inside", "task")}
        for interface in (read_interface(path, data), bundle))
    problems = Problems(str(path))
    for line in differences(found, wanted):
        problems.add(line)
    problems.raise_if_any()


def _of_model(folder: Path, files: Mapping[str, bytes], interface: Interface) -> Any:
    import onnx

    try:
        model = onnx.load_model_from_string(files[MODEL])
        onnx.checker.check_model(model, full_check=True)
        names = [value.name for value in (*model.graph.input, *model.graph.output)]
        expected = [INPUT, *map(input_of, interface.states),
                    OUTPUT, *map(output_of, interface.states)]
        if names != expected:
            raise ValueError(f"expected {', '.join(expected)[:200]}, found "
                             f"{', '.join(names)[:200]}")
        return stated_interface(model)
    except Exception as error:  # whatever protobuf and the checker make of a file
        raise InputError(str(folder / MODEL), [f"no policy: {str(error)[:300]}"]) from None


def _of_description(folder: Path, files: Mapping[str, bytes]) -> Any:
    try:
        return strict_yaml.loads(files[DESCRIPTION])
    except ValueError as error:
        raise InputError(str(folder / DESCRIPTION), [f"not YAML: {error}"]) from None
