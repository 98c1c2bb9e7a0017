"""Implements `dnne_ros.node_api.ros_frames.RosFrames`: one buffer of tf2 for a process."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from rclpy.clock import JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.time import Time

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import how_to_install, message_class
from dnne_ros.messages.stamps import read_stamp, write_stamp
from dnne_ros.node_api.event_waits import came_within
from dnne_ros.node_api.ros_frames import Broadcast, FrameError, FrameTransform
from dnne_ros.transport.qos_overrides import qos_overrides
from dnne_ros.transport.unheard import warns_of_unheard

if TYPE_CHECKING:
    from dnne_ros.runtime.node.node_host import NodeHost
    from dnne_ros.runtime.node.ros_topics import HostTopics

_MESSAGE = "tf2_msgs/msg/TFMessage"
_TRANSFORM = "geometry_msgs/msg/TransformStamped"
_DEPTH = 100
"""Of both topics, as tf2_ros has it."""
_AUTHORITY = "default_authority"
_BACKWARDS = Duration(nanoseconds=-1)


class ProcessFrames:
    """The buffer, once a node of the process has asked for it."""

    def __init__(self) -> None:
        """Begin without tf2."""
        self._tf2: Any = None
        self._buffer: Any = None
        self._news = asyncio.Event()
        """Set, and replaced, when transforms come."""
        self._jumps: Any = None

    def listen(self, host: NodeHost) -> None:
        """Subscribe as ``host``, unless another has; `InputError` where tf2 is not installed."""
        if self._buffer is not None:
            return
        try:
            import tf2_py
        except ImportError as error:
            raise InputError("tf2", [f"it is needed for frames, and is not installed: {error}. "
                                     f"{how_to_install('tf2_ros_py')}"]) from None
        type = _message_class(_MESSAGE)
        self._tf2, self._buffer = tf2_py, tf2_py.BufferCore()
        for topic, add, durability in (
                ("/tf", self._buffer.set_transform, DurabilityPolicy.VOLATILE),
                ("/tf_static", self._buffer.set_transform_static,
                 DurabilityPolicy.TRANSIENT_LOCAL)):
            profile = QoSProfile(depth=_DEPTH, durability=durability,
                                 reliability=ReliabilityPolicy.RELIABLE)
            with qos_overrides(topic) as options:
                host.create_subscription(
                    type, topic, self._receiver(add), profile, qos_overriding_options=options,
                    event_callbacks=warns_of_unheard(host, topic))
        self._jumps = host.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=_BACKWARDS, on_clock_change=True),
            post_callback=self._forget)

    async def lookup(self, target: str, source: str, stamp: int | None, wait: float
                     ) -> FrameTransform:
        """Return a transform, which may come within ``wait`` seconds; `FrameError` if not."""
        end = time.monotonic() + wait
        while True:
            try:
                return self._found(target, source, stamp)
            except self._tf2.InvalidArgumentException as error:
                raise FrameError(_words(error)) from None
            except self._tf2.TransformException as error:
                news, left = self._news, end - time.monotonic()
                too_late = "into the past" in str(error)  # that comes no more
                if too_late or left <= 0.0 or not await came_within(news, left):
                    raise FrameError(_words(error)) from None

    def close(self) -> None:
        """Let go of the clock; the subscriptions go with their node."""
        if self._jumps is not None:
            self._jumps.unregister()

    def _found(self, target: str, source: str, stamp: int | None) -> FrameTransform:
        found = self._buffer.lookup_transform_core(
            target, source, Time(nanoseconds=stamp or 0))
        place, turn = found.transform.translation, found.transform.rotation
        return FrameTransform(np.array([place.x, place.y, place.z]),
                              np.array([turn.x, turn.y, turn.z, turn.w]), read_stamp(found))

    def _receiver(self, add: Any) -> Any:
        def receive(message: Any) -> None:
            for transform in message.transforms:
                add(transform, _AUTHORITY)
            news, self._news = self._news, asyncio.Event()
            news.set()
        return receive

    def _forget(self, jump: TimeJump) -> None:
        """Begin anew where time has jumped back: what was heard would be of the future."""
        self._buffer.clear()


class HostFrames:
    """The process's transforms, for one node."""

    def __init__(self, host: NodeHost, topics: HostTopics, frames: ProcessFrames):
        """Ask ``frames`` for ``host``, and broadcast on its ``topics``."""
        self._host = host
        self._topics = topics
        self._frames = frames
        self._missing: dict[tuple[str, str], str] = {}
        """What was asked for last of two frames and is not known, with tf2's words."""

    @property
    def awaited(self) -> list[str]:
        """Say which transforms the node has asked for in vain."""
        return [f"waits for the frame {source} in {target}: {why}"
                for (target, source), why in self._missing.items()]

    def listen(self) -> None:
        """Hear transforms from here on."""
        self._frames.listen(self._host)

    async def lookup(self, target: str, source: str, stamp: int | None, wait: float
                     ) -> FrameTransform:
        """Return where a frame is in another one; `FrameError` if that is not known."""
        self.listen()
        self._missing.setdefault((target, source), "nobody has said where it is")
        try:
            found = await self._frames.lookup(target, source, stamp, wait)
        except FrameError as error:
            self._missing[target, source] = str(error)
            raise
        self._missing.pop((target, source), None)
        return found

    def broadcaster(self, static: bool) -> Broadcast:
        """Return what broadcasts transforms of this node."""
        known: dict[str, Any] = {}
        message, single = _message_class(_MESSAGE), _message_class(_TRANSFORM)
        publisher = self._topics.advertise("/tf_static" if static else "/tf", _MESSAGE,
                                           "latched" if static else "reliable")

        def broadcast(parent: str, child: str, where: FrameTransform) -> None:
            transform = known[child] = single()
            write_stamp(transform, where.stamp)
            transform.header.frame_id, transform.child_frame_id = parent, child
            move, turn = transform.transform.translation, transform.transform.rotation
            move.x, move.y, move.z = where.position.tolist()
            turn.x, turn.y, turn.z, turn.w = where.rotation.tolist()
            # Who comes late gets the last message alone, so that it has all that is static.
            publisher.publish(message(transforms=list(known.values()) if static else [transform]))
        return broadcast


def _message_class(name: str) -> Any:
    try:
        return message_class(name)
    except ValueError as error:
        raise InputError("tf2", [str(error)]) from None


def _words(error: Exception) -> str:
    return " ".join(str(error).split())
