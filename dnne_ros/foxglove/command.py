"""``dnne-ros foxglove``: what running graphs show, for Foxglove and Lichtblick."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import DnneError
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
    parser.add_argument("--parent", type=whole_number, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    if options.parent is not None:
        from dnne_ros.runtime.coordination.parent_death import die_with_parent

        die_with_parent(parent=options.parent)
    check_ros_arguments(options.ros_args)
    options.at.check("dnne-ros foxglove")

    from dnne_ros.runtime.discovery import choose_reach
    from dnne_ros.runtime.process import ros_event_loop

    choose_reach(os.environ, "LOCALHOST" if options.parent is not None else "SUBNET")
    namespace = f"/{options.namespace.strip('/')}" if options.namespace else ""
    with ros_event_loop(options.ros_args) as (context, loop):
        try:
            loop.run_until_complete(_until_interrupted(
                context, loop.executor, namespace, options.at))
        except RuntimeError as error:  # taken since the check
            raise DnneError(str(error)) from None
    return 130


async def _until_interrupted(context: Context, executor: Any, namespace: str, at: Address
                             ) -> None:
    from dnne_ros.foxglove.bridge import serve

    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)

    def say(port: int) -> None:
        shown = namespace or "everything on the domain"
        print(f"{shown} is shown at ws://{Address(at.host, port)}", flush=True)

    await serve(context, executor, namespace, at, ended, say)
