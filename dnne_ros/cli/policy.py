"""``dnne-ros policy``: trained policies as bundles that run anywhere."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError

_EXAMPLES = """\
examples:
  dnne-ros policy export checkpoint -o policy     a bundle: ONNX, LEAPP, interface, golden vectors
  dnne-ros policy import rsl_rl model_1500.pt --activation elu --interface robot.json -o policy
  dnne-ros policy check policy                    is it whole, and does it act as it was trained?
  dnne-ros policy check policy --against robot.json
  dnne-ros policy show policy                     what goes in and comes out, at which rate
  dnne-ros policy cpp policy -o ws/src --package my_policy

exit codes: 0 done, 2 the input is wrong
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "policy", help="take a trained policy to a robot",
        description="Make, check and show bundles of trained policies.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    export = actions.add_parser(
        "export", help="write the policy of a checkpoint as a bundle",
        description="Write the policy of a checkpoint as a bundle that needs neither torch nor "
                    "this package.")
    export.add_argument("checkpoint", metavar="CHECKPOINT",
                        help="the folder that --save-checkpoint-dir named")
    export.add_argument("-o", "--output", required=True, metavar="DIR",
                        help="the bundle's folder; a bundle that is there is replaced")
    export.add_argument("--node", default="", metavar="ID",
                        help="the agent, where a checkpoint has several")
    export.set_defaults(run=_export)
    _add_import(actions)
    check = actions.add_parser(
        "check", help="see that a bundle is whole and acts as it was trained",
        description="Compare hashes, descriptions, and actions in every runtime that is "
                    "installed.")
    check.add_argument("bundle", metavar="DIR")
    check.add_argument("--against", default="", metavar="FILE|DIR",
                       help="an interface, or another bundle: each field that differs is named")
    check.set_defaults(run=_check)
    show = actions.add_parser("show", help="say what goes in and comes out of a bundle",
                              description="Say what goes in and comes out of a bundle.")
    show.add_argument("bundle", metavar="DIR")
    show.set_defaults(run=_show)
    cpp = actions.add_parser(
        "cpp", help="write a bundle as a C++ package",
        description="Write an ament_cmake package with the policy as a header that needs only the "
                    "standard library, tests against its golden vectors and, if it is one for "
                    "joints, a node and a controller for ros2_control (not yet built).  A policy "
                    "with a memory, or with more than 100,000 parameters, runs in onnxruntime "
                    "instead.")
    cpp.add_argument("bundle", metavar="DIR")
    cpp.add_argument("-o", "--output", required=True, metavar="DIR",
                     help="where to make the package's folder, such as a workspace's src")
    cpp.add_argument("--package", required=True, metavar="NAME",
                     help="name of the package, its folder and its namespace")
    cpp.add_argument("--force", action="store_true",
                     help="overwrite files that were edited since the last time")
    cpp.set_defaults(run=_cpp)


def _add_import(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    imports = actions.add_parser(
        "import", help="write a policy that another program trained as a bundle",
        description="Write a policy that another program trained as a bundle: a checkpoint of "
                    "rsl_rl, a .zip of Stable-Baselines3, an ONNX model, a folder of LEAPP.")
    imports.add_argument("program", choices=("rsl_rl", "sb3", "onnx", "leapp"), metavar="PROGRAM",
                         help="rsl_rl, sb3, onnx or leapp")
    imports.add_argument("file", metavar="FILE")
    imports.add_argument("-o", "--output", required=True, metavar="DIR",
                         help="the bundle's folder; a bundle that is there is replaced")
    imports.add_argument("--interface", default="", metavar="FILE",
                         help="what goes in and comes out: interface.json, or Isaac Lab's "
                              "IO_descriptors.yaml; leapp has its own")
    imports.add_argument("--activation", default="", choices=("relu", "tanh", "elu"),
                         help="of the hidden layers of rsl_rl, whose checkpoint does not say it")
    imports.add_argument("--vecnormalize", default="", metavar="FILE",
                         help="the pickle of sb3's VecNormalize; by default vecnormalize.pkl "
                              "beside FILE, if there is one")
    imports.add_argument("--trust", action="store_true",
                         help="load pickles, which may run code: only for files of your own")
    imports.set_defaults(run=_import)


def _import(options: argparse.Namespace) -> int:
    _need_onnx()
    from dnne_ros.policy_import.importing import Source, imported_bundle

    return _write(options.output, imported_bundle(Source(
        options.program, Path(options.file), _path(options.interface), options.activation,
        _path(options.vecnormalize), options.trust)))


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _export(options: argparse.Namespace) -> int:
    _need_onnx()
    from dnne_ros.policy_export.exporting import bundle_of

    return _write(options.output, bundle_of(Path(options.checkpoint), options.node))


def _write(output: str, files: dict[str, bytes]) -> int:
    """Write a bundle unless it is there already."""
    from dnne_ros.policies.bundle import write_bundle

    folder = Path(output).expanduser().absolute()
    if folder.exists() and _is_same(folder, files):
        say(f"{folder} is up to date")
        return 0
    write_bundle(folder, files)
    sizes = sum(map(len, files.values()))
    say(f"wrote {folder}: {', '.join(files)} ({sizes / 1024:.0f} KiB)")
    return 0


def _check(options: argparse.Namespace) -> int:
    _need_onnx()
    from dnne_ros.policies.checking import check_bundle, compare

    folder = Path(options.bundle)
    checked = check_bundle(folder)
    for name, deviation in checked.deviations.items():
        say(f"{name}: as in training, to {deviation:.1g} of the action's scale")
    for name, problem in checked.missing.items():
        say(f"{name}: not compared: {problem}")
    if options.against:
        compare(checked.interface, Path(options.against))
        say(f"its interface is that of {options.against}")
    say(f"{folder} is whole")
    return 0


def _show(options: argparse.Namespace) -> int:
    from dnne_ros.policies.bundle import INTERFACE, read_bundle
    from dnne_ros.policies.interface import read_interface
    from dnne_ros.policies.showing import interface_lines

    folder = Path(options.bundle)
    interface = read_interface(folder / INTERFACE, read_bundle(folder)[INTERFACE])
    for line in interface_lines(interface):
        say(line)
    return 0


def _cpp(options: argparse.Namespace) -> int:
    _need_onnx()
    from dnne_ros.exporting.writing import write_package
    from dnne_ros.policy_cpp.package import cpp_package

    package = cpp_package(Path(options.bundle), options.package)
    folder = Path(options.output).expanduser().absolute() / options.package
    written = write_package(folder, package.files, force=options.force)
    say(f"wrote {written.folder}: {len(written.changed)} files changed"
        if written.changed or written.removed else f"{written.folder} is up to date")
    if package.header_problem:
        say(f"it runs in onnxruntime, not from a header: {package.header_problem}")
    lacking: dict[str, list[str]] = {}
    for part, problem in (("node", package.node_problem),
                          ("controller", package.controller_problem)):
        lacking.setdefault(problem, []).append(f"no {part}")
    for problem in filter(None, lacking):
        say(f"it has {' and '.join(lacking[problem])}: {problem}")
    return 0


def _need_onnx() -> None:
    if importlib.util.find_spec("onnx") is None:
        raise InputError("policy", ["bundles are made and checked with onnx, which is not "
                                    "installed: pip install 'dnne_ros[policy]'"])


def _is_same(folder: Path, files: dict[str, bytes]) -> bool:
    from dnne_ros.policies.bundle import read_bundle

    try:
        return read_bundle(folder) == files
    except InputError:
        return False
