"""``dnne-ros dashboard``: running graphs in a browser."""

from __future__ import annotations

import argparse

from dnne_ros.jobs.commands.command import add_store
from dnne_ros.web.options import add_server_options, check_installed

_EXAMPLES = """\
examples:
  dnne-ros dashboard                      then open the address that it prints
  dnne-ros dashboard --view --port 9000   for a screen on the wall: nothing can be changed
  ssh -L 8480:localhost:8480 robot        a robot's dashboard here, over a safe connection

It attaches to every graph of the ROS domain, started by whomever, and ends with Ctrl-C; the graphs
go on.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "dashboard", help="watch running graphs in a browser",
        description="Serve a page that shows every running graph of the ROS domain live.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_server_options(parser)
    add_store(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    check_installed()
    from dnne_ros.web.dashboard.part import dashboard_part
    from dnne_ros.web.feed.feed import Feed
    from dnne_ros.web.feed.jobs import jobs_that_there_are
    from dnne_ros.web.feed.part import feed_part
    from dnne_ros.web.serving import serve

    jobs = jobs_that_there_are(options.store, options.folder)
    return serve(options, lambda context, loop: [
        feed_part(Feed(context, loop), jobs), dashboard_part()])
