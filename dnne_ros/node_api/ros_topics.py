"""What the few node types that speak to other people's ROS nodes may do with topics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

QOS_PRESETS = ("reliable", "sensor_data", "latched")
"""``reliable``: reliable, volatile, the last 10.  ``sensor_data``: best effort, volatile, the last
5, which matches every publisher.  ``latched``: reliable, transient local, the last one."""


class TopicUse(NamedTuple):
    """A topic that a node listens to, or speaks on (``publishes``); ``name`` as a widget has it.

    ``under_sim_time``: it is used while the node's ``use_sim_time`` is true.
    """

    name: str
    type: str
    publishes: bool = False
    under_sim_time: bool = False


class TopicPublisher(Protocol):
    """The sending end of a topic."""

    def publish(self, message: Any) -> None:
        """Send a message, or the bytes of a serialised one."""
        ...

    def get_subscription_count(self) -> int:
        """Return how many subscriptions are matched."""
        ...


class RosTopics(Protocol):
    """Topics of a node's own, beside its ports.

    ``message_type`` is written as ``sensor_msgs/msg/JointState``.  Names follow ROS: a leading
    ``/`` is absolute, ``~/`` is below the node, others are below the graph's namespace; remapping
    applies.
    """

    def message_class(self, message_type: str) -> type:
        """Return the Python class of a message type.

        Raises `InputError` if it is not installed, naming what is.
        """
        ...

    def advertise(self, topic: str, message_type: str, qos: str = "reliable") -> TopicPublisher:
        """Return a publisher with one of `QOS_PRESETS`; `InputError` for an illegal name.

        What was published last is waited for when the process ends, so that a robot does not
        miss its last command.
        """
        ...

    def subscribe(self, topic: str, message_type: str, qos: str,
                  on_message: Callable[..., None], raw: bool = False, timed: bool = False,
                  urgent: bool = False) -> None:
        """Call ``on_message(message)`` for each message (its serialised bytes if ``raw``).

        ``timed``: ``on_message(message, arrived)``, with the `time.monotonic` at which it arrived
        at this machine, which is earlier where the process was busy.  ``urgent``, of timed ones:
        what comes at a steady rate is looked out for when it is due.  `InputError` for an illegal
        name.
        """
        ...

    def rehearse(self, call: Callable[[], None]) -> None:
        """Call ``call()`` shortly before an urgent message of this process is due.

        That is to do what the node does then, but what has an effect: so its code and its numbers
        are in the caches.  It is left out where messages follow each other closely, come at any
        time, or others want the core; one that raises is called no more.
        """
        ...

    def deserialize(self, data: bytes, message_type: str) -> Any:
        """Return the message in serialised bytes; ValueError if they are none."""
        ...

    def now_ns(self) -> int:
        """Return the node's clock, in nanoseconds: simulated time under ``use_sim_time``."""
        ...
