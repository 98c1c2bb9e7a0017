"""Where a node's output goes: local edges, consumers in other processes, subscribers outside."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from dnne_ros.node_api.port_types import PortType
from dnne_ros.runtime.edges.admission import Admission
from dnne_ros.runtime.edges.local_end import LocalEnd
from dnne_ros.runtime.edges.public_topic import PublicTopic
from dnne_ros.transport.breathing import Breathing
from dnne_ros.transport.codec import Codec
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.remote_writer import RemoteWriter

_PUBLISHING_SHARE = 0.01
"""How much of the time may go into publishing for subscribers outside, where the graph's own nodes
wait for the same items."""
_PUBLISHING_SHARE_OF_SENSORS = 0.1
"""The same where nobody waits: sensor data and pictures, of which some may be dropped."""
_NOTHING = object()


class OutputPort:
    """One output of a running node.

    Its topic is a window: items are published while somebody outside subscribes, and cost nothing
    else.  The graph's own nodes get theirs by reference or, in other processes, on a channel or
    hidden topic, so subscribers outside hold them back in no way.  An item goes to all consumers
    at once, when the slowest lossless one has room for it.
    """

    def __init__(self, type: PortType, edges: Sequence[LocalEnd],
                 topic: PublicTopic | None, codec: Codec | None,
                 writer: RemoteWriter | None):
        """Send values of ``type``.

        The ``topic`` of values that stay in their process says only that there is one; it is
        None where nobody takes them.
        """
        self._type = type
        self.admission = Admission(type)
        self._edges = edges
        self._topic = topic
        self._codec = codec
        self._shown_as: Callable[[Any], Any] = _nothing if type.wire is None else type.pack
        self._writer = writer
        self._ends = (*edges, *(() if writer is None else (writer,)))
        self.edges = tuple(edge for edge in edges if isinstance(edge, LocalEdge))
        """Those that lead to nodes of this process."""
        self._is_plain = len(self.edges) == len(edges) and writer is None \
            and type.policy is not EdgePolicy.LATEST
        self._spans = [(edge.span, edge.limit) for edge in edges if edge.limit < math.inf]
        for end in self._ends:
            end.notify_room(self._on_room)
        self.turns: deque[asyncio.Future[None]] = deque()  # of coroutines that wait for room
        self.watchers = 0  # how many others subscribe
        self._latched = type.policy is EdgePolicy.LATEST
        self._newest: Any = None
        self.sent = 0
        """How many items were handed over; who passes some on while it `is_unseen` adds them."""
        self.waited_ns = 0
        """For how long senders have waited for room, in nanoseconds."""
        self.breathes = False  # whether a coroutine that sends lets the event loop turn
        self._breathing = Breathing()
        self._breathe_at = self._breathing.every
        self._pause: asyncio.TimerHandle | None = None
        self._when_room: Callable[[], None] | None = None
        self._wait_since = 0
        self._held_back: Any = _NOTHING
        lossless = any(edge.policy is EdgePolicy.LOSSLESS for edge in edges) or (
            writer is not None and writer.lossless)
        self._share = _PUBLISHING_SHARE if lossless else _PUBLISHING_SHARE_OF_SENSORS

    @property
    def newest(self) -> Any:
        """Return the value last sent, kept for latched types; None before the first."""
        return self._newest

    @property
    def number(self) -> int:
        """Return the number of the item sent last, which goes on across restarts."""
        return self.sent if self._writer is None else self._writer.window.sent

    @property
    def leaves(self) -> bool:
        """Tell whether nodes of other processes get its items."""
        return self._writer is not None

    @property
    def delivered(self) -> int:
        """Return how many items each consumer had when this process was started again."""
        return 0 if self._writer is None else self._writer.delivered

    async def send(self, value: Any, timeout: float | None = None, tail: bytes = b"") -> None:
        """Hand ``value`` to every consumer, waiting for those that are full; senders keep order.

        Raises TimeoutError if there was no room for ``timeout`` seconds.  Then, when the call
        is cancelled, and for a value that cannot be encoded where it must be, nothing was handed
        to anybody: nothing waits or fails once that has begun.  A value of another kind than the
        one before is checked against the port's type, and each is made what every consumer gets,
        so that a node that breaks its declaration fails in every placement and not only where its
        values must be encoded.  ``tail`` goes along with it to other processes.
        """
        admission = self.admission  # without a call of it: this is on the way of every item
        kind_of = admission.kind_of
        if kind_of is not None:
            try:
                if kind_of(value) != admission.kind:
                    admission.check(value)
            except AttributeError:
                admission.refuse(value)
                raise
        if admission.made is not None:
            value = admission.made(value)
        if self.turns or self.breathes:
            await self._wait_for_room(timeout)
        elif self.sent >= self._breathe_at and self._is_to_breathe():
            await self._breathe(timeout)
        else:
            # As `_is_full`, without a call: this is on the way of every item.
            for span, limit in self._spans:
                if span() >= limit:
                    await self._wait_for_room(timeout)
                    break
            else:
                if self._writer is not None and self._writer.full:
                    await self._wait_for_room(timeout)
        try:
            if self._writer is not None:
                assert self._codec is not None  # who has a writer has one
                parts = self._codec.parts(self._type.pack(value))
            for edge in self._edges:
                edge.deliver(value)
            if self._writer is not None:
                self._writer.send(parts, tail)
            if self.watchers:
                if self._pause is None:
                    self._publish_in_turn(value)
                else:
                    self._held_back = value
            if self._latched:
                self._newest = value
            self.sent += 1
        finally:
            if self.turns:
                self._on_room()

    @property
    def has_room(self) -> bool:
        """Tell whether `send` would wait for nobody who takes, and nobody sends before."""
        return not self.turns and not self.breathes and not self._is_full()

    def send_now(self, value: Any) -> None:
        """Hand ``value`` over in a callback of the event loop, which therefore turns.

        To be called while it `has_room`; raises what `send` raises, and RuntimeError without.
        """
        self._breathe_at = self.sent + self._breathing.every
        if self.is_unseen and self.has_room:  # as `send` does, on the shortest way
            value = self.admission(value)
            for edge in self.edges:
                edge.deliver(value)
            self.sent += 1
            return
        sending = self.send(value)
        try:
            sending.send(None)
        except StopIteration:  # it is through
            return
        sending.close()
        raise RuntimeError("an output has no room for what may not wait")

    @property
    def is_unseen(self) -> bool:
        """Tell whether only its `edges` are to know of an item, so that it may pass them by.

        Not while somebody outside listens or records, where the newest item is kept, or while
        another coroutine of its node sends.
        """
        return self._is_plain and not (self.watchers or self.turns or self.breathes)

    def call_when_room(self, call: Callable[[], None] | None) -> None:
        """Call ``call()`` once, when it `has_room` again; None: do not.  Senders come first."""
        self._when_room = call
        self._wait_since = time.monotonic_ns()
        self._note_wait(call is not None)

    def look_for_watchers(self) -> None:
        """Notice who else subscribes; a late joiner of a latched topic gets the newest value."""
        if self._topic is None:
            return
        watchers = self._topic.watchers()
        if watchers > self.watchers and self._newest is not None:
            self._publish(self._newest)
        self.watchers = watchers

    def flush(self, seconds: float) -> None:
        """Wait until subscribers have what was sent last, at most ``seconds``.

        A process that leaves at once takes it along: a robot would miss its last command.
        """
        if self.watchers and seconds > 0:
            if self._held_back is not _NOTHING:
                self._publish(self._held_back)
                self._held_back = _NOTHING
            assert self._topic is not None  # who is watched has one
            self._topic.flush(seconds)

    def _is_to_breathe(self) -> bool:
        if self._breathing.need_not():
            self._breathe_at = self.sent + self._breathing.every
            return False
        return not self._is_full()

    async def _breathe(self, timeout: float | None) -> None:
        """Let the loop turn: while there is room nothing waits, and a source must not starve it.

        Senders that come meanwhile are behind this one.
        """
        self.breathes = True
        self._breathing.note_turn()
        try:
            await asyncio.sleep(0)
        except BaseException:
            self.breathes = False
            self._on_room()
            raise
        self.breathes = False
        self._breathing.note_turned()
        self._breathe_at = self.sent + self._breathing.every
        if self._is_full():
            await self._wait_for_room(timeout, first=True)
        elif self.turns:
            self._note_wait(True)

    async def _wait_for_room(self, timeout: float | None, *, first: bool = False) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        if first:
            self.turns.appendleft(turn)
        else:
            self.turns.append(turn)
        timer = None if timeout is None else loop.call_later(timeout, _expire, turn)
        since = time.monotonic_ns()
        self._on_room()
        try:
            await turn
        except BaseException:
            self.turns.remove(turn)
            self._on_room()  # its turn may have come already
            raise
        finally:
            self.waited_ns += time.monotonic_ns() - since
            if timer is not None:
                timer.cancel()
        self.turns.remove(turn)
        self._breathing.forget()
        self._breathe_at = self.sent + self._breathing.every
        self._note_wait(bool(self.turns) or self._when_room is not None)

    def _on_room(self) -> None:
        """Let the first sender that waits go on, if nobody is full."""
        if self.turns and not self.breathes and not self.turns[0].done():
            if self._is_full():
                self._note_wait(True)
            else:
                self.turns[0].set_result(None)
                self._note_wait(False)  # until it goes on, there is nothing to be told
        elif self._when_room is not None and not self._is_full():
            call, self._when_room = self._when_room, None
            self.waited_ns += time.monotonic_ns() - self._wait_since
            self._note_wait(False)
            call()

    def _is_full(self) -> bool:
        for span, limit in self._spans:
            if span() >= limit:
                return True
        return self._writer is not None and self._writer.full

    def _note_wait(self, waiting: bool) -> None:
        for end in self._ends:
            end.note_wait(waiting)

    def _publish_in_turn(self, value: Any) -> None:
        """Publish; while that would take too much of the time, only the newest item."""
        if not self._ends:
            self._publish(value)
            return
        started = time.perf_counter()
        self._publish(value)
        took = time.perf_counter() - started
        self._pause = asyncio.get_running_loop().call_later(
            took / self._share, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        if self._held_back is not _NOTHING:
            value, self._held_back = self._held_back, _NOTHING
            self._publish_in_turn(value)

    def _publish(self, value: Any) -> None:
        assert self._topic is not None and self._codec is not None  # if somebody watches
        self._topic.publish(self._codec.encode(self._shown_as(value)))


def _nothing(value: Any) -> None:
    """Return what is published of a value that no message carries."""


def _expire(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError("no room came in time"))
