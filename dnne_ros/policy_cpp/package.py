"""An ament_cmake package with a policy as one header."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.exporting.package_names import package_name_problem
from dnne_ros.exporting.rendering import templates_of
from dnne_ros.policies.bundle import GOLDEN, MODEL
from dnne_ros.policies.checking import check_bundle
from dnne_ros.policies.golden import TOLERANCE, action_scale, read_golden
from dnne_ros.policies.onnx_file import network_in
from dnne_ros.policy_cpp.literals import c_double, c_doubles, c_float, c_floats, c_string

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


def cpp_package(bundle: Path, package: str) -> dict[str, bytes]:
    """Return the files of a package named ``package`` by their paths in it.

    Raises `InputError` for a name that a package or a namespace cannot have, if the bundle is not
    whole, if its network is not one that `dnne-ros policy export` writes, or if it is too large
    for a header.
    """
    if problem := _name_problem(package):
        raise InputError("--package", [problem])
    checked = check_bundle(bundle)
    files, interface = checked.files, checked.interface
    try:
        network = network_in(files[MODEL], interface)
    except ValueError as error:
        raise InputError(str(bundle / MODEL), [str(error)]) from None
    if network.recurrent:
        raise InputError(str(bundle / MODEL), [
            f"is recurrent ({network.cell}), of which no header is made: run {MODEL} with "
            "onnxruntime"])
    if network.parameters > MOST_PARAMETERS:
        raise InputError(str(bundle / MODEL), [
            f"has {network.parameters} parameters; a header is for up to {MOST_PARAMETERS}: run "
            f"{MODEL} with onnxruntime"])
    observations, actions = read_golden(files[GOLDEN])
    commanded = interface.actions
    values = {
        "package": package, "guard": f"{package.upper()}__POLICY_HPP_", "network": network,
        "interface": interface, "tolerance": TOLERANCE,
        "scales": action_scale(actions, interface).tolist(),
        "observed": [(column, term.kind, unit) for term in interface.observations
                     for column, unit in zip(term.spread(term.columns), term.spread(term.units),
                                             strict=True)],
        "commanded": [(column, commanded.kind, unit) for column, unit in zip(
            commanded.columns, commanded.units, strict=True)]}
    templates = templates_of("dnne_ros.policy_cpp", c=c_string, c_double=c_double,
                             c_float=c_float, c_floats=c_floats, c_doubles=c_doubles)
    rendered = {path: templates.get_template(template).render(**values)
                for template, path in (
                    ("policy.hpp.j2", f"include/{package}/policy.hpp"),
                    ("test_golden.cpp.j2", "test/test_golden.cpp"),
                    ("allocations.cpp.j2", "test/allocations.cpp"),
                    ("CMakeLists.txt.j2", "CMakeLists.txt"), ("package.xml.j2", "package.xml"),
                    ("README.md.j2", "README.md"))}
    rows = np.hstack([observations, actions]).tolist()
    rendered["test/golden.txt"] = "".join(
        " ".join(f"{np.float32(number):.9g}" for number in row) + "\n" for row in rows)
    return {path: text.encode() for path, text in rendered.items()}


def _name_problem(package: str) -> str:
    """Say what is wrong with a package's name, '' if nothing."""
    if package in _KEYWORDS:
        return f"package name {package!r}: it means something else in C++"
    return package_name_problem(package)
