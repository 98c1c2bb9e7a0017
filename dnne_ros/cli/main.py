"""``dnne-ros``: the commands, and how their errors reach a person."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from dnne_ros import __version__
from dnne_ros.cli.output import finish_output, lasting_output, prepare_output, say
from dnne_ros.errors import DnneError, InputError
from dnne_ros.options.near_misses import unknown_arguments
from dnne_ros.options.working_directory import check_working_directory

_COMMANDS = {
    "check": "cli.check", "run": "cli.run", "replay": "cli.replay", "evaluate": "cli.evaluate",
    "simulate": "cli.simulate", "jobs": "jobs.commands.command", "top": "top.command",
    "dashboard": "web.command", "edit": "editor.command", "debug": "debugger.command",
    "foxglove": "foxglove.command", "trace": "cli.trace", "profile": "cli.profile",
    "scale": "cli.scale", "place": "cli.place", "graph": "cli.graph", "export": "cli.export",
    "security": "cli.security", "policy": "cli.policy", "nodes": "cli.nodes",
    "tasks": "cli.tasks", "bench": "cli.bench"}
"""The modules of the commands, by name; `add_parser` of each adds it."""

_DESCRIPTION = "Run dataflow graphs for machine learning and robotics as ROS 2 systems."
_EXAMPLES = """\
examples:
  dnne-ros check my_graph.json            what is wrong with a workflow, all at once
  dnne-ros graph my_graph.json -o g.svg   draw it
  dnne-ros run my_graph.json --set 1.num_envs=512 --until-return 450
  dnne-ros run my_graph.json --place split --save-checkpoint-dir checkpoint
  dnne-ros run my_graph.json --inference --load-checkpoint-dir checkpoint
  dnne-ros evaluate my_graph.json --load-checkpoint-dir checkpoint   returns, with intervals
  dnne-ros simulate robot.urdf            a robot at the desk, behind ROS topics
  dnne-ros security my_graph.json --keys -o secure   an SROS2 policy with what it needs
  dnne-ros policy export checkpoint -o policy
  dnne-ros jobs submit my_graph.json --seed 3   queue a run; `jobs work` runs it
  dnne-ros top                            watch running graphs, from another terminal
  dnne-ros foxglove                       show running graphs in Foxglove or Lichtblick
  dnne-ros dashboard                      watch running graphs in a browser
  dnne-ros edit my_graph.json             draw and run it in a browser
  dnne-ros debug break ppo_trainer_6/reward if nan   stop a running graph there; step, look
  dnne-ros scale detector_4 6             more replicas for a node that runs
  dnne-ros trace analyze t.json           what sets the pace of a run with --trace t.json
  dnne-ros replay run.mcap --check        run a run with --record run.mcap again, and compare
  dnne-ros profile my_graph.json          where the time goes, and which placement is quicker
  dnne-ros place my_graph.json -o p.json  try placements, and write the quickest
  dnne-ros nodes PPOTrainerNode           ports and widgets of a node type
  dnne-ros tasks cheetah                  the tasks of the simulators that are installed
  dnne-ros bench edges --json edges.json  measure it beside its peers

exit codes: 0 done, 1 the run failed, 2 the input is wrong, 129 hung up, 130 interrupted
"""


def build_parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of the whole command line, or of the command that ``words`` begin with.

    A run is forked from its command: what other commands import would be in its memory, too.
    """
    parser = argparse.ArgumentParser(
        prog="dnne-ros", description=_DESCRIPTION, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version=f"dnne-ros {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    named = [name for name in words[:1] if name in _COMMANDS]
    for name in named or _COMMANDS:
        importlib.import_module(f"dnne_ros.{_COMMANDS[name]}").add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    prepare_output()
    words = list(sys.argv[1:] if arguments is None else arguments)
    # Everything behind --ros-args is for rclpy and not ours to understand.
    cut = words.index("--ros-args") if "--ros-args" in words else len(words)
    try:
        check_working_directory()  # first: without one, Python 3.13.0 cannot import asyncio
        options, unknown = build_parser(words).parse_known_args(words[:cut])
        options.ros_args = words[cut:]
        options.own_process = arguments is None
        if unknown:
            raise InputError("arguments", unknown_arguments(unknown))
        code = int(options.run(options))
        finish_output()
        return code
    except DnneError as error:
        with lasting_output():
            say(f"dnne-ros: {error}", error=True)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone: nothing more to say to it
        return 141


if __name__ == "__main__":
    sys.exit(main())
