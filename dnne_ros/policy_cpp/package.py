"""An ament_cmake package with a policy: a header or a model; for robots also what drives them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.exporting.literals import yaml_literal
from dnne_ros.exporting.package_names import package_name_problem
from dnne_ros.exporting.rendering import templates_of
from dnne_ros.policies.bundle import GOLDEN, MODEL
from dnne_ros.policies.checking import CheckedBundle, check_bundle
from dnne_ros.policies.golden import TOLERANCE, action_scale, read_golden
from dnne_ros.policies.network import PolicyNetwork
from dnne_ros.policies.onnx_file import network_in
from dnne_ros.policies.policy_file import PolicyFile
from dnne_ros.policy_cpp.literals import (
    c_bounds,
    c_double,
    c_doubles,
    c_float,
    c_floats,
    c_string,
    c_strings,
    yaml_number,
    yaml_numbers,
)
from dnne_ros.policy_cpp.robot import Robot

MOST_PARAMETERS = 100_000
"""Beyond that a header takes compilers long, and a runtime is as fast."""
_KEYWORDS = frozenset("""
    alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const
    constexpr continue decltype default delete do double else enum explicit export extern false
    float for friend goto if inline int long mutable namespace new noexcept not nullptr operator or
    private protected public register requires return short signed sizeof static struct switch
    template this throw true try typedef typeid typename union unsigned using virtual void volatile
    while xor std""".split())
"""What no namespace may be called."""
_ROBOT_TEMPLATES = (
    *((f"{name}.hpp.j2", f"include/{{package}}/{name}.hpp")
      for name in ("gate", "joint_reader", "pilot", "recent")),
    *((f"{name}.hpp.j2", f"src/{name}.hpp") for name in ("diagnostics", "parameters")),
    ("policy.yaml.j2", "config/policy.yaml"), ("test_pilot.cpp.j2", "test/test_pilot.cpp"))
_NODE_TEMPLATES = (
    ("policy_node.hpp.j2", "include/{package}/policy_node.hpp"),
    *((f"{name}.j2", f"src/{name}") for name in ("policy_node.cpp", "main.cpp")),
    ("launch.py.j2", "launch/policy.launch.py"))
_CONTROLLER_TEMPLATES = (
    ("policy_controller.hpp.j2", "include/{package}/policy_controller.hpp"),
    ("policy_controller.cpp.j2", "src/policy_controller.cpp"),
    ("controllers.yaml.j2", "config/controllers.yaml"), ("plugins.xml.j2", "plugins.xml"))


@dataclass(frozen=True)
class CppPackage:
    """``files`` by their paths in the package.

    ``header_problem``: why the policy is a model for onnxruntime rather than a header, ""
    if it is one.  ``node_problem`` and ``controller_problem``: why there is no node, no
    controller of ros2_control, "" if there is one.
    """

    files: dict[str, bytes]
    header_problem: str
    node_problem: str
    controller_problem: str


def cpp_package(bundle: Path, package: str) -> CppPackage:
    """Return a package named ``package``.

    Raises `InputError` for a name that a package or a namespace cannot have, and if the bundle is
    not whole.
    """
    if problem := _name_problem(package):
        raise InputError("--package", [problem])
    checked = check_bundle(bundle)
    network, header_problem = _network(checked)
    robot, robot_problem = _robot(checked)
    node_problem = robot_problem or _references_problem(robot)
    controller_problem = robot_problem or (header_problem and (
        "it runs in onnxruntime, which takes memory while it acts"))
    templates = [("policy_runtime.hpp.j2" if header_problem else "policy.hpp.j2",
                  "include/{package}/policy.hpp"),
                 ("test_golden.cpp.j2", "test/test_golden.cpp"),
                 ("CMakeLists.txt.j2", "CMakeLists.txt"), ("package.xml.j2", "package.xml"),
                 ("README.md.j2", "README.md")]
    if not header_problem:
        templates.append(("allocations.cpp.j2", "test/allocations.cpp"))
    if node_problem and controller_problem:
        robot = None
    for needed, is_there in ((_ROBOT_TEMPLATES, robot), (_NODE_TEMPLATES, not node_problem),
                             (_CONTROLLER_TEMPLATES, not controller_problem)):
        templates += needed if is_there else ()
    observations, actions = read_golden(checked.files[GOLDEN])
    values = {**_values(checked, package, actions), "network": network, "robot": robot,
              "runtime": bool(header_problem), "has_node": not node_problem,
              "has_controller": not controller_problem}
    environment = templates_of(
        "dnne_ros.policy_cpp", c=c_string, c_strings=c_strings, c_double=c_double,
        c_float=c_float, c_floats=c_floats, c_doubles=c_doubles, c_bounds=c_bounds,
        yaml=yaml_literal, yaml_number=yaml_number, yaml_numbers=yaml_numbers)
    files = {path.format(package=package): environment.get_template(template).render(
        **values).encode() for template, path in templates}
    files["test/golden.txt"] = _golden_text(observations, actions).encode()
    if header_problem:
        files[MODEL] = checked.files[MODEL]
    return CppPackage(files, header_problem, node_problem, controller_problem)


def _network(checked: CheckedBundle) -> tuple[PolicyNetwork | None, str]:
    """Return the network of a header, or why there is none."""
    try:
        network = network_in(checked.files[MODEL], checked.interface)
    except ValueError as error:
        return None, str(error)
    if network.recurrent:
        return None, f"it is recurrent ({network.cell})"
    if network.parameters > MOST_PARAMETERS:
        return None, f"it has {network.parameters} parameters, more than {MOST_PARAMETERS}"
    return network, ""


def _robot(checked: CheckedBundle) -> tuple[Robot | None, str]:
    """Return what a node needs to know, or why there is none."""
    try:
        return Robot.of(checked.interface), ""
    except ValueError as error:
        return None, str(error)


def _references_problem(robot: Robot | None) -> str:
    """Say why a node cannot know all that the policy sees, '' if it can."""
    return "" if robot is None or not robot.references else (
        f"it sees {', '.join(robot.references)[:200]}, which no joint state has")


def _values(checked: CheckedBundle, package: str, actions: np.ndarray) -> dict[str, Any]:
    """Return what templates say of a policy, whatever it runs in; golden ``actions`` (…, size)."""
    interface = checked.interface
    commanded = interface.actions
    return {
        "package": package, "guard": f"{package.upper()}__POLICY_HPP_", "interface": interface,
        "interface_hash": PolicyFile(checked.files[MODEL], interface).interface_hash,
        "tolerance": TOLERANCE, "scales": action_scale(actions, interface).tolist(),
        "steps": actions.shape[-2] if actions.ndim == 3 else 1,
        "observed": [(column, term.kind, unit) for term in interface.observations
                     for column, unit in zip(term.spread(term.columns), term.spread(term.units),
                                             strict=True)],
        "commanded": [(column, commanded.kind, unit) for column, unit in zip(
            commanded.columns, commanded.units, strict=True)],
        "inf": math.inf, "nan": math.nan}


def _golden_text(observations: np.ndarray, actions: np.ndarray) -> str:
    """Return a row for each observation (…, size), with the action behind it."""
    rows = np.concatenate([observations, actions], axis=-1)
    return "".join(" ".join(f"{np.float32(number):.9g}" for number in row) + "\n"
                   for row in rows.reshape(-1, rows.shape[-1]).tolist())


def _name_problem(package: str) -> str:
    """Say what is wrong with a package's name, '' if nothing."""
    if package in _KEYWORDS:
        return f"package name {package!r}: it means something else in C++"
    return package_name_problem(package)
