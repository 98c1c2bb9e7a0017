"""A robot that does nothing but speak and listen, and takes the time.

``python -m dnne_ros.bench.robot_peers.robot FOLDER STATES``: it says where its joints are at
`RATE_HZ`, whoever listens.  Some commands after the first one it counts: what follows a state is
its command, and the time from one to the other is that which it spends on the way there, in the
policy, and on the way back.  Whoever commands it has its process id in ``FOLDER/pid``.  At the
end, ``FOLDER/robot.json`` has the figures.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import rclpy
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from dnne_ros.bench.edge_peers.rally import limit_life
from dnne_ros.bench.process_use import cpu_seconds, family, largest_mib, together_mib
from dnne_ros.bench.robot_setting import RATE_HZ

JOINTS = ("cart_to_pole", "slider_to_cart")
"""Not in the policy's order."""
_WARM_UP = 60
_SECONDS = 600


class Robot(Node):
    """Publishes ``joint_states`` and hears ``commands``."""

    def __init__(self) -> None:
        """Be there, without a word."""
        super().__init__("robot")
        self._states = self.create_publisher(
            JointState, "joint_states", qos_profile_sensor_data)
        self.create_subscription(Float64MultiArray, "commands", self._obey, 10)
        self._executor = EventsExecutor()
        self._executor.add_node(self)
        self._spoke = time.perf_counter()
        self._due = time.monotonic()
        self._draws = np.random.default_rng(0)
        self.answered: float | None = None
        """Seconds from the last state to the first command after it; None: there was none yet."""

    def state_and_command(self) -> float | None:
        """Say where the joints are and hear for a period; return `answered`."""
        message = JointState(name=list(JOINTS))
        message.header.stamp = self.get_clock().now().to_msg()
        message.position = self._draws.normal(0.0, 0.05, len(JOINTS)).tolist()
        message.velocity = self._draws.normal(0.0, 0.05, len(JOINTS)).tolist()
        self._due = max(self._due + 1.0 / RATE_HZ, time.monotonic())
        self.answered = None
        self._spoke = time.perf_counter()
        self._states.publish(message)
        while (left := self._due - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)
        return self.answered

    def _obey(self, _: Float64MultiArray) -> None:
        if self.answered is None:
            self.answered = time.perf_counter() - self._spoke


def main(folder: Path, states: int) -> None:
    """Wait for the first command, warm up, and count."""
    limit_life(_SECONDS)
    rclpy.init()
    robot = Robot()
    while robot.state_and_command() is None:
        pass
    first_command = time.monotonic()
    for _ in range(_WARM_UP):
        robot.state_and_command()
    commander = family(int((folder / "pid").read_text(encoding="utf-8")))
    cpu, started = cpu_seconds(commander), time.monotonic()
    answers = [robot.state_and_command() for _ in range(states)]
    cpu, seconds = cpu_seconds(commander) - cpu, time.monotonic() - started
    ways = [answer for answer in answers if answer is not None]
    if not ways:
        raise RuntimeError("no command came while it counted")
    (folder / "robot.json").write_text(json.dumps({
        "first_command": first_command,
        "p50_us": float(np.percentile(ways, 50)) * 1e6,
        "p99_us": float(np.percentile(ways, 99)) * 1e6,
        "missed": 1 - len(ways) / states, "core_share": cpu / seconds,
        "cpu_us": cpu / len(ways) * 1e6,
        "largest_mib": largest_mib(commander), "together_mib": together_mib(commander)}),
        encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
