"""The launch arguments: the options of a run, and those that launch alone knows."""

from __future__ import annotations

import re

from launch.actions import DeclareLaunchArgument

from dnne_ros.node_api.widget import Widget
from dnne_ros.options.option import Option
from dnne_ros.options.run_arguments import PLACE
from dnne_ros.options.run_settings import RUN_OPTIONS
from dnne_ros.options.workflow_arguments import WORKFLOW_OPTIONS

_SEPARATOR = re.compile(r"(?<!\\);")

HOST_OPTIONS = (PLACE, *WORKFLOW_OPTIONS, *RUN_OPTIONS)
"""What becomes options of the ``graph_host`` executable."""

ARGUMENTS = (
    Option("workflow", "the workflow file (JSON), in ComfyUI's UI or API format", default=None,
           kind="file"),
    *HOST_OPTIONS,
    Option("namespace", "namespace before the graph's own: robot1 gives "
           "/robot1/cartpole_ppo/ppo_agent_3. A relative one composes with PushRosNamespace"),
    Option("remap", "ROS remapping rules, FROM:=TO joined by semicolons. Relative names are "
           "below the graph's namespace: 'cartpole_action_5/action:=/commands'", kind="list"),
    Option("params_file", "a ROS parameter file (YAML) with values for the nodes' widgets; "
           "they count more than the workflow's and those in set", kind="file"),
    Option("use_sim_time", "the nodes take their time from the topic /clock, which a simulator "
           "in the graph then publishes", default="false", kind="flag"),
    Option("log_level", "what the nodes log: debug, info, warn, error or fatal, of one node "
           "ppo_agent_3:=debug; several joined by semicolons", default="info"),
)

_FLAG = Widget(False)


def declare(option: Option) -> DeclareLaunchArgument:
    """Return the action that makes an option known to launch."""
    meaning = option.description
    if option.kind == "flag":
        meaning = f"true: {meaning[:1].lower()}{meaning[1:]}"
    return DeclareLaunchArgument(
        option.name, default_value=option.default, description=meaning)


def read_flag(text: str) -> bool:
    """Return whether ``text`` says true; `WidgetError` if it says neither true nor false."""
    return bool(_FLAG.parse(text))


def split_list(text: str) -> list[str]:
    r"""Return the pieces between semicolons, without empty ones; ``\;`` is a literal one."""
    pieces = (piece.replace("\\;", ";").strip() for piece in _SEPARATOR.split(text))
    return [piece for piece in pieces if piece]
