"""The launch arguments: what each is called, means, and which texts it takes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from launch.actions import DeclareLaunchArgument

from dnne_ros.node_api.widget import Widget

_SEPARATOR = re.compile(r"(?<!\\);")


@dataclass(frozen=True)
class Argument:
    """One launch argument.

    ``option`` is the option of the ``graph_host`` executable that it becomes, if it is one.
    ``kind`` says how the text is read: ``text``, ``file``, ``list`` (of texts, joined by
    semicolons) or ``flag``.  Without a ``default`` it must be given.
    """

    name: str
    description: str
    default: str | None = ""
    option: str = ""
    kind: str = "text"

    def declare(self) -> DeclareLaunchArgument:
        """Return the action that makes the argument known to launch."""
        return DeclareLaunchArgument(
            self.name, default_value=self.default, description=self.description)


ARGUMENTS = (
    Argument("workflow", "The workflow file (JSON), in ComfyUI's UI or API format.",
             default=None, kind="file"),
    Argument("place", "How nodes are put into processes: 'fused' (one process), 'split' (as many "
             "as the port types allow), or a YAML/JSON file {processes: {NAME: [NODE, ...]}}. "
             "Empty: as the workflow says, else fused.", option="--place", kind="file"),
    Argument("set", "Widgets to change, NODE.WIDGET=VALUE joined by semicolons: "
             "'1.num_envs=512;6.gamma=0.98'. NODE is an id in the file or a ROS node name; "
             "a semicolon inside a value is written \\;.", option="--set", kind="list"),
    Argument("namespace", "Namespace before the graph's own: robot1 gives "
             "/robot1/cartpole_ppo/ppo_agent_3. A relative one composes with PushRosNamespace."),
    Argument("remap", "ROS remapping rules, FROM:=TO joined by semicolons. Relative names are "
             "below the graph's namespace: 'cartpole_action_5/action:=/commands'.", kind="list"),
    Argument("params_file", "A ROS parameter file (YAML) with values for the nodes' widgets; "
             "they count more than the workflow's and those in set.", kind="file"),
    Argument("seed", "Seed of every random generator.", default="0", option="--seed"),
    Argument("inference", "true: freeze the weights, act with the mean action, keep real time.",
             default="false", option="--inference", kind="flag"),
    Argument("until_return", "End once the mean return of the last 100 episodes reaches this.",
             option="--until-return"),
    Argument("save_checkpoint_dir", "Write checkpoints here: as the trainer's widgets say, and "
             "at the end, also on Ctrl-C.", option="--save-checkpoint-dir", kind="file"),
    Argument("load_checkpoint_dir", "Start from the checkpoint in this directory.",
             option="--load-checkpoint-dir", kind="file"),
    Argument("slots_from", "The UI file of an API workflow whose output slots were lost.",
             option="--slots-from", kind="file"),
    Argument("nodes", "Python files with node types of your own, joined by semicolons.",
             option="--nodes", kind="list"),
    Argument("peer_timeout", "How long the processes wait for each other at the start: 90s, 5m.",
             default="60s", option="--peer-timeout"),
    Argument("absent_after", "Name a process that gives no sign of life for this long; each edge "
             "to it then waits, drops or fails, as it says.", default="10s",
             option="--absent-after"),
    Argument("use_sim_time", "true: the nodes take their time from the topic /clock, which a "
             "simulator in the graph then publishes.", default="false", kind="flag"),
    Argument("respawn", "true: start the whole graph again when one of its processes fails, "
             "instead of ending the launch; a process that is killed and whose nodes keep no "
             "state comes back alone.", default="false", kind="flag"),
    Argument("log_level", "What the nodes log: debug, info, warn, error or fatal.",
             default="info"),
)

LOG_LEVELS = Widget("info", choices=("debug", "info", "warn", "error", "fatal"))
_FLAG = Widget(False)


def read_flag(text: str) -> bool:
    """Return whether ``text`` says true; `WidgetError` if it says neither true nor false."""
    return bool(_FLAG.parse(text))


def split_list(text: str) -> list[str]:
    r"""Return the pieces between semicolons, without empty ones; ``\;`` is a literal one."""
    pieces = (piece.replace("\\;", ";").strip() for piece in _SEPARATOR.split(text))
    return [piece for piece in pieces if piece]
