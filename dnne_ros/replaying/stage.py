"""The topics of a run, on which a replay shows what was recorded, and ``/clock``."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from typing import Any

import rclpy
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock

from dnne_ros.messages.message_types import message_class
from dnne_ros.recording.chunk_cache import Message
from dnne_ros.runtime.discovery import choose_reach
from dnne_ros.runtime.ros_context import missing_security_told, start_ros

_KEPT = 10
_SECOND = 1_000_000_000
_TICK_SECONDS = 0.02
_DISCOVERY_SECONDS = 1.0
"""What listeners have to find the topics, before the first item."""


class Stage:
    """Publishes serialised messages."""

    def __init__(self, ros_args: Sequence[str], begin_ns: int, rate: float):
        """Join the ROS graph; ``/clock`` shows ``begin_ns`` at the loop's 0.

        ``rate``: how many of the loop's seconds go by in one; 0: nobody knows.
        """
        choose_reach(os.environ, "LOCALHOST")
        self._begin_ns = begin_ns
        self._tick_seconds = _TICK_SECONDS * (rate or 1.0)
        self._context = start_ros(ros_args)
        with missing_security_told():
            self._node = rclpy.create_node("dnne_ros_replay", context=self._context,
                                           start_parameter_services=False)
        self._publishers: dict[str, Any] = {}
        self._clock = self._node.create_publisher(Clock, "/clock", QoSProfile(depth=1))

    def advertise(self, topic: str, message_type: str) -> None:
        """Have a topic; ValueError if its messages are not installed."""
        self._publishers[topic] = self._node.create_publisher(
            message_class(message_type), topic, QoSProfile(depth=_KEPT))

    def publish(self, topic: str, message: bytes) -> None:
        """Show a message, if there is such a topic."""
        if (publisher := self._publishers.get(topic)) is not None:
            publisher.publish(message)

    async def play(self, topic: str, messages: Iterator[Message], seconds: float) -> None:
        """Show each message when it was sent, for so many seconds."""
        loop = asyncio.get_running_loop()
        for message in messages:
            due = (message.time_ns - self._begin_ns) * 1e-9
            if due > seconds:
                return
            if (left := due - loop.time()) > 0:
                await asyncio.sleep(left)
            self.publish(topic, message.data)

    async def tick(self, seconds: float) -> None:
        """Show the time until the loop's is ``seconds``."""
        loop = asyncio.get_running_loop()
        message = Clock()
        while (now := loop.time()) <= seconds:
            stamp = message.clock
            stamp.sec, stamp.nanosec = divmod(self._begin_ns + round(now * _SECOND), _SECOND)
            self._clock.publish(message)
            await asyncio.sleep(self._tick_seconds)

    @staticmethod
    def wait_for_listeners() -> None:
        """Give others the time to find the topics."""
        time.sleep(_DISCOVERY_SECONDS)

    def close(self) -> None:
        """Leave the ROS graph."""
        self._node.destroy_node()
        self._context.try_shutdown()
