"""``dnne-ros scale``: another number of replicas for a node that runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from dnne_ros.cli.attached import attached
from dnne_ros.cli.output import say
from dnne_ros.errors import DnneError, InputError, printable
from dnne_ros.graph.replicas import COUNT, MOST_REPLICAS
from dnne_ros.node_api.event_waits import comes_true

if TYPE_CHECKING:
    from rclpy.node import Node

_FIND_SECONDS = 10.0
_LOOK_SECONDS = 0.05
_MOST_SHOWN = 20


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "scale", help="change how many replicas work for a node that runs",
        description="Change how many replicas work for a node, while its graph runs. The node is "
                    "one whose workflow gives it replicas; each further one is set up first, and "
                    "each that is too much ends its item.",
        epilog="example: dnne-ros scale detector_4 6")
    parser.add_argument("node", metavar="NODE",
                        help="its ROS name: detector_4, or /graph/detector_4 where several graphs "
                             "run")
    parser.add_argument("count", type=int, metavar="N",
                        help=f"how many replicas, from 1 to {MOST_REPLICAS}")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find the node and set its parameter."""
    if not 1 <= options.count <= MOST_REPLICAS:
        raise InputError("scale", [
            f"N: expected a number from 1 to {MOST_REPLICAS}, found {options.count}"])
    with attached(options.ros_args, "scale") as (loop, node):
        name, before = loop.run_until_complete(_scale(node, options.node, options.count))
    say(f"{name}: {before} → {options.count} replicas")
    return 0


async def _scale(node: Node, wanted: str, count: int) -> tuple[str, int]:
    """Return the node's full name, and how many replicas it had."""
    from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
    from rcl_interfaces.srv import GetParameters, SetParameters

    from dnne_ros.runtime.node.parameter_services import call_parameter_service

    name = await _find(node, wanted)
    found = await call_parameter_service(node, name, "get_parameters",
                                         GetParameters.Request(names=[COUNT]))
    if not found.values or found.values[0].type != ParameterType.PARAMETER_INTEGER:
        raise InputError("scale", [
            f"{name} has no replicas: expected a node whose workflow has properties.dnne_ros."
            "replicas, which may be 1"])
    value = ParameterValue(type=ParameterType.PARAMETER_INTEGER, integer_value=count)
    answer = await call_parameter_service(node, name, "set_parameters", SetParameters.Request(
        parameters=[Parameter(name=COUNT, value=value)]))
    result = answer.results[0]
    if not result.successful:
        raise InputError("scale", [f"{name}: {printable(result.reason)}"])
    return name, found.values[0].integer_value


async def _find(node: Node, wanted: str) -> str:
    """Return the full name of the node that is meant; `InputError` where several may be."""
    def known() -> list[str]:
        return sorted({f"{space.rstrip('/')}/{name}"
                       for name, space in node.get_node_names_and_namespaces()
                       if not name.startswith("_") and name != node.get_name()})

    def named() -> list[str]:
        return [name for name in known() if wanted in (name, name.rpartition("/")[2])]

    if not await comes_true(lambda: bool(named()), _FIND_SECONDS, _LOOK_SECONDS):
        others = ", ".join(known()[:_MOST_SHOWN]) or "none"
        raise DnneError(f"no node {wanted} within {_FIND_SECONDS:g} s; there are {others}")
    found = named()
    if len(found) > 1:
        raise InputError("scale", [f"NODE: expected one of {', '.join(found)}"])
    return found[0]
