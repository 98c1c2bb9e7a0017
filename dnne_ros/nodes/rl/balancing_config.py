"""How often other run times are to let a node compute."""

from __future__ import annotations

from dnne_ros.node_api.drawn import SettingsNode
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import BalancingSettings
from dnne_ros.node_api.ports import Output


class BalancingConfig(SettingsNode):
    """Shares of computing time, as files of other run times have them: nothing here reads them.

    Nodes compute when something comes for them, and processes share cores as the operating
    system lets them; a rate, a deadline or a process of its own is a setting of each node.
    """

    aliases = ("BalancerConfig",)
    category = "learning"
    retired_widgets = (*Node.retired_widgets, "enabled", "min_hz", "max_hz", "target_hz",
                       "target_percentage", "priority", "guaranteed", "max_latency_ms")

    config = Output(BalancingSettings(), "For PPOAgent, which has no use for it.")
