"""Which of a run's processes are alive: each says so once a second.

A process that was killed stays in the ROS graph for many seconds, and a stopped one for ever, so
neither can be told from a slow one there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

if TYPE_CHECKING:
    from dnne_ros.runtime.node_host import NodeHost

TOPIC = "_alive"
STARTING, READY, RUNNING = "starting", "ready", "running"
_SLEPT_SECONDS = 1.0
_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100,
                  reliability=ReliabilityPolicy.BEST_EFFORT,
                  durability=DurabilityPolicy.VOLATILE)


class Liveness:
    """Says that this process is alive and how far it is, and knows the same of the others."""

    def __init__(self, host: NodeHost, run_id: str, process: str, others: Sequence[str],
                 silence: float):
        """Take ``others`` for gone after ``silence`` seconds without a word."""
        self._silence = silence
        self._heard = dict.fromkeys(others, 0.0)
        self._state = dict.fromkeys(others, "")
        self._absent: set[str] = set()
        self._looked = 0.0
        self._run_id = run_id
        self._process = process
        self._publisher = host.create_publisher(String, TOPIC, _QOS)
        host.create_subscription(String, TOPIC, self._on_message, _QOS)

    def say(self, state: str) -> None:
        """Tell the others: ``starting``, ``ready`` to start its nodes, or ``running``."""
        self._publisher.publish(String(data=json.dumps({
            "run": self._run_id, "process": self._process, "state": state})))

    def not_ready(self) -> list[str]:
        """Return the processes that have not said that they are ready."""
        return [process for process, state in self._state.items()
                if state not in (READY, RUNNING)]

    @property
    def someone_runs(self) -> bool:
        """Tell whether the run has begun already, elsewhere."""
        return RUNNING in self._state.values()

    def start(self) -> None:
        """Count from now on: nobody is late before everybody has started."""
        self._looked = time.monotonic()
        self._heard = dict.fromkeys(self._heard, self._looked)

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the processes that have fallen silent since the last call, and those back."""
        now = time.monotonic()
        slept, self._looked = now - self._looked, now
        if slept > _SLEPT_SECONDS:  # it was us: what the others said waits to be read
            self._heard = {process: heard + slept for process, heard in self._heard.items()}
        silent = {process for process, heard in self._heard.items()
                  if heard < now - self._silence}
        gone, back = sorted(silent - self._absent), sorted(self._absent - silent)
        self._absent = silent
        return gone, back

    def _on_message(self, message: String) -> None:
        try:
            content = json.loads(message.data)
            run, process, state = (str(content[key]) for key in ("run", "process", "state"))
        except (ValueError, KeyError, TypeError, RecursionError):
            return  # a stranger's word on our topic is no sign of life
        if run == self._run_id and process in self._heard:
            self._heard[process] = time.monotonic()
            self._state[process] = state
