"""``dnne-ros jobs serve``."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from contextlib import nullcontext
from typing import TYPE_CHECKING

from dnne_ros.cli.output import lasting_output, say
from dnne_ros.jobs.commands.command import add_store, open_store
from dnne_ros.options.readings import address

if TYPE_CHECKING:
    from rclpy.node import Node

    from dnne_ros.jobs.store.store import JobStore

_EXAMPLES = """\
examples:
  dnne-ros jobs serve
  dnne-ros jobs serve --store lab --ros-args -r __ns:=/lab
  ros2 service call /dnne_ros/jobs/submit diagnostic_msgs/srv/AddDiagnostics \\
      "{load_namespace: '{workflow: cartpole.json, retries: 2}'}"
  ros2 action send_goal --feedback /dnne_ros/jobs/follow \\
      example_interfaces/action/Fibonacci '{order: 12}'

It submits and follows jobs; `dnne-ros jobs work` runs them.
"""


def add_actions(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``serve``."""
    parser = actions.add_parser(
        "serve", help="offer the jobs of a store as ROS services and an action",
        description="Be the ROS node /dnne_ros/jobs until Ctrl-C: services that submit, cancel "
                    "and list jobs, and an action that follows one.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--action-type", default="", metavar="TYPE",
                        help="example_interfaces/action/Fibonacci or "
                             "test_msgs/action/Fibonacci (default: which is installed)")
    parser.add_argument("--metrics", metavar="[HOST:]PORT", type=address,
                        help="serve Prometheus metrics there (HOST: this machine alone)")
    add_store(parser)
    parser.set_defaults(act=_serve)


def _serve(options: argparse.Namespace) -> int:
    from rclpy.node import Node

    from dnne_ros.job_server.server import NAME, NAMESPACE
    from dnne_ros.jobs.work.exporting import metrics_served
    from dnne_ros.runtime.discovery import choose_reach
    from dnne_ros.runtime.process import ros_event_loop
    from dnne_ros.runtime.ros_context import missing_security_told

    choose_reach(os.environ, "LOCALHOST")
    with lasting_output(), open_store(options) as store, \
            ros_event_loop(options.ros_args) as (context, loop), \
            nullcontext() if options.metrics is None else metrics_served(store, options.metrics):
        with missing_security_told():
            node = Node(NAME, namespace=NAMESPACE, context=context)
        try:
            loop.executor.add_node(node)
            loop.run_until_complete(_until_interrupted(node, store, options.action_type))
        finally:
            loop.executor.remove_node(node)
            node.destroy_node()
    return 130


async def _until_interrupted(node: Node, store: JobStore, action_type: str) -> None:
    from dnne_ros.job_server.server import JobServer, chosen_action_type

    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    action_type = chosen_action_type(action_type)
    server = JobServer(node, store, action_type)
    said = f"follow ({action_type})" if action_type else (
        "and no action to follow jobs: neither example_interfaces nor test_msgs is installed")
    say(f"{server.name} serves {store.named}: submit, cancel, list, {said}", flush=True)
    await server.serve(ended)
