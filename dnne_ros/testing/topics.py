"""Topics in memory: what a node publishes, and messages for what it subscribes to."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import message_class


class TopicEnd(NamedTuple):
    """What a node said when it advertised a topic, or subscribed to one."""

    topic: str
    message_type: str
    qos: str


class InMemoryPublisher:
    """The sending end of a topic; keeps what was published."""

    def __init__(self, topics: InMemoryTopics):
        """Count as many subscriptions as ``topics`` says."""
        self._topics = topics
        self.messages: list[Any] = []

    def publish(self, message: Any) -> None:
        """Keep a message, or the bytes of a serialised one."""
        self.messages.append(message)
        self._topics.published.append(message)

    def get_subscription_count(self) -> int:
        """Return `InMemoryTopics.listeners`."""
        return self._topics.listeners


class InMemoryTopics:
    """Implements `dnne_ros.RosTopics` without ROS.

    Names are kept as the node gave them.  Messages are handed on as they are: who subscribes to
    serialised ones is given what the test delivers, and `deserialize` returns it unchanged.
    """

    def __init__(self) -> None:
        """Begin without topics."""
        self.advertised: list[TopicEnd] = []
        self.subscriptions: list[TopicEnd] = []
        self.rehearsals: list[Callable[[], None]] = []
        """What the node does before messages are due (`RosTopics.rehearse`)."""
        self.publishers: dict[str, InMemoryPublisher] = {}
        """By topic."""
        self.published: list[Any] = []
        """Everything that was published, whatever the topic, in order."""
        self.listeners = 1
        """How many subscriptions each topic of the node has."""
        self.time_ns = 5_000_000_000
        """What the node's clock shows."""
        self._receivers: dict[str, list[Callable[[Any], None]]] = {}

    def message_class(self, message_type: str) -> type:
        """Return the Python class of a message type; `InputError` if it is not installed."""
        try:
            return message_class(message_type)
        except ValueError as error:
            raise InputError("message type", [str(error)]) from None

    def advertise(self, topic: str, message_type: str, qos: str = "reliable"
                  ) -> InMemoryPublisher:
        """Return a publisher that keeps what is published."""
        self.advertised.append(TopicEnd(topic, message_type, qos))
        return self.publishers.setdefault(topic, InMemoryPublisher(self))

    def subscribe(self, topic: str, message_type: str, qos: str,
                  on_message: Callable[..., None], raw: bool = False, timed: bool = False,
                  urgent: bool = False) -> None:
        """Call ``on_message`` for each message that the test delivers; it arrives just then."""
        def receive(message: Any) -> None:
            on_message(message, *([time.monotonic()] if timed else []))

        self.subscriptions.append(TopicEnd(topic, message_type, qos))
        self._receivers.setdefault(topic, []).append(receive)

    def deliver(self, *messages: Any, topic: str | None = None) -> None:
        """Publish messages as another ROS node would; None: on all topics subscribed to.

        Raises AssertionError if nobody has subscribed.
        """
        wanted = list(self._receivers) if topic is None else [topic]
        receivers = [each for name in wanted for each in self._receivers.get(name, ())]
        if not receivers:
            raise AssertionError(f"the node has not subscribed to {topic or 'any topic'}; it has "
                                 f"to {', '.join(self._receivers) or 'none'}")
        for message in messages:
            for receive in receivers:
                receive(message)

    def rehearse(self, call: Callable[[], None]) -> None:
        """Keep it in `rehearsals`: nothing is due in a test."""
        self.rehearsals.append(call)

    def deserialize(self, data: Any, message_type: str) -> Any:
        """Return ``data``, which is a message already."""
        return data

    def now_ns(self) -> int:
        """Return `time_ns`."""
        return self.time_ns
