"""A run's pause as the parameter ``run.paused`` of the nodes of one process."""

from __future__ import annotations

from collections.abc import Mapping

from rclpy.parameter import Parameter

from dnne_ros.node_api.run_pause import PAUSED
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.node.node_host import NodeHost


def shared_pause(process: str, hosts: Mapping[str, NodeHost]) -> Pause:
    """Return the pause of ``process`` that the parameters of all its ``hosts`` set and show."""
    pause = Pause(process)

    def show(paused: bool) -> None:
        for host in hosts.values():
            if host.get_parameter(PAUSED).value != paused:
                host.set_parameters([Parameter(PAUSED, value=paused)])
        next(iter(hosts.values())).get_logger().info(
            f"the run is paused until {PAUSED} is false" if paused else "the run goes on")

    pause.on_change = show
    for host in hosts.values():
        host.on_paused = pause.set
    if any(host.get_parameter(PAUSED).value for host in hosts.values()):
        pause.set(True)
    return pause
