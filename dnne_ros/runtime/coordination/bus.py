"""What carries the words of a run's processes to each other: DDS, or a test's own bus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Delivery:
    """What a topic promises.

    ``reliable``: each message arrives, in the order of its publisher.  ``kept``: so many of each
    publisher's last messages are there for those who join late.  ``queue``: so many wait at a
    subscriber that is busy, whoever sent them; beyond that the oldest are lost.  ``text``:
    messages are UTF-8 and not just bytes.
    """

    reliable: bool
    kept: int
    queue: int
    text: bool = True


class Publisher(Protocol):
    """One end of a topic."""

    def publish(self, message: bytes) -> None:
        """Hand a message to all subscribers; never waits."""
        ...

    def flush(self, seconds: float) -> None:
        """Wait until those who are there have what was published, at most ``seconds``."""
        ...


class Bus(Protocol):
    """Topics that all processes of a graph publish on and subscribe to."""

    def publisher(self, topic: str, delivery: Delivery) -> Publisher:
        """Return an end of ``topic`` to publish on."""
        ...

    def subscribe(self, topic: str, delivery: Delivery, on_message: Callable[[bytes], None]
                  ) -> None:
        """Call ``on_message`` for each message of anybody, this process among them."""
        ...
