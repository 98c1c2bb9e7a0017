"""The policy and the graphs of ``dnne-ros bench robot``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dnne_ros.bench import ppo_setting
from dnne_ros.bench.ppo_setting import node

RATE_HZ = 60.0
"""How often the robot speaks and the policy acts."""
CHECKPOINT, BUNDLE = "checkpoint", "bundle"
_ENVIRONMENTS = 64
_STATES, _CONTROLLER = "10", "11"


def training() -> dict[str, Any]:
    """Return the graph that trains the policy; it is its size that counts, not what it learns."""
    return ppo_setting.workflow(_ENVIRONMENTS)


def with_bundle(folder: Path) -> dict[str, Any]:
    """Return the graph of a robot with the bundle in ``folder``."""
    return _robot({"3": node("OnnxPolicyNode", observations=[_STATES, 0], stamp=[_STATES, 3],
                             bundle=str(folder / BUNDLE))}, ["3", 0])


def with_checkpoint(runtime: str) -> dict[str, Any]:
    """Return the graph of a robot with the checkpoint in ``runtime``."""
    trained = training()
    agent = {**trained[ppo_setting.AGENT]["inputs"], "observations": [_STATES, 0],
             "runtime": runtime}
    return _robot({ppo_setting.AGENT: node("PPOAgentNode", **agent),
                   "5": trained["5"]}, ["5", 0])


def write(graph: dict[str, Any], file: Path) -> Path:
    """Write a graph's file and return where it is."""
    file.write_text(json.dumps(graph), encoding="utf-8")
    return file


def _robot(policy: dict[str, Any], action: list[Any]) -> dict[str, Any]:
    return {
        _STATES: node("RosSubscriberNode", topic="joint_states", field="position,velocity",
                      names="slider_to_cart,cart_to_pole", order="elements", rate=RATE_HZ,
                      timeout=0.1, policy_input=True),
        **policy,
        _CONTROLLER: node("RobotControllerNode", action=action, num_joints=1,
                          joint_names="slider_to_cart", control_type="effort",
                          joint_limits="[-10, 10]", topic="commands", trained_only=True)}
