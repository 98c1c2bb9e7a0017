"""``dnne-ros foxglove``: what running graphs show, for Foxglove and Lichtblick."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import InputError
from dnne_ros.foxglove.address import Address, address
from dnne_ros.options.readings import whole_number
from dnne_ros.parameter_files.ros_arguments import check_ros_arguments

if TYPE_CHECKING:
    from rclpy.context import Context

DEFAULT_PORT = "8765"
_EXAMPLES = """\
examples:
  dnne-ros foxglove                          all topics, at ws://127.0.0.1:8765
  dnne-ros foxglove /cartpole_ppo            those of one graph
  dnne-ros foxglove --at 0.0.0.0:9000        for other machines, too: nobody is asked who he is

In Foxglove or Lichtblick: Open connection, Foxglove WebSocket, ws://127.0.0.1:8765
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "foxglove", help="show running graphs in Foxglove or Lichtblick",
        description="Serve topics, parameters and connections of running graphs to Foxglove and "
                    "Lichtblick, until Ctrl-C.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("namespace", nargs="?", default="", metavar="GRAPH_NAMESPACE",
                        help="the graph to show (default: everything on the domain)")
    parser.add_argument("--at", type=address, default=address(DEFAULT_PORT),
                        metavar="[HOST:]PORT",
                        help=f"where to listen (default 127.0.0.1:{DEFAULT_PORT}; port 0: one "
                             "that is free)")
    parser.add_argument("--origin", action="append", default=[], metavar="URL",
                        help="a web site with a viewer of your own, such as "
                             "https://viewer.example, that may connect, too")
    parser.add_argument("--parent", type=whole_number, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if options.parent is not None:
        from dnne_ros.runtime.coordination.parent_death import die_with_parent

        die_with_parent(parent=options.parent)
    check_ros_arguments(options.ros_args)
    namespace = _namespace(options.namespace)
    options.at.check("dnne-ros foxglove")

    from dnne_ros.runtime.discovery import choose_reach
    from dnne_ros.runtime.process import ros_event_loop

    choose_reach(os.environ, "LOCALHOST" if options.parent is not None else "SUBNET")
    with ros_event_loop(options.ros_args) as (context, loop):
        loop.run_until_complete(_until_interrupted(
            context, loop.executor, namespace, options.at, options.origin))
    return 130


def _namespace(text: str) -> str:
    """Return it with its slash; empty: everything.  `InputError` if no graph has such a one."""
    if not text.strip("/"):
        return ""
    from rclpy.exceptions import InvalidNamespaceException
    from rclpy.validate_namespace import validate_namespace

    namespace = f"/{text.strip('/')}"
    try:
        validate_namespace(namespace)
    except InvalidNamespaceException as error:
        raise InputError(f"GRAPH_NAMESPACE {text!r:.80}", [
            f"expected a namespace such as /cartpole: {error.args[0].splitlines()[0]}"]) from None
    return namespace


async def _until_interrupted(context: Context, executor: Any, namespace: str, at: Address,
                             origins: Sequence[str]) -> None:
    from dnne_ros.foxglove.bridge import serve

    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    def say(port: int) -> None:
        shown = namespace or "everything on the domain"
        print(f"{shown} is shown at ws://{Address(at.host, port)}", flush=True)

    await serve(context, executor, namespace, at, ended, say, origins)
