"""The bus of a run on DDS."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

from dnne_ros.runtime.coordination.bus import Delivery
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.codecs import BytesCodec, StringCodec, codec_for
from dnne_ros.transport.payload import Wire
from dnne_ros.transport.seal import TAG_BYTES, Seal

if TYPE_CHECKING:
    from rclpy.node import Node as RosNode

_WARN_SECONDS = 5.0


class RosPublisher:
    """Publishes on one topic."""

    def __init__(self, publisher: Any, codec: Codec, delivery: Delivery, key: bytes):
        """Publish with an rclpy ``publisher`` of the ``codec``'s type."""
        self._publisher = publisher
        self._codec = codec
        self._text = delivery.text
        self._seal = Seal(key, publisher.topic_name)

    def publish(self, message: bytes) -> None:
        """Hand a message to all subscribers."""
        tag = self._seal.tag(message)
        self._publisher.publish(self._codec.encode(
            f"{tag.hex()} {message.decode()}" if self._text else tag + message))

    def flush(self, seconds: float) -> None:
        """Wait until those who are there have what was published."""
        self._publisher.wait_for_all_acked(Duration(seconds=seconds))


class RosBus:
    """Topics relative to the namespace of an rclpy node: String for text, else bytes.

    Each message shows that it is of this run (see `dnne_ros.transport.seal`): in hexadecimal
    digits before a text, in bytes before the others.
    """

    def __init__(self, host: RosNode, key: bytes):
        """Publish and subscribe as ``host``, with the run's ``key``."""
        self._host = host
        self._key = key

    def publisher(self, topic: str, delivery: Delivery) -> RosPublisher:
        """Return an end of ``topic`` to publish on."""
        codec = _codec(delivery)
        return RosPublisher(
            self._host.create_publisher(codec.message_type(), topic,
                                        _qos(delivery, max(1, delivery.kept))),
            codec, delivery, self._key)

    def subscribe(self, topic: str, delivery: Delivery, on_message: Callable[[bytes], None]
                  ) -> None:
        """Call ``on_message`` for each message of this run; whatever else comes is dropped."""
        codec = _codec(delivery)

        def read(message: bytes) -> None:
            try:
                data = _opened(seal, codec.decode(message))
            except Exception as error:  # anybody may publish here; it must not end the run
                self._host.get_logger().warning(f"dropped a message on {topic}: {error}",
                                                throttle_duration_sec=_WARN_SECONDS)
                return
            on_message(data)

        subscription = self._host.create_subscription(
            codec.message_type(), topic, read, _qos(delivery, delivery.queue), raw=True)
        seal = Seal(self._key, subscription.topic_name)


def _opened(seal: Seal, content: str | bytes) -> bytes:
    """Return what a process of this run has said; ValueError if it was somebody else."""
    if isinstance(content, str):
        shown, _, said = content.partition(" ")
        tag, message = bytes.fromhex(shown), said.encode()
    else:
        tag, message = content[:TAG_BYTES], content[TAG_BYTES:]
    if not seal.fits(tag, message):
        raise ValueError("it does not show the key of this run")
    return message


def _codec(delivery: Delivery) -> Codec:
    return codec_for(Wire(StringCodec if delivery.text else BytesCodec))


def _qos(delivery: Delivery, depth: int) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if delivery.reliable
        else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if delivery.kept
        else DurabilityPolicy.VOLATILE)
