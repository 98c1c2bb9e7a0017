"""What the node types that make trajectories have in common: joints, times, speeds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Action, PolicyOutput, Tensor
from dnne_ros.node_api.ports import Input
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.robot.trajectories import VELOCITIES, rows_of, trajectory
from dnne_ros.nodes.ros.plain_values import plain
from dnne_ros.nodes.ros.topic_widgets import misfits, optional_names


class TrajectoryNode(Node):
    """Base of node types that make a trajectory of each chunk of actions."""

    category = "robot"
    without_torch = True
    acts_outside = True

    positions = Input(Tensor(), "Where the joints are to be, one row after another: (A), (H, A) "
                      "or (1, H, A), rad or m.", accepts_also=(Action(), PolicyOutput()),
                      aliases=("chunk", "actions", "command", "input"))
    joints = Widget("", "The joints' names, with commas, in the order of the columns.",
                    required=True)
    rate = Widget(10.0, "How many rows there are to a second: the first is to be reached after "
                  "one such period.", minimum=0.001, maximum=10_000.0, unit="Hz", live=True)
    delay = Widget(0.0, "How much later all of them are to be reached.", minimum=0.0,
                   maximum=3600.0, unit="s", live=True)
    velocities = Widget("none", "The velocities of the points: none are given; differences: those "
                        "between the positions, and 0 at the last.", choices=VELOCITIES,
                        live=True)

    @classmethod
    def joint_misfits(cls, values: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the joints' names."""
        return [f"widget 'joints': {each}" for each in misfits(
            lambda known: optional_names(known["joints"]), values)]

    def trajectory_of(self, chunk: Any) -> dict[str, Any]:
        """Return the fields of a trajectory; ValueError for a chunk that does not fit."""
        joints = optional_names(self.joints)
        return trajectory(rows_of(plain(chunk), joints), joints, self.rate, self.delay,
                          self.velocities)
