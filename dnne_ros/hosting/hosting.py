"""Running one process of a graph as a command; shared by ``graph_host`` and exported packages."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from dnne_ros.errors import DnneError, InputError, printable
from dnne_ros.graph.graph import Graph
from dnne_ros.graph.resources import Resources
from dnne_ros.graph.without_torch import check_torch
from dnne_ros.options.limits import limited
from dnne_ros.options.managed import check_managed
from dnne_ros.options.near_misses import unknown_arguments
from dnne_ros.options.run_arguments import add_run_arguments, check_host_options, run_settings
from dnne_ros.options.run_key import RUN_KEY, shared_run_key, take_run_key
from dnne_ros.options.working_directory import check_working_directory
from dnne_ros.parameter_files.ros_arguments import (
    check_ros_arguments,
    enclaves_of,
    name_loggers,
    take_managed_name,
)
from dnne_ros.placement.placement import Placement
from dnne_ros.runtime.coordination.parent_death import die_with_parent
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.discovery import (
    LOCAL_PROCESSES,
    RANGE,
    check_reach,
    choose_peers,
    choose_reach,
)
from dnne_ros.runtime.process_resources import take_resources
from dnne_ros.spans.telemetry import check_telemetry

Load = Callable[[argparse.Namespace, list[str]], tuple[Graph, Placement]]
"""Returns what the options and the ROS arguments ask for; `DnneError` if they do not fit."""


def add_host_arguments(parser: argparse.ArgumentParser, *, launched: bool = False) -> None:
    """Add the arguments of a run, --process, --run-id and --status-fd.

    ``launched``: in the form that the launch file of an exported package gives them.
    """
    add_run_arguments(parser, launched=launched)
    parser.add_argument("--process", default="", metavar="NAME",
                        help="which process of the placement (default: the only one)")
    parser.add_argument("--run-id", default="", metavar="TEXT",
                        help="the same in all processes of a run, and different in other runs")
    parser.add_argument("--status-fd", type=int, metavar="N",
                        help="file descriptor of a socket to the supervisor")


def host(parser: argparse.ArgumentParser, load: Load, arguments: Sequence[str] | None = None
         ) -> int:
    """Run the process that the command line names and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    cut = words.index("--ros-args") if "--ros-args" in words else len(words)
    options, rest = parser.parse_known_args(words[:cut])
    # ros2 launch appends further --ros-args; argparse must not guess at what is left.
    if rest:
        unknown = InputError('arguments', unknown_arguments(rest))
        print(f"host: {printable(str(unknown))}", file=sys.stderr)
        return 2
    status = StatusChannel(options.status_fd)
    if options.status_fd is not None:
        die_with_parent()
    try:
        check_working_directory()
        managed_name, ros_args = take_managed_name(words[cut:], options.lifecycle)
        check_ros_arguments(ros_args)
        graph, placement = load(options, ros_args)
        check_torch(graph)
        return _run(graph, placement, options, name_loggers(ros_args, graph), status,
                    managed_name)
    except DnneError as error:
        status.send("error", message=str(error))
        if options.status_fd is None:
            print(f"host: {printable(str(error))}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:  # before the graph could take Ctrl-C in good order
        return 130


def _run(graph: Graph, placement: Placement, options: argparse.Namespace, ros_args: list[str],
         status: StatusChannel, managed_name: str) -> int:
    check_host_options(run_settings(options))
    here = placement.on_host(options.host)
    if options.host is None:  # all of the graph runs on this machine
        placement = replace(placement, hosts={})
    name = options.process or next(iter(here))
    if name not in here or (not options.process and len(here) > 1):
        raise InputError("--process", [
            f"expected one of {', '.join(here)}, found {options.process!r}"])
    take_resources(name, placement.resources.get(name, Resources()),
                   lambda text: status.send("warning", message=text))
    reach = choose_peers(os.environ, options.peers.split(",")) if options.peers \
        else choose_reach(os.environ, "LOCALHOST" if options.host is None else "SUBNET")
    check_reach(options.host, reach)
    if reach == "OFF" and len(placement.processes) > 1:
        raise InputError("environment", [
            f"{RANGE}=OFF: the {len(placement.processes)} processes of this graph could not find "
            "each other; leave it out, or run the graph with --place fused"])
    if len(placement.processes) > LOCAL_PROCESSES and reach == "LOCALHOST" \
            and name == next(iter(here)):
        status.send("warning", message=f"{len(placement.processes)} processes: with the discovery "
                    f"range LOCALHOST, Fast DDS lets only {LOCAL_PROCESSES} find each other; set "
                    "ROS_AUTOMATIC_DISCOVERY_RANGE=SUBNET or put more nodes into one process")
    try:
        from dnne_ros.runtime.process import GraphProcess
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None
    settings = replace(run_settings(options), run_id=options.run_id)
    graph = limited(graph, settings)
    check_managed(graph, settings)
    check_telemetry(os.environ)
    enclave = enclaves_of(ros_args, graph, [name])[name]
    if options.host is not None:
        os.environ[RUN_KEY] = shared_run_key(options.host, options.key_file)
    return GraphProcess(graph, placement, name, settings, status, take_run_key()).run(
        [*ros_args, "--ros-args", "--enclave", enclave], managed_name)
