"""A run's pause as the parameter ``run.paused`` of the nodes of one process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from rclpy.parameter import Parameter

from dnne_ros.node_api.run_pause import PAUSED
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.node.node_host import NodeHost


def shared_pause(process: str, hosts: Mapping[str, NodeHost], begins_paused: bool = False
                 ) -> Pause:
    """Return the pause of ``process`` that the parameters of all its ``hosts`` set and show.

    Where nodes act outside of the graph, the parameters leave it alone: it is for a debugger.
    """
    pause = Pause(process)

    def show(paused: bool) -> None:
        for host in hosts.values():
            if host.settings[PAUSED].live and host.get_parameter(PAUSED).value != paused:
                host.set_parameters([Parameter(PAUSED, value=paused)])
        said = _words(pause)
        if said:
            next(iter(hosts.values())).get_logger().info(said)

    pause.on_change = show
    for host in hosts.values():
        host.on_paused = partial(_set_by_parameter, pause, host)
    if begins_paused:
        pause.set(True, "--paused")
    elif any(host.get_parameter(PAUSED).value for host in hosts.values()):
        pause.set(True)
    return pause


def _set_by_parameter(pause: Pause, host: NodeHost, paused: bool) -> None:
    if paused != pause.paused:  # else it shows what somebody has said to the run
        pause.set(paused, f"{PAUSED} of {host.get_name()}" if paused else "")


def _words(pause: Pause) -> str:
    """Say that the run is paused, by whom, and what ends that; nothing of single steps."""
    state = pause.state
    if pause.paused and not state.why.startswith("step"):
        by = f" by {state.why}" if state.why and not state.why.startswith(PAUSED) else ""
        return f"the run is paused{by} until {PAUSED} is false, or `dnne-ros debug go`"
    return "" if pause.paused or state.until == "step" else "the run goes on"
