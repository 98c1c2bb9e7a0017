"""The floor: serialised bytes over DDS with the fastest executor of rclpy, and nothing else.

What is measured is what DDS and rclpy cost; the bytes are made once, and nobody looks into them.

Copies of the payload, between processes: bytes → std::string (rclpy); → the writer's cache; →
shared memory; → the reader's cache; → the taken message; → bytes.  In one process the reader's
cache is the writer's: two less.
"""

from __future__ import annotations

import array
import functools
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import serialize_message
from std_msgs.msg import Float32MultiArray

from dnne_ros.bench.edge_peers.callbacks import Returning, Serving
from dnne_ros.bench.edge_peers.rally import LAST, limit_life

_QOS = QoSProfile(depth=100)
_LAST_BYTES = struct.pack("<f", LAST)


def _advertise(node: Node, topic: str) -> Any:
    return node.create_publisher(Float32MultiArray, topic, _QOS)


def _subscribe(node: Node, topic: str, callback: Callable[[Any], None]) -> Any:
    return node.create_subscription(Float32MultiArray, topic, callback, _QOS, raw=True)


class _Serialised:
    """Makes the two messages of a payload once."""

    def __init__(self) -> None:
        self._payload: np.ndarray | None = None
        self._messages = (b"", b"")

    def __call__(self, payload: np.ndarray, last: bool) -> bytes:
        if payload is not self._payload:
            self._payload = payload
            whole = serialize_message(Float32MultiArray(
                data=array.array("f", payload.tobytes())))
            self._messages = (whole, whole[:-len(_LAST_BYTES)] + _LAST_BYTES)
        return self._messages[last]


def _is_last(message: bytes) -> bool:
    return message[-len(_LAST_BYTES):] == _LAST_BYTES


def main(folder: Path, role: str) -> None:
    """Play ``ping``, ``pong`` or ``both``."""
    limit_life()
    rclpy.init()
    nodes: list[Returning | Serving] = []
    if role != "ping":
        nodes.append(Returning(folder, _advertise, _subscribe, _is_last))
    if role != "pong":
        nodes.append(Serving(folder, _advertise, _subscribe, _Serialised()))
    executor = EventsExecutor()
    for node in nodes:
        executor.add_node(node)
    spin_once = functools.partial(executor.spin_once, timeout_sec=1.0)
    while not nodes[-1].ended:
        spin_once()
    for node in nodes:
        node.destroy_node()
    executor.shutdown()
    rclpy.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
