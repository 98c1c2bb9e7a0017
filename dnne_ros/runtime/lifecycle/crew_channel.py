"""What the processes of a managed graph say to each other about its state.

Both sides say how things are, again and again, and not what has changed: the one with the managed
node (the leader) which state it wants, each of the others in which it is.  So nothing depends on
one message, and a process that was started again finds its place by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rclpy
from rclpy.clock import Clock
from rclpy.clock_type import ClockType

from dnne_ros.runtime.coordination.bus import Delivery
from dnne_ros.runtime.ros_context import missing_security_told

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode

    from dnne_ros.runtime.event_loop import RosEventLoop

TOPIC = "_lifecycle"
DELIVERY = Delivery(reliable=True, kept=1, queue=100)
PERIOD = 0.5
"""Seconds from one word to the next."""

UNCONFIGURED, LOADING, INACTIVE, ACTIVE, STOPPED, FAILED, FINALIZED = STATES = (
    "unconfigured", "loading", "inactive", "active", "stopped", "failed", "finalized")
"""ROS 2's states, and what a process alone is in between: after a run, it is stopped."""

Now = Callable[[], float]
NOW: Now = time.monotonic


@contextmanager
def hidden_node(process: str, namespace: str, loop: RosEventLoop, context: rclpy.Context
                ) -> Iterator[RosNode]:
    """Give the node as which ``process`` speaks while it has no other; ``loop`` serves it."""
    with missing_security_told():
        node = rclpy.create_node(
            f"_{process}_lifecycle", namespace=namespace, context=context, enable_rosout=False,
            start_parameter_services=False)
    loop.executor.add_node(node)
    try:
        yield node
    finally:
        loop.executor.remove_node(node)
        node.destroy_node()


def repeat(node: RosNode, say: Callable[[], None]) -> None:
    """Call ``say()`` again and again, also while simulated time stands still."""
    node.create_timer(PERIOD, say, clock=Clock(clock_type=ClockType.STEADY_TIME))
