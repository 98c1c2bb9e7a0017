"""``dnne-ros edit``: draw a graph in a browser, run it, and watch it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError
from dnne_ros.options.workflow_arguments import NODES, load_catalogue
from dnne_ros.web.options import add_server_options, check_installed

if TYPE_CHECKING:
    from rclpy.context import Context

    from dnne_ros.runtime.event_loop import RosEventLoop
    from dnne_ros.web.application import Part

_EXAMPLES = """\
examples:
  dnne-ros edit                           the workflows of this folder, or a new one
  dnne-ros edit cartpole.json             that one first; Run starts its graph
  dnne-ros edit --folder graphs --nodes my_nodes.py
  dnne-ros edit --store jobs              a second Run becomes a job of this store
  ssh -L 8480:localhost:8480 robot        the editor of a robot here, over a safe connection

Open the address that it prints.  Runs go on when the browser is closed; Ctrl-C ends them in order.
The dashboard is at / of the same address.  The editor is ComfyUI's front end, which is installed
with: pip install 'dnne_ros[editor]'
"""
_LANDING = "/editor/"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "edit", help="draw, run and watch graphs in a browser",
        description="Serve ComfyUI's editor on this package's node types: draw a graph, run it as "
                    "a ROS 2 system, watch it in the drawing.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", metavar="FILE", help="a workflow to open first")
    parser.add_argument("--folder", metavar="DIR",
                        help="the folder whose workflows are listed and saved (default: that of "
                             "FILE, else this one); nothing outside of it is read or written for "
                             "a browser")
    parser.add_argument("--store", default="", metavar="DIR|postgresql://…",
                        help="a store of jobs: a second Run becomes a job of it, which `dnne-ros "
                             "jobs work` runs, instead of waiting for the first to end")
    add_server_options(parser)
    NODES.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    check_installed()
    from dnne_ros.editor.front_end import doubt_of, front_end_folder, front_end_version
    from dnne_ros.editor.opening import openable
    from dnne_ros.workflow.json_text import load_json

    front_end_folder()
    if options.store and options.ros_args:
        raise InputError("arguments", ["--store: a job takes no --ros-args"])
    folder, opened = served(options.file, options.folder)
    if doubt := doubt_of(front_end_version()):
        say(f"warning: {doubt}", error=True)
    if not options.view and not os.access(folder, os.W_OK):
        say(f"warning: {folder}: cannot be written; nothing drawn can be saved there", error=True)
    catalogue = load_catalogue(options.nodes)
    if opened:
        openable(load_json(folder / opened), folder / opened, catalogue)

    from dnne_ros.editor.part import Editor, run_words_of
    from dnne_ros.editor.run_queue import environment_of_runs
    from dnne_ros.editor.state_file import ChangedSettings, settings_file
    from dnne_ros.web.dashboard.part import dashboard_part
    from dnne_ros.web.feed.feed import Feed
    from dnne_ros.web.feed.jobs import jobs_that_there_are
    from dnne_ros.web.feed.part import feed_part
    from dnne_ros.web.serving import serve

    settings = ChangedSettings(None if options.view else settings_file())
    editor = Editor(folder, catalogue, settings, run_words_of(options), environment_of_runs(),
                    opened, options.ros_args, options.store)
    jobs = jobs_that_there_are(options.store)

    def parts(context: Context, loop: RosEventLoop) -> list[Part]:
        feed = Feed(context, loop)
        return [editor.part(context, loop, feed), feed_part(feed, jobs), dashboard_part()]

    return serve(options, parts, _LANDING)


def served(file: str | None, folder: str | None) -> tuple[Path, str]:
    """Return the folder to serve, and the name in it of the file to open first, "" for none.

    `InputError` for a folder that is none, and a file that is not in it.
    """
    path = Path(file).resolve() if file else None
    top = Path(folder).resolve() if folder else Path.cwd() if path is None else path.parent
    if not top.is_dir():
        raise InputError("arguments", [f"{top}: is no folder"])
    if path is None:
        return top, ""
    if not path.is_file():
        raise InputError(str(file), ["no such file"])
    if not path.is_relative_to(top):
        raise InputError("arguments", [f"{file}: is not in the served folder, {top}"])
    return top, path.relative_to(top).as_posix()
