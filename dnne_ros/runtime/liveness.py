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
_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=100,
                  reliability=ReliabilityPolicy.BEST_EFFORT,
                  durability=DurabilityPolicy.VOLATILE)


class Liveness:
    """Says that this process is alive, and knows which others have fallen silent."""

    def __init__(self, host: NodeHost, run_id: str, process: str, others: Sequence[str],
                 silence: float):
        """Take ``others`` for gone after ``silence`` seconds without a word."""
        self._silence = silence
        now = time.monotonic()
        self._heard = {other: now for other in others}
        self._absent: set[str] = set()
        self._run_id = run_id
        self._message = String(data=json.dumps({"run": run_id, "process": process}))
        self._publisher = host.create_publisher(String, TOPIC, _QOS)
        host.create_subscription(String, TOPIC, self._on_message, _QOS)

    def say(self) -> None:
        """Tell the others that this process is alive."""
        self._publisher.publish(self._message)

    def start(self) -> None:
        """Count from now on: nobody is late before everybody has started."""
        now = time.monotonic()
        self._heard = dict.fromkeys(self._heard, now)

    def changes(self) -> tuple[list[str], list[str]]:
        """Return the processes that have fallen silent since the last call, and those back."""
        late = time.monotonic() - self._silence
        silent = {process for process, heard in self._heard.items() if heard < late}
        gone, back = sorted(silent - self._absent), sorted(self._absent - silent)
        self._absent = silent
        return gone, back

    def _on_message(self, message: String) -> None:
        try:
            content = json.loads(message.data)
            run, process = content["run"], content["process"]
        except (ValueError, KeyError, TypeError):
            return  # a stranger's word on our topic is no sign of life
        if run == self._run_id and process in self._heard:
            self._heard[process] = time.monotonic()
