"""``dnne-ros security``: what SROS2 is to know of a graph, so that it may do just what it does."""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.cli.output import say
from dnne_ros.durable_files import write_file
from dnne_ros.errors import InputError
from dnne_ros.graph.without_torch import check_torch
from dnne_ros.options.managed import check_managed
from dnne_ros.options.readings import count
from dnne_ros.options.run_arguments import PLACE
from dnne_ros.options.run_settings import RUN_OPTIONS, RunSettings
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph
from dnne_ros.parameter_files.ros_arguments import (
    check_parameter_files,
    check_ros_arguments,
    enclaves_of,
)
from dnne_ros.security.enclaves import Enclave
from dnne_ros.security.keystore import Keystore, check_cryptography
from dnne_ros.security.policy import policy_xml

if TYPE_CHECKING:
    from dnne_ros.security.enclaves import Profile

_EXAMPLES = """\
examples:
  dnne-ros security robot.json -o robot_security            policy.xml, for `ros2 security`
  dnne-ros security robot.json --place split --keys -o robot_security
  dnne-ros security robot.json --keystore ~/keys -o new_policy --ros-args -r __ns:=/robot1

Then, with the same placement and the same --ros-args:
  export ROS_SECURITY_ENABLE=true ROS_SECURITY_STRATEGY=Enforce
  export ROS_SECURITY_KEYSTORE=robot_security/keystore
  dnne-ros run robot.json --place split
"""
_DAYS = 3650
_LIFECYCLE = next(option for option in RUN_OPTIONS if option.name == "lifecycle")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "security", help="write an SROS2 policy with just what a workflow needs",
        description="Write what SROS2 wants: a policy with an enclave for each process, which "
                    "allows the topics, services and actions of the graph and nothing else, and "
                    "keys and signed permissions if they are asked for.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_workflow_arguments(parser)
    for option in (PLACE, _LIFECYCLE):
        option.add_to(parser)
    parser.add_argument("-o", "--output", required=True, metavar="DIR",
                        help="the folder to make; one that exists is refused")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--keys", action="store_true",
                      help="make DIR/keystore too, with a new authority that signs for the ROS "
                           "domain of ROS_DOMAIN_ID")
    keys.add_argument("--keystore", default="", metavar="STORE",
                      help="sign with the authority of this keystore instead, and add the "
                           "enclaves to it; keys that it has stay, permissions are replaced")
    parser.add_argument("--days", type=count, default=_DAYS, metavar="N",
                        help=f"how long certificates are valid (default {_DAYS})")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check everything, find out what the graph has in ROS, and write it down."""
    output = _free(options.output)
    check_ros_arguments(options.ros_args)
    if options.keys or options.keystore:
        check_cryptography()
    keystore = Keystore(Path(options.keystore).expanduser()) if options.keystore else None
    enclaves = _enclaves(options)
    held = [] if keystore is None else keystore.holds(enclaves)
    try:
        _write(output, enclaves, options, keystore)
    except OSError as error:
        raise InputError(options.output, [f"cannot write: {error}"]) from None
    say(f"wrote {output / 'policy.xml'}: {len(enclaves)} enclave(s)")
    for enclave in enclaves:
        nodes = ", ".join(profile.node for profile in enclave.profiles)
        say(f"  {enclave.path}  ({nodes})")
    if options.keys or keystore is not None:
        where = output / "keystore" if keystore is None else keystore.folder
        kept = f"; {len(held)} keys were there and stay" if held else ""
        say(f"signed for ROS domain {_domain()} in {where}{kept}")
    return 0


def _write(output: Path, enclaves: Sequence[Enclave], options: argparse.Namespace,
           keystore: Keystore | None) -> None:
    """Make the folder ``output``, whole or not at all; sign in ``keystore`` or a new one."""
    folder = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
    try:
        write_file(folder / "policy.xml", policy_xml(enclaves))
        if options.keys:
            keystore = Keystore.create(folder / "keystore", _domain(), options.days)
        if keystore is not None:
            for enclave in enclaves:
                keystore.add(enclave, _domain(), options.days)
        folder.chmod(0o755)
        folder.rename(output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _enclaves(options: argparse.Namespace) -> list[Enclave]:
    from dnne_ros.placement.planning import place

    graph = load_graph(options)
    check_torch(graph)
    placement = place(graph, options.place or "")
    # A managed graph does not learn, and what a graph has in ROS is the same if it does.
    settings = RunSettings(lifecycle=options.lifecycle, inference=options.lifecycle)
    check_parameter_files(options.ros_args, graph,
                          lambda message: say(f"warning: {message}", flush=True))
    check_managed(graph, placement.processes, settings)
    try:
        from dnne_ros.runtime.rehearsal import rehearse
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None
    profiles = rehearse(graph, placement, settings, options.ros_args)
    return _by_name(enclaves_of(options.ros_args, graph, placement.processes), profiles)


def _by_name(names: Mapping[str, str], profiles: Mapping[str, Sequence[Profile]]
             ) -> list[Enclave]:
    """Return the enclaves; all processes share one that --enclave names."""
    enclaves: dict[str, list[Profile]] = {}
    for process, name in names.items():
        enclaves.setdefault(name, []).extend(profiles[process])
    return [Enclave(name, tuple(each)) for name, each in enclaves.items()]


def _free(text: str) -> Path:
    """Return the path of a folder that can be made; `InputError` if there is something."""
    try:
        path = Path(text).expanduser().absolute()
        if os.path.lexists(path):
            raise InputError(text, ["it exists already; a policy and its keys are not written "
                                    "over: name another folder, or remove it"])
        if not path.parent.is_dir():
            raise InputError(text, [f"cannot write: there is no folder {path.parent}"])
    except (RuntimeError, ValueError) as error:
        raise InputError(text, [f"cannot write: {error}"]) from None
    return path


def _domain() -> int:
    return int(os.environ.get("ROS_DOMAIN_ID") or 0)
