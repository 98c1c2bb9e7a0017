"""Where the hosts of a run meet: a hidden topic in the graph's namespace."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import rclpy
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

from dnne_ros.errors import InputError, PeerError
from dnne_ros.runtime.coordination.host_card import HostCard
from dnne_ros.runtime.coordination.host_meeting import HostMeeting
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.runtime.ros_context import missing_security_told
from dnne_ros.transport.seal import Seal

TOPIC = "_hosts"
_SAY_SECONDS = 1.0
_LOOK_SECONDS = 0.05
_FIRST_WORD_SECONDS = 2.0
_NEXT_WORD_SECONDS = 10.0
_LEAVE_SECONDS = 3.0
"""How long one that is refused stays, so that the other host hears of it, too."""


class MeetingPlace:
    """Says the card of one process once a second, and hears those of the others."""

    def __init__(self, context: rclpy.Context, loop: RosEventLoop, namespace: str, key: bytes,
                 meeting: HostMeeting, nodes_of: Mapping[str, str], speaks: bool):
        """Meet in the graph's ``namespace``.

        ``nodes_of``: the names of the nodes on each host.  ``speaks``: this process says what its
        host waits for.
        """
        self._meeting = meeting
        self._nodes_of = nodes_of
        self._speaks = speaks
        self._loop = loop
        self.stopped = ""
        """Why the run is over before it has begun, if it is."""
        self._said = -_SAY_SECONDS
        with missing_security_told():
            self.node = rclpy.create_node(
                f"_host_{meeting.card.process}", namespace=namespace, context=context,
                start_parameter_services=False, enable_rosout=False)
        """Who speaks and hears there."""
        self._publisher = self.node.create_publisher(String, TOPIC, _qos(1))
        self._seal = Seal(key, self._publisher.topic_name)
        self.node.create_subscription(String, TOPIC, self._hear, _qos(10 * (1 + len(nodes_of))))
        loop.executor.add_node(self.node)
        self._telling: asyncio.Task[None] | None = None

    def stop(self, reason: str) -> None:
        """Meet nobody any more."""
        self.stopped = reason

    async def meet(self, most_seconds: float | None) -> str:
        """Return the number of the run when all are there; "" if it was stopped.

        Raises `InputError` if another host does not fit to this one, and `PeerError` if one has
        not come in ``most_seconds``.
        """
        since, word_at = time.strftime("%H:%M:%S"), _FIRST_WORD_SECONDS
        meeting = self._meeting
        while not self.stopped and (meeting.refusal or not meeting.run):
            self._say()
            if meeting.refusal:
                await self._leave()
                raise InputError(f"host {meeting.card.host}", [meeting.refusal])
            if most_seconds is not None and meeting.waited > most_seconds:
                raise PeerError(f"host {meeting.card.host}: waited {most_seconds:g} s for "
                                f"{self._absent()}")
            if meeting.waited > word_at:
                word_at = meeting.waited + _NEXT_WORD_SECONDS
                self._tell(f"waits for {self._absent()} since {since} ({meeting.waited:.0f} s)")
            await asyncio.sleep(_LOOK_SECONDS)
        self._say()
        self._telling = self._loop.create_task(self._keep_saying())
        return meeting.run

    def close(self) -> None:
        """Say nothing more."""
        if self._telling is not None:
            self._telling.cancel()
        self._loop.executor.remove_node(self.node)
        self.node.destroy_node()

    def _absent(self) -> str:
        return ", ".join(
            f"host {host} ({self._nodes_of[host]}{'; ' * bool(remark)}{remark})"
            for host, remark in self._meeting.absent().items()) or "the leading process"

    def _say(self) -> None:
        now = time.monotonic()
        if now - self._said >= _SAY_SECONDS:
            self._said = now
            self._publish()

    def _publish(self) -> None:
        self._publisher.publish(String(data=self._meeting.card.to_text(self._seal)))

    async def _keep_saying(self) -> None:
        while True:
            self._publish()
            await asyncio.sleep(_SAY_SECONDS)

    async def _leave(self) -> None:
        deadline = time.monotonic() + _LEAVE_SECONDS
        while time.monotonic() < deadline and not self.stopped:
            self._say()
            await asyncio.sleep(_LOOK_SECONDS)

    def _hear(self, message: String) -> None:
        try:
            card, genuine = HostCard.from_text(message.data, self._seal)
        except (ValueError, TypeError, RecursionError) as error:  # anybody may publish here
            self.node.get_logger().warning(f"not a card of a host: {error}",
                                           throttle_duration_sec=10.0)
            return
        known = self._meeting.card.knows
        if text := self._meeting.note(card, genuine):
            self._tell(text)
        if self._meeting.card.knows != known:  # who is new waits to hear that we have heard it
            self._said = -_SAY_SECONDS

    def _tell(self, text: str) -> None:
        if self._speaks:
            self.node.get_logger().info(text)


def _qos(depth: int) -> QoSProfile:
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth,
                      reliability=ReliabilityPolicy.RELIABLE,
                      durability=DurabilityPolicy.TRANSIENT_LOCAL)
