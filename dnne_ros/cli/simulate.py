"""``dnne-ros simulate``: a model file as a robot at the desk, behind ROS topics."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from dnne_ros.cli import run as running
from dnne_ros.cli.nodes import checked_values
from dnne_ros.options.run_settings import RUN_OPTIONS

_OPTIONS = ("seed", "duration")
"""The options of ``dnne-ros run`` that mean something for a robot alone."""
_NODE_TYPE = "MujocoRobotNode"
_ID = "1"
_EXAMPLES = """\
examples:
  dnne-ros simulate arm.xml --set control_type=position --set kp=40 --set kd=2
  dnne-ros simulate cartpole.urdf --set joint_names=slider_to_cart --set wait_for_commands=first \\
    --set 'start={"cart_to_pole": 0.1}'
  dnne-ros simulate go1/robot.urdf --set floating=true --set floor=true --set assets=go1
  dnne-ros simulate ant.xml --set real_time_factor=2 --ros-args -p use_sim_time:=true
  dnne-ros nodes MujocoRobotNode          all that can be --set

While it runs:
  ros2 topic echo /joint_states
  ros2 topic pub -r 50 /position_controller/commands std_msgs/msg/Float64MultiArray \\
    '{data: [0.5, 0]}'
  ros2 param set /arm/mujoco_robot_1 reset true
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "simulate", help="be a simulated robot behind ROS topics",
        description="Let MuJoCo move a robot from its model file, MJCF or URDF, behind the topics "
                    "of a real one, until Ctrl-C.",
        epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL", help="an MJCF (.xml) or a URDF")
    parser.add_argument("--set", action="append", default=[], metavar="WIDGET=VALUE",
                        help=f"change a widget of {_NODE_TYPE}")
    parser.add_argument("--report", metavar="FILE", help="write a JSON report at the end")
    parser.add_argument("--quiet", action="store_true", help="no progress display")
    for option in RUN_OPTIONS:
        if option.name in _OPTIONS:
            option.add_to(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run a graph of one node, the robot, as ``dnne-ros run`` does."""
    from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue

    model = Path(options.model).absolute()
    node_type = Catalogue(BUILT_IN).declared(_NODE_TYPE)
    assert node_type is not None
    values = checked_values(node_type, options.set, "simulate", model=str(model))
    changed = {name: value for name, value in values.items()
               if value != node_type.widgets[name].default}
    with tempfile.TemporaryDirectory(prefix="dnne_ros_") as folder:
        # The graph is called as the model is, and so is the namespace of its node.
        workflow = Path(folder) / f"{model.stem}.json"
        workflow.write_text(json.dumps(
            {_ID: {"class_type": _NODE_TYPE, "inputs": changed}}), encoding="utf-8")
        return running.run(_as_run(workflow, options))


def _as_run(workflow: Path, options: argparse.Namespace) -> argparse.Namespace:
    """Return what ``dnne-ros run`` would be given."""
    parser = argparse.ArgumentParser()
    running.add_parser(parser.add_subparsers())
    asked = parser.parse_args(["run", str(workflow)])
    for name in ("report", "quiet", "ros_args", "own_process", *_OPTIONS):
        setattr(asked, name, getattr(options, name))
    return asked
