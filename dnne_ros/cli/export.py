"""``dnne-ros export``: a workflow as a ROS 2 package that can be read, changed and built."""

from __future__ import annotations

import argparse
from pathlib import Path

from dnne_ros.cli.output import say
from dnne_ros.errors import InputError
from dnne_ros.options.workflow_arguments import add_workflow_arguments, load_graph

_EXAMPLES = """\
examples:
  dnne-ros export cartpole.json -o ~/ros2_ws/src
  dnne-ros export cartpole.json -o ~/ros2_ws/src --package my_robot --place split --standalone
  dnne-ros export robot.json -o src --standalone --container

Then: colcon build, and ros2 launch PACKAGE PACKAGE.launch.py.  A second export into the same
place updates the package; files that you have edited are never overwritten without --force.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "export", help="write a workflow as a ROS 2 package",
        description="Write a workflow as a ROS 2 package (ament_python) of its own.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_workflow_arguments(parser)
    parser.add_argument("-o", "--output", required=True, metavar="DIR",
                        help="where to make the package's folder, such as a workspace's src")
    parser.add_argument("--package", default="", metavar="NAME",
                        help="name of the package and its folder (default: as the workflow)")
    parser.add_argument("--standalone", action="store_true",
                        help="copy the runtime and the node types that are used into the "
                             "package, so that dnne_ros need not be installed")
    parser.add_argument("--container", action="store_true",
                        help="with --standalone: add what makes images of the package (on ROS 2, "
                             "and on Python with wheels), and a compose file")
    parser.add_argument("--force", action="store_true",
                        help="overwrite files that were edited since the last export")
    parser.add_argument("--place", default="", metavar="fused|split|FILE",
                        help="the processes of the package (default: as the workflow says, else "
                             "fused)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check everything, then write the package."""
    from dnne_ros.exporting.package import file_bytes, package_files
    from dnne_ros.exporting.package_names import default_package_name
    from dnne_ros.exporting.writing import write_package
    from dnne_ros.placement.planning import place

    if options.container and not options.standalone:
        raise InputError("--container", ["expected --standalone: an image holds no dnne_ros "
                                         "beside the package"])
    graph = load_graph(options)
    placement = place(graph, options.place)
    package = options.package or default_package_name(graph.namespace)
    files = package_files(graph, placement, package, standalone=options.standalone,
                          containers=options.container)
    folder = _folder(options.output, package)
    written = write_package(folder, file_bytes(files), force=options.force)
    if written.changed or written.removed:
        say(f"wrote {written.folder}: {len(written.changed)} files changed, "
            f"{len(written.removed)} removed, {len(files) - len(written.changed)} as they were")
    else:
        say(f"{written.folder} is up to date")
    return 0


def _folder(output: str, package: str) -> Path:
    try:
        return Path(output).expanduser().absolute() / package
    except (RuntimeError, ValueError) as error:
        raise InputError(output, [f"cannot write: {error}"]) from None
