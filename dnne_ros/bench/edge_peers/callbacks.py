"""Both ends of a rally as rclpy nodes that live in callbacks, whichever executor calls them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rclpy.duration import Duration
from rclpy.node import Node

from dnne_ros.bench.edge_peers.rally import Rally

_SETTLE_SECONDS = 0.5
"""After both topics are seen, until the first ball: the other end must have matched them too."""


class Serving(Node):
    """Sends balls and takes the times.

    ``make(payload, last)`` returns the message of an array; ``subscribe(node, topic, callback)``
    and ``advertise(node, topic)`` make the ends of topics.  ``ended`` is set at the end.
    """

    def __init__(self, folder: Path, advertise: Callable[..., Any],
                 subscribe: Callable[..., Any], make: Callable[[Any, bool], Any]):
        """Serve as soon as the other end is there."""
        super().__init__("ping")
        self.ended = False
        self._rally = Rally(folder, "ping")
        self._turns = iter(self._rally)
        self._make = make
        self._balls = advertise(self, "ball")
        subscribe(self, "back", lambda _: self._serve())
        self._waited = 0.0
        self._start = self.create_timer(0.05, self._look)

    def _look(self) -> None:
        if self._balls.get_subscription_count() and self.count_publishers("back"):
            self._waited += 0.05
        if self._waited >= _SETTLE_SECONDS:
            self._start.cancel()
            self._serve()

    def _serve(self) -> None:
        times = next(self._turns, None)
        if times is None:
            self.ended = True
            return
        for left in range(times, 0, -1):
            self._balls.publish(self._make(self._rally.payload, times > 1 and left == 1))


class Returning(Node):
    """Sends back what comes: the last item of each turn, as far as it is not lost before.

    ``is_last(message)`` tells whether a message ends a stream.
    """

    def __init__(self, folder: Path, advertise: Callable[..., Any],
                 subscribe: Callable[..., Any], is_last: Callable[[Any], bool]):
        """Wait for balls."""
        super().__init__("pong")
        self.ended = False
        self._rally = Rally(folder, "pong")
        self._turns = iter(self._rally)
        self._expected: int | None = next(self._turns)
        self._is_last = is_last
        self._taken = 0
        self._backs = advertise(self, "back")
        subscribe(self, "ball", self._take)

    def _take(self, message: Any) -> None:
        self._taken += 1
        if self._expected == 1 or self._is_last(message):
            self._rally.received = self._taken
            self._taken = 0
            self._backs.publish(message)
            self._expected = next(self._turns, None)
            if self._expected is None:
                self._backs.wait_for_all_acked(Duration(seconds=5))
                self.ended = True
