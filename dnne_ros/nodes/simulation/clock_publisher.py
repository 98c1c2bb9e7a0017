"""Simulated time on ``/clock``."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dnne_ros.toolkit.throttle import Throttle

if TYPE_CHECKING:
    from dnne_ros.node_api.ros_topics import RosTopics, TopicPublisher

TOPIC, TYPE = "/clock", "rosgraph_msgs/msg/Clock"
_PERIOD = 0.004
_SECOND = 1_000_000_000
# rosgraph_msgs/Clock as CDR: little endian, then seconds and nanoseconds.
_MESSAGE = struct.Struct("<4siI")
_HEAD = b"\0\1\0\0"


class ClockPublisher:
    """Publishes simulated time, at most once a step and 250 times a second.

    Only once `publish` is called is there a publisher: a second source of ``/clock`` would
    confuse everybody.
    """

    def __init__(self, topics: RosTopics):
        """Publish through ``topics``."""
        self._topics = topics
        self._publisher: TopicPublisher | None = None
        self._due = Throttle(_PERIOD)

    def publish(self, simulated_ns: int) -> None:
        """Say what time it is, if it is time to."""
        if not self._due():
            return
        if self._publisher is None:
            self._publisher = self._topics.advertise(TOPIC, TYPE)
        self._publisher.publish(_MESSAGE.pack(_HEAD, *divmod(simulated_ns, _SECOND)))
