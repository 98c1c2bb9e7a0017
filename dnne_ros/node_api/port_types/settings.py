"""Settings that lie in a node of their own: they are read when the graph is built."""

from __future__ import annotations

from dnne_ros.node_api.port_types.base import PortType


class EnvironmentSettings(PortType):
    """Which simulated environments to make."""

    name = "ISAAC_ENV_CONFIG"
    aliases = ("ISAAC_ENV_CONFIG_PYDICT",)
    leaves_process = False
    held = True


class PPOSettings(PortType):
    """How PPO learns."""

    name = "PPO_CONFIG"
    aliases = ("PPO_CONFIG_PYDICT",)
    leaves_process = False
    held = True


class BalancingSettings(PortType):
    """How often another run time lets a node compute; here the operating system does."""

    name = "BALANCING_CONFIG"
    aliases = ("BALANCING_CONFIG_PYDICT",)
    leaves_process = False
    held = True
