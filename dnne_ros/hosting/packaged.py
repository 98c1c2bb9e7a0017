"""The ``host`` executable of an exported package: ``ros2 run NAME host --process main``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from dnne_ros.graph.declared import LinkSpec, NodeSpec, declare_graph
from dnne_ros.graph.graph import Graph
from dnne_ros.hosting.hosting import add_host_arguments, host
from dnne_ros.hosting.leaving import leave
from dnne_ros.parameter_files.ros_arguments import check_parameter_files
from dnne_ros.placement.declared import declare_placement
from dnne_ros.placement.placement import Placement
from dnne_ros.placement.planning import place


def run_package(package: str, namespace: str, nodes: Mapping[str, NodeSpec],
                links: Sequence[LinkSpec], processes: Mapping[str, Sequence[str]],
                hosts: Mapping[str, Sequence[str]] = MappingProxyType({}),
                resources: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> None:
    """Run the process that the command line names, then leave.

    ``processes`` lists the ROS names of the nodes in each process, ``hosts`` the processes on
    each machine, if there are several, ``resources`` what processes are to have of it; --place
    replaces all three.
    """
    def load(options: argparse.Namespace, ros_args: list[str]) -> tuple[Graph, Placement]:
        graph = declare_graph(package, namespace, nodes, links)
        placement = place(graph, options.place) if options.place \
            else declare_placement(graph, processes, hosts, resources)
        speaks = options.process in ("", next(iter(placement.processes)))  # for all of them
        check_parameter_files(ros_args, graph, _warn if speaks else _say_nothing)
        return graph, placement

    leave(host(_parser(package), load))


def _warn(message: str) -> None:
    print(f"warning: {message}", file=sys.stderr, flush=True)


def _say_nothing(message: str) -> None:
    """Leave it to another process."""


def _parser(package: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="host", allow_abbrev=False,
        description=f"Run one process of {package} as ROS 2 nodes.",
        epilog=f"example: ros2 run {package} host --seed 1 --ros-args -r __ns:=/robot1")
    add_host_arguments(parser, launched=True)
    return parser
