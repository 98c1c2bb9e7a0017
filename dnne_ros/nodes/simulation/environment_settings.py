"""Settings of simulated environments in a node of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dnne_ros.node_api.drawn import Part, SettingsNode
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import EnvironmentSettings
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode

_DEVICE = re.compile(r"cpu|cuda(:\d+)?")
_SAME = ("num_envs", "headless", "physics_engine", "backend", "randomization", "threads",
         "actor_group", "isaac_gym_path", "isaac_gym_envs_path", "isaac_python")
"""Widgets that the environments have under the same name."""


class IsaacGymEnvs(SettingsNode):
    """Settings of a task's environments, for each node that it is linked to.

    Linked to PPOAgent 2 or IsaacGymSim 2, it becomes a SimulatorEnv ``2:env`` when the graph is
    built.  Seeds follow from the run's ``--seed``, and the time of a step is the task's.
    """

    category = "simulation"
    retired_widgets = (
        *Node.retired_widgets, "subtask", "dynamic_1", "dynamic_2", "dynamic_3", "dt", "seed",
        "seed_control", "graphics_device_id", "multi_gpu", "enable_cameras", "force_render",
        "use_gpu_pipeline", "num_threads", "solver_type", "num_subscenes", "schema_display")

    env = Output(EnvironmentSettings(), "For PPOAgent or IsaacGymSim.")
    task = Widget("Cartpole", SimulatorEnvNode.env_name.doc)
    num_envs = SimulatorEnvNode.num_envs
    headless = SimulatorEnvNode.headless
    sim_device = Widget("cuda:0", "Where tensors live, cuda:0 or cpu; without CUDA: cpu.")
    physics_engine = SimulatorEnvNode.physics_engine
    backend = SimulatorEnvNode.backend
    randomization = SimulatorEnvNode.randomization
    isaac_gym_path = SimulatorEnvNode.isaac_gym_path
    isaac_gym_envs_path = SimulatorEnvNode.isaac_gym_envs_path
    isaac_python = SimulatorEnvNode.isaac_python
    threads = SimulatorEnvNode.threads
    actor_group = SimulatorEnvNode.actor_group

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the device, and what the environments check."""
        problems = [] if _DEVICE.fullmatch(values["sim_device"]) else [
            f"widget 'sim_device': expected cpu, cuda or a device such as cuda:0, found "
            f"{values['sim_device']!r:.40}"]
        if values["task"] in ("", "none"):
            problems.append("widget 'task': expected a task such as Cartpole, found "
                            f"{values['task']!r}")
        return problems + SimulatorEnvNode.validate_parameters(
            {**values, "env_name": values["task"], "critic_group": ""})

    @classmethod
    def environments(cls, values: Mapping[str, Any]) -> Part:
        """Return the node that makes them."""
        return Part(SimulatorEnvNode, {
            **{name: values[name] for name in _SAME}, "env_name": values["task"],
            "device": values["sim_device"].partition(":")[0]})

    @classmethod
    def stand_in(cls, values: Mapping[str, Any]) -> tuple[Part, str]:
        """Return the environments, and the output with their simulator."""
        return cls.environments(values), "sim_handle"
