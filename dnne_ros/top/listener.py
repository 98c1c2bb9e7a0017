"""Hears what running graphs say on ``/diagnostics``."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import DnneError, InputError

if TYPE_CHECKING:
    from dnne_ros.top.state import GraphState

_ALL_HEARD = 1.5
"""Seconds after the first word in which other graphs have spoken, too."""
_LOOK = 0.25
_ANSWER_LOOK = 0.02


def listen(ros_args: Sequence[str]) -> Listener:
    """Return a listener; `InputError` where there is no ROS."""
    try:
        return Listener(ros_args)
    except ModuleNotFoundError as error:
        raise InputError("environment", [
            f"{error}: source a ROS 2 installation, or install the wheels with "
            "pip install 'dnne_ros[wheels]'"]) from None


class Listener:
    """A hidden ROS node that listens to what graphs say."""

    def __init__(self, ros_args: Sequence[str]):
        """Join the ROS graph; ModuleNotFoundError where there is no rclpy."""
        import rclpy
        from diagnostic_msgs.msg import DiagnosticArray
        from rclpy.executors import SingleThreadedExecutor

        from dnne_ros.runtime.discovery import choose_reach
        from dnne_ros.runtime.monitoring.diagnostics import TOPIC
        from dnne_ros.runtime.ros_context import missing_security_told, start_ros
        from dnne_ros.top.state import TopState

        self.state = TopState()
        choose_reach(os.environ, "SUBNET")
        self._context = start_ros(ros_args)
        with missing_security_told():
            self._node = rclpy.create_node(
                f"_dnne_ros_top_{os.getpid()}", context=self._context, enable_rosout=False,
                start_parameter_services=False)
        self._node.create_subscription(DiagnosticArray, TOPIC, self._note, 100)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)

    def _note(self, array: Any) -> None:
        self.state.note(array, time.monotonic())

    def listen(self, seconds: float) -> None:
        """Take what comes for this long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def heard(self, namespace: str, timeout: float) -> list[GraphState]:
        """Return the graph of a namespace, or all if it is empty, once all of it was heard.

        `DnneError` when nothing is heard within ``timeout`` seconds.
        """
        until = time.monotonic() + timeout
        graphs = self.state.graphs

        def found() -> list[GraphState]:
            return [graphs[name] for name in sorted(graphs) if name == namespace or not namespace]

        while not found():
            if time.monotonic() >= until:
                others = f"; there are {', '.join(sorted(graphs))}" if graphs else ""
                raise DnneError(f"no word of {namespace or 'any graph'} within {timeout:g} s "
                                f"{self.domain}{others}")
            self.listen(_LOOK)
        self.listen(_ALL_HEARD)
        while time.monotonic() < until and any(graph.silent for graph in found()):
            self.listen(_LOOK)
        return found()

    @property
    def domain(self) -> str:
        """Return where is listened, in words."""
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        reach = os.environ.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
        return f"on /diagnostics (ROS domain {domain}, discovery range {reach})"

    def set_parameter(self, nodes: Iterable[str], name: str, value: bool, timeout: float
                      ) -> dict[str, str]:
        """Set a parameter of several nodes, and return by node why that was refused.

        `DnneError` names those that do not answer within ``timeout`` seconds; the others have it.
        """
        from rcl_interfaces.srv import SetParameters
        from rclpy.parameter import Parameter

        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        clients: dict[str, Any] = {node: self._node.create_client(
            SetParameters, f"{node}/set_parameters") for node in nodes}
        answers: dict[str, Any] = {}
        until = time.monotonic() + timeout
        try:
            while not all(node in answers and answers[node].done() for node in clients):
                if time.monotonic() >= until:
                    silent = [node for node in clients
                              if node not in answers or not answers[node].done()]
                    raise DnneError(f"{', '.join(silent)}: no answer within {timeout:g} s")
                for node, client in clients.items():
                    if node not in answers and client.service_is_ready():
                        answers[node] = client.call_async(request)
                self.listen(_ANSWER_LOOK)
        finally:
            for client in clients.values():
                self._node.destroy_client(client)
        results = {node: answer.result().results[0] for node, answer in answers.items()}
        return {node: result.reason for node, result in results.items() if not result.successful}

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()
