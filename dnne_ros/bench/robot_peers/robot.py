"""A robot that does nothing but speak and listen, and takes the time.

``python -m dnne_ros.bench.robot_peers.robot FOLDER MODEL RATE_HZ``: it says where its joints are
so many times a second, whoever listens, and knows what the policy in ``MODEL`` makes of each
state: so it knows which state a command rests on.  It speaks for some seconds before it is said to
be there, as one whom nobody has just switched on: DDS finds others in their first half second more
easily.  Then it is silent, and each line of the pipe ``FOLDER/turns`` is a turn: so many states
that are counted, behind half a second of others; 0: states until the first command.  Whoever
commands it has its process id in ``FOLDER/pid``.  After a turn, its figures are in
``FOLDER/turn.json``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import rclpy
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from dnne_ros.bench.edge_peers.rally import limit_life
from dnne_ros.bench.process_use import cpu_seconds, family, largest_mib, together_mib
from dnne_ros.bench.robot_setting import SPEAKS, TURN, TURNS

JOINTS = ("cart_to_pole", "slider_to_cart")
"""Not in the policy's order."""
_THERE_SECONDS = 4.0
_WARM_UP_SECONDS = 0.5
_SECONDS = 1200
_DRAWN = 1000
_REMEMBERED = 50
_SAME = 1e-4
"""Commands for different states differ by more."""


class Robot(Node):
    """Publishes ``joint_states`` and hears ``commands``."""

    def __init__(self, model: Path, rate_hz: float) -> None:
        """Be there, without a word."""
        super().__init__("robot")
        self._states = self.create_publisher(
            JointState, "joint_states", qos_profile_sensor_data)
        self.create_subscription(Float64MultiArray, "commands", self._obey, 10)
        self._executor = EventsExecutor()
        self._executor.add_node(self)
        self._period = 1.0 / rate_hz
        self._due = time.monotonic()
        # (state, joint, quantity)
        self._drawn = np.random.default_rng(0).normal(0.0, 0.05, (_DRAWN, len(JOINTS), 2))
        seen = self._drawn[:, ::-1].reshape(_DRAWN, -1).astype(np.float32)
        self._wanted = onnxruntime.InferenceSession(str(model)).run(
            None, {"observations": seen})[0][:, 0]
        self._said: deque[tuple[int, float, float]] = deque(maxlen=_REMEMBERED)
        """Of the last states, newest first: number, command that is wanted, when it was said."""
        self._number = 0
        self.commanded: float | None = None
        """Seconds from the last state to the first command after it; None: there was none yet."""
        self.ages: list[float] = []
        """Of the state that each command rests on, in seconds, when the command came."""
        self.answered: set[int] = set()
        """Which states got the command that rests on them before the next state."""

    def state_and_command(self) -> float | None:
        """Say where the joints are and hear for a period; return `commanded`."""
        self._number += 1
        row = self._number % _DRAWN
        message = JointState(name=list(JOINTS))
        message.header.stamp = self.get_clock().now().to_msg()
        message.position, message.velocity = self._drawn[row].T.tolist()
        self._due = max(self._due + self._period, time.monotonic())
        self.commanded = None
        self._said.appendleft((self._number, float(self._wanted[row]), time.perf_counter()))
        self._states.publish(message)
        while (left := self._due - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)
        return self.commanded

    def _obey(self, command: Float64MultiArray) -> None:
        now = time.perf_counter()
        if self.commanded is None:
            self.commanded = now - self._said[0][2]
        for number, wanted, said in self._said:
            if abs(command.data[0] - wanted) < _SAME:
                self.ages.append(now - said)
                if number == self._number:
                    self.answered.add(number)
                return


def main(folder: Path, model: Path, rate_hz: float) -> None:
    """Be there, and make turns until nobody wants any."""
    limit_life(_SECONDS)
    rclpy.init()
    robot = Robot(model, rate_hz)
    for _ in range(round(_THERE_SECONDS * rate_hz)):
        robot.state_and_command()
    os.mkfifo(folder / TURNS)
    (folder / SPEAKS).touch()
    with (folder / TURNS).open(encoding="utf-8") as turns:
        for line in turns:
            states = int(line)
            figures = _turn(robot, states, folder, rate_hz) if states else _first_command(robot)
            (folder / "figures").write_text(json.dumps(figures), encoding="utf-8")
            (folder / "figures").replace(folder / TURN)


def _first_command(robot: Robot) -> dict[str, float]:
    """Speak until there is an answer; return when, by `time.monotonic`."""
    while robot.state_and_command() is None:
        pass
    return {"first_command": time.monotonic()}


def _turn(robot: Robot, states: int, folder: Path, rate_hz: float) -> dict[str, Any]:
    """Warm up and count."""
    for _ in range(round(_WARM_UP_SECONDS * rate_hz)):
        robot.state_and_command()
    robot.ages.clear()
    robot.answered.clear()
    commander = family(int((folder / "pid").read_text(encoding="utf-8")))
    cpu, started = cpu_seconds(commander), time.monotonic()
    ways = [way for way in (robot.state_and_command() for _ in range(states))
            if way is not None]
    cpu, seconds = cpu_seconds(commander) - cpu, time.monotonic() - started
    if not ways or not robot.ages:
        raise RuntimeError("no command came while it counted")
    return {"ways": ways, "ages": robot.ages, "answered": len(robot.answered) / states,
            "core_share": cpu / seconds, "cpu_us": cpu / len(ways) * 1e6,
            "largest_mib": largest_mib(commander), "together_mib": together_mib(commander)}


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
