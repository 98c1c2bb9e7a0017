"""The policy and the graphs of ``dnne-ros bench robot``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dnne_ros.bench import ppo_setting
from dnne_ros.bench.ppo_setting import node

RATE_HZ, FAST_HZ = 60.0, 500.0
"""How often the robot speaks and the policy acts: as trained, and as fast control does."""
CHECKPOINT = "checkpoint"
BUNDLES = {RATE_HZ: "bundle", FAST_HZ: "fast_bundle"}
"""The folder of the policy's bundle by its rate."""
MODEL = "policy.onnx"
SPEAKS = "speaks"
"""The file in a robot's folder that says that it is there."""
TURNS, TURN = "turns", "turn.json"
"""The pipe by which a robot is told what to do, and the file with the figures of its last turn."""
_ENVIRONMENTS = 64
_STATES, _CONTROLLER = "10", "11"


def training() -> dict[str, Any]:
    """Return the graph that trains the policy; it is its size that counts, not what it learns."""
    return ppo_setting.workflow(_ENVIRONMENTS)


def with_bundle(folder: Path, rate_hz: float) -> dict[str, Any]:
    """Return the graph of a robot with the bundle of a rate in ``folder``."""
    return _robot({"3": node("OnnxPolicyNode", observations=[_STATES, 0], stamp=[_STATES, 3],
                             bundle=str(folder / BUNDLES[rate_hz]))}, ["3", 0], rate_hz)


def with_older_nodes(folder: Path) -> dict[str, Any]:
    """Return the graph of a robot whose topics are ports, with the bundle in ``folder``."""
    return {
        _STATES: node("JointObservationsNode", joints="slider_to_cart,cart_to_pole",
                      rate=RATE_HZ),
        "3": node("OnnxPolicyNode", observations=[_STATES, 0],
                  bundle=str(folder / BUNDLES[RATE_HZ])),
        _CONTROLLER: node("JointCommandsNode", action=["3", 0], joints="slider_to_cart")}


def older_topics() -> list[str]:
    """Return the arguments of a run that give the topics of `with_older_nodes` their names."""
    return ["--ros-args", "-r", f"joint_observations_{_STATES}/joint_states:=joint_states",
            "-r", f"joint_commands_{_CONTROLLER}/commands:=commands"]


def with_checkpoint(runtime: str) -> dict[str, Any]:
    """Return the graph of a robot with the checkpoint in ``runtime``."""
    trained = training()
    agent = {**trained[ppo_setting.AGENT]["inputs"], "observations": [_STATES, 0],
             "runtime": runtime}
    return _robot({ppo_setting.AGENT: node("PPOAgentNode", **agent),
                   "5": trained["5"]}, ["5", 0], RATE_HZ)


def write(graph: dict[str, Any], file: Path) -> Path:
    """Write a graph's file and return where it is."""
    file.write_text(json.dumps(graph), encoding="utf-8")
    return file


def _robot(policy: dict[str, Any], action: list[Any], rate_hz: float) -> dict[str, Any]:
    return {
        _STATES: node("RosSubscriberNode", topic="joint_states", field="position,velocity",
                      names="slider_to_cart,cart_to_pole", order="elements", rate=rate_hz,
                      timeout=0.1, policy_input=True),
        **policy,
        _CONTROLLER: node("RobotControllerNode", action=action, num_joints=1,
                          joint_names="slider_to_cart", control_type="effort",
                          joint_limits="[-10, 10]", topic="commands", trained_only=True)}
