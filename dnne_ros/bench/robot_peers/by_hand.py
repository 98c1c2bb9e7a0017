"""A policy on a robot as one writes it by hand: rclpy, onnxruntime and numpy, nothing of ours.

``python -m dnne_ros.bench.robot_peers.by_hand MODEL callbacks|events``, by the executor that
tutorials teach or by rclpy's executor for events.  It acts on each joint state as it comes, and
looks at nothing: neither at the interface nor at limits, silence or numbers that are none.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

_JOINTS = ("slider_to_cart", "cart_to_pole")
_SECONDS = 600


class ByHand(Node):
    """Commands an effort for each joint state."""

    def __init__(self, model: Path):
        """Load the policy and listen."""
        super().__init__("by_hand")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(str(model), options)
        self._commands = self.create_publisher(Float64MultiArray, "commands", 10)
        self.create_subscription(
            JointState, "joint_states", self._act, qos_profile_sensor_data)

    def _act(self, state: JointState) -> None:
        rows = [state.name.index(joint) for joint in _JOINTS]
        observation = np.array([[value for row in rows for value in (
            state.position[row], state.velocity[row])]], np.float32)
        (command,) = self._session.run(None, {"observations": observation})
        self._commands.publish(Float64MultiArray(data=command[0].tolist()))


def main(model: Path, kind: str) -> None:
    """Command until terminated."""
    signal.alarm(_SECONDS)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    executor = EventsExecutor() if kind == "events" else SingleThreadedExecutor()
    executor.add_node(ByHand(model))
    while True:  # spin() of EventsExecutor delivers nothing in rclpy 9.1, nor does no time limit
        executor.spin_once(timeout_sec=_SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
