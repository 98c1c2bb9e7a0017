"""``python -m dnne_ros.runtime.line_publisher TOPIC``: publishes each line of its input.

For programs that are no ROS nodes themselves.  A line is the text of a ``std_msgs/String``; on
``/diagnostics`` it is a JSON list of statuses with ``name``, ``level``, ``message``, ``values``.
It ends with its input, once the last line has reached those who listen.
"""

from __future__ import annotations

import json
import os
import sys
import time

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String

from dnne_ros.errors import DnneError
from dnne_ros.node_api.health import Level
from dnne_ros.runtime.discovery import choose_reach
from dnne_ros.runtime.monitoring.diagnostic_message import Status, encode_array
from dnne_ros.runtime.ros_context import missing_security_told, start_ros

_DIAGNOSTICS = "/diagnostics"
_DEPTH = 10
_FIND_SECONDS = 5.0
"""How long the first line waits for somebody to listen: who does needs a moment to be found."""
_HEARD_SECONDS = 2.0


def main() -> int:
    """Publish on the topic that `sys.argv` names until the input ends; returns the exit code."""
    try:
        _publish(sys.argv[1])
    except DnneError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _publish(topic: str) -> None:
    choose_reach(os.environ, "LOCALHOST")
    context = start_ros([])
    with missing_security_told():
        node = Node(f"dnne_ros_lines_{os.getpid()}", context=context, enable_rosout=False,
                    start_parameter_services=False)
    publisher = node.create_publisher(
        DiagnosticArray if topic == _DIAGNOSTICS else String, topic, QoSProfile(depth=_DEPTH))
    until = time.monotonic() + _FIND_SECONDS
    for line in sys.stdin:
        while not publisher.get_subscription_count() and time.monotonic() < until:
            time.sleep(0.05)
        publisher.publish(statuses(line) if topic == _DIAGNOSTICS
                          else String(data=line.rstrip("\n")))
    publisher.wait_for_all_acked(Duration(seconds=_HEARD_SECONDS))
    node.destroy_node()
    context.shutdown()


def statuses(line: str) -> bytes:
    """Return the serialised message of a line of statuses."""
    return encode_array(time.time_ns(), [
        Status(each["name"], Level(each["level"]), each["message"], values=each["values"])
        for each in json.loads(line)])


if __name__ == "__main__":
    sys.exit(main())
