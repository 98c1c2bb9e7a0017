"""What an output gives its items to in its own process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from dnne_ros.transport.policy import EdgePolicy


class LocalEnd(Protocol):
    """A consumer in the process of an output: an edge to another node, or what records."""

    policy: EdgePolicy
    limit: float
    """The sender waits while `span` has reached it."""

    @property
    def span(self) -> Callable[[], int]:
        """Tells how much it has that is not taken."""
        ...

    def deliver(self, value: Any) -> None:
        """Take a value."""
        ...

    def notify_room(self, on_room: Callable[[], None]) -> None:
        """Call ``on_room`` when it has taken something, while the sender waits."""
        ...

    def note_wait(self, waiting: bool) -> None:
        """Note whether the sender waits."""
        ...
