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
                    "standard library, and a test against its golden vectors.")
    cpp.add_argument("bundle", metavar="DIR")
    cpp.add_argument("-o", "--output", required=True, metavar="DIR",
                     help="where to make the package's folder, such as a workspace's src")
    cpp.add_argument("--package", required=True, metavar="NAME",
                     help="name of the package, its folder and its namespace")
    cpp.add_argument("--force", action="store_true",
                     help="overwrite files that were edited since the last time")
    cpp.set_defaults(run=_cpp)


def _export(options: argparse.Namespace) -> int:
    _need_onnx()
    from dnne_ros.policies.bundle import write_bundle
    from dnne_ros.policy_export.exporting import bundle_of

    folder = Path(options.output).expanduser().absolute()
    files = bundle_of(Path(options.checkpoint), options.node)
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
    if options.against:
        compare(checked.interface, Path(options.against))
        say(f"its interface is that of {options.against}")
    say(f"{folder} is whole")
    return 0


def _show(options: argparse.Namespace) -> int:
    from dnne_ros.policies.bundle import INTERFACE, read_bundle
    from dnne_ros.policies.checking import read_interface
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

    files = cpp_package(Path(options.bundle), options.package)
    folder = Path(options.output).expanduser().absolute() / options.package
    written = write_package(folder, files, force=options.force)
    say(f"wrote {written.folder}: {len(written.changed)} files changed"
        if written.changed or written.removed else f"{written.folder} is up to date")
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
