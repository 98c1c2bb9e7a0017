"""Implements `dnne_ros.node_api.ros_topics.RosTopics` on a node's host."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration
from rclpy.exceptions import NameValidationException
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message

from dnne_ros.errors import InputError, describe
from dnne_ros.messages.message_types import message_class
from dnne_ros.recording.node_log import Shows
from dnne_ros.runtime.looking_out import LookingOut, Rhythm
from dnne_ros.runtime.node.host_clock import SimulatedTime
from dnne_ros.transport.qos_overrides import qos_overrides
from dnne_ros.transport.unheard import warns_of_unheard

if TYPE_CHECKING:
    from rclpy.publisher import Publisher
    from rclpy.subscription import Subscription

    from dnne_ros.runtime.monitoring.process_recording import NodeRecording
    from dnne_ros.runtime.node.node_host import NodeHost

_PROFILES = {
    "reliable": (ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE, 10),
    "sensor_data": (ReliabilityPolicy.BEST_EFFORT, DurabilityPolicy.VOLATILE, 5),
    "latched": (ReliabilityPolicy.RELIABLE, DurabilityPolicy.TRANSIENT_LOCAL, 1),
}


def qos_preset(name: str) -> QoSProfile:
    """Return one of `dnne_ros.node_api.ros_topics.QOS_PRESETS`; KeyError for another name."""
    reliability, durability, depth = _PROFILES[name]
    return QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=depth, reliability=reliability,
                      durability=durability)


class HostTopics:
    """Topics of one node, beside its ports."""

    def __init__(self, host: NodeHost, looking_out: LookingOut | None = None):
        """Publish and subscribe as ``host``; ``looking_out``: the event loop's, if it does."""
        self.recording: NodeRecording | None = None
        """Writes down what the clock shows."""
        self._host = host
        self._time = SimulatedTime(host)
        self._publishers: list[Publisher[Any]] = []
        self._subscriptions: list[Subscription[Any]] = []
        self._expected: list[Any] = [] if looking_out is None else looking_out.rhythms
        self._rehearsals: list[Any] = [] if looking_out is None else looking_out.rehearsals
        self._own: list[tuple[list[Any], Any]] = []
        """What this node has in these lists."""

    def message_class(self, message_type: str) -> type:
        """Return the Python class of ``package/msg/Name``; `InputError` if there is none."""
        try:
            return message_class(message_type)
        except ValueError as error:
            raise InputError("message_type", [str(error)]) from None

    @property
    def subscribed(self) -> list[str]:
        """Return the full names of the topics subscribed to, after remapping."""
        return [subscription.topic_name for subscription in self._subscriptions]

    def advertise(self, topic: str, message_type: str, qos: str = "reliable") -> Publisher[Any]:
        """Return a publisher."""
        with self._legal(topic), qos_overrides(topic) as options:
            publisher: Publisher[Any] = self._host.create_publisher(
                self.message_class(message_type), topic, qos_preset(qos),
                qos_overriding_options=options)
        self._publishers.append(publisher)
        return publisher

    def subscribe(self, topic: str, message_type: str, qos: str,
                  on_message: Callable[..., None], raw: bool = False, timed: bool = False,
                  urgent: bool = False) -> None:
        """Call ``on_message`` for each message."""
        callback = _with_arrival(on_message, self._rhythm() if urgent else None) if timed \
            else on_message
        with self._legal(topic), qos_overrides(topic) as options:
            self._subscriptions.append(self._host.create_subscription(
                self.message_class(message_type), topic, callback, qos_preset(qos), raw=raw,
                qos_overriding_options=options,
                event_callbacks=warns_of_unheard(self._host, topic)))

    def rehearse(self, call: Callable[[], None]) -> None:
        """Call it before an urgent message of this process is due; say so if it fails."""
        def rehearsed() -> None:
            try:
                call()
            except Exception as error:
                self._host.get_logger().warning(f"is rehearsed no more: {describe(error)}")
                raise

        self._add(self._rehearsals, rehearsed)

    def deserialize(self, data: bytes, message_type: str) -> Any:
        """Return the message in serialised bytes; ValueError if they are none."""
        try:
            return deserialize_message(data, self.message_class(message_type))
        except Exception as error:  # rclpy has no type of its own for it
            raise ValueError(f"no {message_type}: {error}") from None

    def now_ns(self) -> int:
        """Return the node's clock, in nanoseconds."""
        now = int(self._host.get_clock().now().nanoseconds) if self._time.counts \
            else time.time_ns()
        if self.recording is not None:
            self.recording.note_clock(Shows.STAMP, now)
        return now

    def flush(self, seconds: float) -> None:
        """Wait until subscribers have what was published last, at most ``seconds``."""
        for publisher in self._publishers:
            if seconds > 0 and publisher.get_subscription_count():
                publisher.wait_for_all_acked(Duration(seconds=seconds))

    def close(self) -> None:
        """Give all topics back: the node is made anew."""
        for publisher in self._publishers:
            self._host.destroy_publisher(publisher)
        for subscription in self._subscriptions:
            self._host.destroy_subscription(subscription)
        self._publishers.clear()
        self._subscriptions.clear()
        self.leave_loop()

    def leave_loop(self) -> None:
        """Let no message of this node be expected any more."""
        for some, one in self._own:
            if one in some:
                some.remove(one)
        self._own.clear()

    def _rhythm(self) -> Rhythm:
        """Return that of a further topic which the event loop is to look out for."""
        rhythm = Rhythm()
        self._add(self._expected, rhythm)
        return rhythm

    def _add(self, some: list[Any], one: Any) -> None:
        some.append(one)
        self._own.append((some, one))

    @contextmanager
    def _legal(self, topic: str) -> Iterator[None]:
        try:
            yield
        except NameValidationException as error:
            reason = " ".join(str(error).split())
            raise InputError(f"topic {topic!r:.80}", [reason]) from None


def _with_arrival(on_message: Callable[[Any, float], None], rhythm: Rhythm | None = None
                  ) -> Callable[..., None]:
    """Return what rclpy is to call: it wants to know how, and `EventsExecutor` does otherwise.

    A callback of two arguments gets DDS' information beside the message; that executor gives both
    as one tuple.
    """
    def call(*received: Any) -> None:
        message, info = received if len(received) == 2 else received[0]
        now = time.time_ns()
        waited = max(0, now - (info["received_timestamp"] or now))  # 0: DDS does not say
        arrived = time.monotonic() - 1e-9 * waited
        on_message(message, arrived)
        if rhythm is not None:
            rhythm.note(arrived)

    call.__signature__ = inspect.signature(on_message)  # type: ignore[attr-defined]  # PEP 362
    return call
