"""``ros2 run dnne_ros graph_host``: runs one process of a workflow's placement.

`dnne-ros run` and the launch file start these; a person rarely does.
"""

from __future__ import annotations

import argparse
import faulthandler
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dnne_ros.errors import InputError
from dnne_ros.hosting.leaving import leave
from dnne_ros.options.working_directory import check_working_directory

if TYPE_CHECKING:
    from dnne_ros.graph.graph import Graph
    from dnne_ros.placement.placement import Placement


def build_parser() -> argparse.ArgumentParser:
    """Return the parser."""
    from dnne_ros.hosting.hosting import add_host_arguments
    from dnne_ros.options.workflow_arguments import add_workflow_arguments

    parser = argparse.ArgumentParser(
        prog="graph_host", description="Run one process of a workflow's placement as ROS 2 nodes.",
        epilog="example: ros2 run dnne_ros graph_host my_graph.json --place split "
               "--process ppo_agent_3 --ros-args -r __ns:=/robot1")
    add_workflow_arguments(parser)
    add_host_arguments(parser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the process and return its exit code."""
    try:
        check_working_directory()  # first: without one, Python 3.13.0 cannot import asyncio
    except InputError as error:
        print(f"host: {error}", file=sys.stderr)
        return error.exit_code
    from dnne_ros.hosting.hosting import host

    return host(build_parser(), _load, arguments)


def _load(options: argparse.Namespace, ros_args: list[str]) -> tuple[Graph, Placement]:
    from dnne_ros.options.workflow_arguments import load_graph
    from dnne_ros.placement.planning import place

    graph = load_graph(options)
    return graph, place(graph, options.place or "")


def run_and_leave() -> None:
    """Run the process and leave at once, as a command; a crash prints where it was."""
    faulthandler.enable()
    leave(main())


if __name__ == "__main__":
    run_and_leave()
