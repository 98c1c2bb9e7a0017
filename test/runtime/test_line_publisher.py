"""Programs that are no ROS nodes speak through a process that is one."""

import asyncio
import json
import subprocess
import sys
from contextlib import contextmanager

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from std_msgs.msg import String

LINES = {
    "/dnne_ros/jobs": (String, json.dumps({"id": 3, "name": "é"})),
    "/diagnostics": (DiagnosticArray, json.dumps([{
        "name": "queue default", "level": 1, "message": "no workers", "values": {"pending": 2}}])),
}


@contextmanager
def speaking(topic, repository):
    """Give the input of a process that publishes on a topic; it ends well with that."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dnne_ros.runtime.line_publisher", topic], cwd=repository,
        stdin=subprocess.PIPE)
    try:
        with process.stdin as lines:
            yield lines
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("topic", LINES)
def test_each_line_is_a_message(topic, ros_loop, repository):
    kind, line = LINES[topic]
    heard = []
    ros_loop.node("listener").create_subscription(kind, topic, heard.append, 10)

    async def speak(lines):
        while not any(map(ours, heard)):
            lines.write(f"{line}\n".encode())
            lines.flush()
            await asyncio.sleep(0.05)

    def ours(message):
        if kind is String:
            return json.loads(message.data) == {"id": 3, "name": "é"}
        return [(each.name, each.level, each.message, each.values[0].key, each.values[0].value)
                for each in message.status] == [
            ("queue default", b"\x01", "no workers", "pending", "2")]

    with speaking(topic, repository) as lines:
        ros_loop.run(speak(lines))
