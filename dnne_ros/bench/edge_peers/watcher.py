"""A stranger to the graph that subscribes to one of its topics, as any ROS tool does.

It looks at some of the messages with the generated message class, which knows nothing of ours.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import rclpy
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import Float32MultiArray

from dnne_ros.bench.edge_peers.rally import limit_life

_SLOW_SECONDS = 0.02
_LOOK_EVERY = 20


class _Watcher:
    """Counts messages, and those that are not well formed."""

    def __init__(self, folder: Path, kind: str):
        self._folder = folder
        self._kind = kind
        self.received = 0
        self.malformed = 0

    def take(self, message: Any) -> None:
        """Take a message, serialised or typed."""
        if self.received % _LOOK_EVERY == 0:
            if self._kind != "typed":
                message = deserialize_message(message, Float32MultiArray)
            dims = message.layout.dim
            if [dim.label for dim in dims] != ["element"] or dims[0].size != len(message.data) \
                    or not all(0 <= value < 1 for value in message.data[:2]):
                self.malformed += 1
        self.received += 1
        if self.received == 1:
            self.write()
        if self._kind == "typed":
            time.sleep(_SLOW_SECONDS)

    def write(self) -> None:
        """Leave the counts as ``watcher.json``."""
        aside = self._folder / "watcher.part"
        aside.write_text(json.dumps({"received": self.received, "malformed": self.malformed}),
                         encoding="utf-8")
        aside.replace(self._folder / "watcher.json")


def main(folder: Path, kind: str, topic: str) -> None:
    """Watch ``topic`` until terminated; ``kind`` is ``raw`` or ``typed``, which is slow."""
    limit_life()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ended.append(number))
    node = rclpy.create_node(f"{kind}_watcher")
    watcher = _Watcher(folder, kind)
    node.create_subscription(Float32MultiArray, topic, watcher.take, 10, raw=kind == "raw")
    while not ended:
        rclpy.spin_once(node, timeout_sec=0.1)
    watcher.write()
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
