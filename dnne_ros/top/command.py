"""``dnne-ros top``: a live table of the nodes and edges of running graphs."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from dnne_ros import strict_json
from dnne_ros.errors import DnneError, InputError
from dnne_ros.options.readings import duration
from dnne_ros.parameter_files.ros_arguments import check_ros_arguments

if TYPE_CHECKING:
    from dnne_ros.top.state import GraphState

_ALL_HEARD = 1.5
"""Seconds after the first word in which other graphs have spoken, too."""
_FRAME = 0.25
_WIDE = 240


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "top", help="watch the nodes and edges of running graphs",
        description="Watch the nodes and edges of running graphs, as they say on /diagnostics.",
        epilog="example: dnne-ros top /cartpole_ppo --once")
    parser.add_argument("namespace", nargs="?", default="", metavar="GRAPH_NAMESPACE",
                        help="the graph to show (default: all that are heard)")
    parser.add_argument("--once", action="store_true",
                        help="print what is heard and leave, as without a terminal")
    parser.add_argument("--json", action="store_true", help="like --once, as JSON")
    parser.add_argument("--timeout", type=duration, default=10.0, metavar="T",
                        help="with --once: how long to wait for the first word (default 10s)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Listen, and show or print."""
    check_ros_arguments(options.ros_args)
    try:
        listener = _Listener(options.ros_args)
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None
    namespace = f"/{options.namespace.strip('/')}" if options.namespace else ""
    try:
        if options.once or options.json or not (sys.stdout.isatty() and sys.stdin.isatty()):
            _print_once(listener, namespace, options)
        else:
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            with suppress(KeyboardInterrupt):  # the way to leave, beside q
                _show_live(listener, namespace)
    finally:
        listener.close()
    return 0


class _Listener:
    """A hidden ROS node that listens to what graphs say."""

    def __init__(self, ros_args: list[str]):
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from rclpy.executors import SingleThreadedExecutor

        from dnne_ros.runtime.discovery import choose_reach
        from dnne_ros.runtime.monitoring.diagnostics import TOPIC
        from dnne_ros.runtime.ros_context import missing_security_told, start_ros
        from dnne_ros.top.state import TopState

        self.state = TopState()
        choose_reach(os.environ, "SUBNET")
        self._context = start_ros(ros_args)
        with missing_security_told():
            self._node = rclpy.create_node(
                f"_dnne_ros_top_{os.getpid()}", context=self._context, enable_rosout=False,
                start_parameter_services=False)
        self._node.create_subscription(DiagnosticArray, TOPIC, self._note, 100)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def _note(self, array: Any) -> None:
        self.state.note(array, time.monotonic())

    def listen(self, seconds: float) -> None:
        """Take what comes for this long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()


def _domain() -> str:
    domain = os.environ.get("ROS_DOMAIN_ID", "0")
    reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    return f"on /diagnostics (ROS domain {domain}, discovery range {reach})"


def _print_once(listener: _Listener, namespace: str, options: argparse.Namespace) -> None:
    """Print one snapshot; `DnneError` when nothing is heard in time."""
    until = time.monotonic() + options.timeout
    graphs = listener.state.graphs

    def shown() -> list[GraphState]:
        return [graphs[name] for name in sorted(graphs) if name == namespace or not namespace]

    while not shown():
        if time.monotonic() >= until:
            others = f"; there are {', '.join(sorted(graphs))}" if graphs else ""
            raise DnneError(f"no word of {namespace or 'any graph'} within "
                            f"{options.timeout:g} s {_domain()}{others}")
        listener.listen(_FRAME)
    listener.listen(_ALL_HEARD)
    while time.monotonic() < until and not all(graph.is_complete() for graph in shown()):
        listener.listen(_FRAME)
    now = time.monotonic()
    if options.json:
        print(strict_json.dumps({"graphs": [graph.as_dict(now) for graph in shown()]}, indent=1))
        return
    from rich.console import Console

    from dnne_ros.top.view import show_graph

    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    for graph in shown():
        console.print(show_graph(graph, now))


def _show_live(listener: _Listener, namespace: str) -> None:
    """Show one graph at a time until q or Ctrl-C."""
    from rich.live import Live

    from dnne_ros.top.keys import Keys
    from dnne_ros.top.screen import Screen

    screen = Screen(listener.state, namespace, _domain())
    with Keys() as keys, Live(screen=True, auto_refresh=False) as live:
        while True:
            for key in keys.pressed():
                if key == "q":
                    return
                screen.press(key)
            live.update(screen.render(live.console.height), refresh=True)
            listener.listen(_FRAME)
