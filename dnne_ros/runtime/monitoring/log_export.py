"""Sends what the nodes of a graph log by OTLP, as it is heard on ``/rosout``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rcl_interfaces.msg import Log
from rclpy.qos import DurabilityPolicy, QoSProfile

from dnne_ros.spans.telemetry import log_provider

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter
    from opentelemetry.sdk.resources import Resource
    from rclpy.node import Node

TOPIC = "/rosout"
_KEPT = 1000
_TEXTS = {10: "DEBUG", 20: "INFO", 30: "WARN", 40: "ERROR", 50: "FATAL"}
"""Of ROS' severities."""
_NUMBERS = {10: 5, 20: 9, 30: 13, 40: 17, 50: 21}
"""OpenTelemetry's for them."""


class LogExport:
    """Listens for one graph, in the process that leads; so it hears all of them."""

    def __init__(self, node: Node, exporters: Sequence[LogRecordExporter], resource: Resource):
        """Subscribe ``node``, whose namespace is the graph's; send what its nodes say."""
        self.provider = log_provider(exporters, resource)
        self._logger = self.provider.get_logger("dnne_ros")
        self._namespace = node.get_namespace()
        self._prefix = self._namespace.strip("/").replace("/", ".") + "."
        self._node = node
        # What was said before this process was there is kept by those who said it.
        self._subscription = node.create_subscription(
            Log, TOPIC, self._note, QoSProfile(
                depth=_KEPT, durability=DurabilityPolicy.TRANSIENT_LOCAL))

    def close(self) -> None:
        """Listen no more."""
        self._node.destroy_subscription(self._subscription)

    def _note(self, message: Any) -> None:
        if not message.name.startswith(self._prefix):
            return
        from opentelemetry._logs import LogRecord, SeverityNumber

        self._logger.emit(LogRecord(
            timestamp=message.stamp.sec * 10**9 + message.stamp.nanosec, body=message.msg,
            severity_text=_TEXTS.get(message.level, ""),
            severity_number=SeverityNumber(_NUMBERS.get(message.level, 0)),
            attributes={"dnne_ros.graph": self._namespace,
                        "dnne_ros.node": message.name[len(self._prefix):],
                        "code.file.path": message.file, "code.line.number": message.line,
                        "code.function.name": message.function}))
