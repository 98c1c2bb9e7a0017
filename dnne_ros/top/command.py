"""``dnne-ros top``: a live table of the nodes and edges of running graphs."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from contextlib import suppress

from dnne_ros import strict_json
from dnne_ros.options.readings import duration
from dnne_ros.parameter_files.ros_arguments import check_ros_arguments
from dnne_ros.top.listener import Listener, listen

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
    listener = listen(options.ros_args)
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


def _print_once(listener: Listener, namespace: str, options: argparse.Namespace) -> None:
    """Print one snapshot; `DnneError` when nothing is heard in time."""
    graphs = listener.heard(namespace, options.timeout)
    now = time.monotonic()
    if options.json:
        print(strict_json.dumps({"graphs": [graph.as_dict(now) for graph in graphs]}, indent=1))
        return
    from rich.console import Console

    from dnne_ros.top.view import show_graph

    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    for graph in graphs:
        console.print(show_graph(graph, now))


def _show_live(listener: Listener, namespace: str) -> None:
    """Show one graph at a time until q or Ctrl-C."""
    from rich.live import Live

    from dnne_ros.top.keys import Keys
    from dnne_ros.top.screen import Screen

    screen = Screen(listener.state, namespace, listener.domain)
    with Keys() as keys, Live(screen=True, auto_refresh=False) as live:
        while True:
            for key in keys.pressed():
                if key == "q":
                    return
                screen.press(key)
            live.update(screen.render(live.console.height), refresh=True)
            listener.listen(_FRAME)
