"""``ros2 run dnne_ros host``: runs one process of a workflow's placement.

`dnne-ros run` and the launch file start these; a person rarely does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from dnne_ros.cli.run_arguments import add_run_arguments, run_settings
from dnne_ros.cli.workflow_arguments import add_workflow_arguments, load_graph
from dnne_ros.errors import DnneError, InputError
from dnne_ros.placement.planning import place
from dnne_ros.runtime.status import StatusChannel


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    parser = argparse.ArgumentParser(
        prog="host", description="Run one process of a workflow's placement as ROS 2 nodes.",
        epilog="example: ros2 run dnne_ros host my_graph.json --place split "
               "--process ppo_agent_3 --ros-args -r __ns:=/robot1")
    add_workflow_arguments(parser)
    add_run_arguments(parser)
    parser.add_argument("--process", default="", metavar="NAME",
                        help="which process of the placement (default: the only one)")
    parser.add_argument("--status-fd", type=int, metavar="N",
                        help="file descriptor of a socket to the supervisor")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the process and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    cut = words.index("--ros-args") if "--ros-args" in words else len(words)
    options, rest = build_parser().parse_known_args(words[:cut])
    # ros2 launch appends further --ros-args; argparse must not guess at what is left.
    if rest:
        print(f"host: unknown arguments: {' '.join(rest)}", file=sys.stderr)
        return 2
    status = StatusChannel(options.status_fd)
    try:
        return _run(options, words[cut:], status)
    except DnneError as error:
        status.send("error", message=str(error))
        if options.status_fd is None:
            print(f"host: {error}", file=sys.stderr)
        return error.exit_code


def _run(options: argparse.Namespace, ros_args: list[str], status: StatusChannel) -> int:
    graph = load_graph(options)
    placement = place(graph, options.place)
    name = options.process or next(iter(placement.processes))
    if name not in placement.processes or not options.process and len(placement.processes) > 1:
        raise InputError("--process", [
            f"expected one of {', '.join(placement.processes)}, found {options.process!r}"])
    # Without a word from the user, a graph is visible on its own machine only.
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    try:
        from dnne_ros.runtime.process import GraphProcess
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None
    return GraphProcess(graph, placement, name, run_settings(options), status).run(ros_args)


def run_and_leave() -> None:
    """Run the process and leave at once, as a command.

    The graph has been closed by then.  The interpreter would take most of a second more to take
    torch apart, which is what a person waits for after Ctrl-C.
    """
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    run_and_leave()
