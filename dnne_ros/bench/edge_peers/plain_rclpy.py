"""rclpy as its documentation teaches it: typed messages, callbacks, ``rclpy.spin``.

The message's elements are given as the ``array.array`` that the field is made of, the fastest of
the ways that the typed interface offers: a list or a numpy array is converted element by element.

Copies of the payload, between processes: numpy → array.array; → the message's own array.array (its
setter); → C message; → CDR; → shared memory; → the reader's cache; → C message; → bytes; →
array.array of the message.  In one process the reader's cache is the writer's: two less.
"""

from __future__ import annotations

import array
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_msgs.msg import Float32MultiArray

from dnne_ros.bench.edge_peers.callbacks import Returning, Serving
from dnne_ros.bench.edge_peers.rally import LAST, limit_life

_DEPTH = 10  # what tutorials say


def _advertise(node: Node, topic: str) -> Any:
    return node.create_publisher(Float32MultiArray, topic, _DEPTH)


def _subscribe(node: Node, topic: str, callback: Callable[[Any], None]) -> Any:
    return node.create_subscription(Float32MultiArray, topic, callback, _DEPTH)


def _make(payload: np.ndarray, last: bool) -> Float32MultiArray:
    message = Float32MultiArray()
    values = array.array("f")
    values.frombytes(payload.view(np.uint8).data)
    message.data = values
    if last:
        message.data[-1] = LAST
    return message


def _is_last(message: Float32MultiArray) -> bool:
    return bool(np.frombuffer(message.data, np.float32)[-1] == LAST)


def main(folder: Path, role: str) -> None:
    """Play ``ping``, ``pong`` or ``both``."""
    limit_life()
    rclpy.init()
    nodes: list[Returning | Serving] = []
    if role != "ping":
        nodes.append(Returning(folder, _advertise, _subscribe, _is_last))
    if role != "pong":
        nodes.append(Serving(folder, _advertise, _subscribe, _make))
    executor = SingleThreadedExecutor()
    for node in nodes:
        executor.add_node(node)
    while not nodes[-1].ended:
        executor.spin_once()
    for node in nodes:
        node.destroy_node()
    executor.shutdown()
    rclpy.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
