"""Takes what other ROS nodes publish into the graph."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from dnne_ros.errors import InputError, PeerError
from dnne_ros.messages.gathering import PartGatherer
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.reading import ORDERS, NumberReader
from dnne_ros.messages.sensors.table import CONVERTERS
from dnne_ros.messages.stamps import read_stamp
from dnne_ros.node_api.event_waits import came_within
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Dict, Image, Int, Tensor
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.ros_topics import QOS_PRESETS, TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.frames import HEARD_TRANSFORMS, MessageMover, message_misfits
from dnne_ros.nodes.ros.message_values import (
    COMPRESSED,
    converter,
    named_reader,
    policy_shaped,
    quick_reader,
    zeros_like,
)
from dnne_ros.nodes.ros.plain_values import DTYPES
from dnne_ros.nodes.ros.sensor_ports import load_packages
from dnne_ros.nodes.ros.topic_widgets import made, misfits, optional_names, topic_misfits
from dnne_ros.toolkit.arrival_gate import ArrivalGate

_FIXED = "it is part of the policy interface"
_LATE_SECONDS = 0.002
"""A message that has waited for longer may have newer ones behind it, which count then."""
_MOST_PARTS = 256
"""Messages kept to be added up: of many broadcasters, between two items."""


class RosSubscriberNode(Node):
    """Give what other ROS nodes publish on a topic, of any installed message type, to the graph.

    ``kind`` says which output it leaves by: ``tensor`` (the numbers of ``field``), ``image`` (a
    sensor_msgs/Image or CompressedImage) or ``message`` (all fields as a dictionary).  A message
    is given as it comes: no timer holds it back.  What comes sooner than ``rate`` allows is
    skipped, as is the oldest of what is not taken in time.  What a message lacks (a joint, a
    field's element, a transform into ``frame``) or a picture that cannot be converted is counted
    as dropped, with a warning; it never ends the run.
    """

    category = "ros"
    without_torch = gives_at_once = True

    tensor = Output(Tensor(), "The numbers of ``field``, (1, n) or (n).")
    image = Output(Image(), "The picture, (height, width, channels) or (height, width).")
    message = Output(Dict(), "The message; arrays of numbers in it are tensors.")
    stamp = Output(Int(), "When it was measured (``stamp``), ns.")
    topic = Widget("/joint_states", "The topic: /absolute, relative to the graph's namespace, or "
                   "~/private.")
    message_type = Widget("sensor_msgs/msg/JointState", "package/msg/Name, any installed one.")
    field = Widget("position", "Where the numbers are, paths with commas: position,velocity or "
                   "pose.position.x or transforms[0].translation or transforms[].translation.x; "
                   "empty: the whole message.", fixed_because=_FIXED)
    kind = Widget("tensor", "What comes out.", choices=("tensor", "image", "message"))
    qos = Widget("sensor_data", "How to subscribe; sensor_data matches every publisher.",
                 choices=QOS_PRESETS)
    rate = Widget(0.0, "Most items in a second: what comes sooner is skipped; 0: every message.",
                  minimum=0.0, maximum=10_000.0, unit="Hz", live=True)
    timeout = Widget(0.0, "Silence after which the topic is stale; 0: never.", minimum=0.0,
                     maximum=3600.0, unit="s", live=True)
    when_stale = Widget("nothing", "What goes out each ``timeout`` of a stale topic: nothing, the "
                        "last value again, zeros of its shape; or the run is stopped.",
                        choices=("nothing", "repeat", "zeros", "stop"), live=True)
    names = Widget("", "Which elements (joints) in which order, by the names in the message, with "
                   "commas; empty: all as they come.", fixed_because=_FIXED)
    names_field = Widget("", "Where the message has these names; empty: name, names or "
                         "joint_names.")
    order = Widget("fields", "Of several fields: all of the first field, then of the next; or all "
                   "fields of the first element (joint), then of the next.", choices=ORDERS,
                   fixed_because=_FIXED)
    dtype = Widget("float32", "Element type of the tensor; as_sent: the message's own.",
                   choices=DTYPES)
    batch = Widget(True, "Give (1, n), one environment, as policies take it, instead of (n).")
    stamp_from = Widget("arrival", "What counts as the time of a message: its arrival, or its "
                        "header.stamp, by which old ones are dropped after ``timeout``.",
                        choices=("arrival", "header"))
    keep = Widget(1, "Messages kept while the graph is busy.", minimum=1, maximum=100_000)
    policy_input = Widget(False, "A policy sees this: names, fields and rate must be what it was "
                          "trained with, and a number that is not finite is none.")
    part_age = Widget(0.1, "Messages that hold some of the ``names`` add up, each element for so "
                      "long; 0: what lacks one is dropped.", minimum=0.0, maximum=3600.0,
                      unit="s", live=True)
    frame = Widget("", "The frame in which points, vectors and rotations are wanted, by tf2, of a "
                   "message with a header; empty: the message's own.")
    frame_wait = Widget(0.1, "How long a message waits for its transform; without one it is "
                        "dropped.", minimum=0.0, maximum=3600.0, unit="s", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check topic, message type and fields."""
        return (topic_misfits(values["topic"]) + misfits(converter, values)
                or message_misfits(message_class(values["message_type"]), values["frame"]))

    @classmethod
    def fixed_with(cls, values: Mapping[str, Any]) -> Mapping[str, str]:
        """Hold the rate to that which a policy was trained with."""
        return {"rate": _FIXED} if values["policy_input"] else {}

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say what it listens to."""
        return (TopicUse(values["topic"], values["message_type"]),
                *(HEARD_TRANSFORMS if values["frame"] else ()))

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it passes on what others publish."""
        return True

    def setup(self) -> None:
        """Find the fields and subscribe."""
        self._convert = self.converter()
        self._mover = MessageMover(self.context, self.frame, lambda: self.frame_wait)
        reader = named_reader(self.values)
        self._gatherer = None if reader is None else PartGatherer(reader)
        self._quick = quick_reader(self.values, reader)
        if self._quick is not None:
            self.context.topics.rehearse(self._quick.rehearse)
        self._counts = self.context.health.values
        self._counts.update(received=0, used=0, skipped=0, dropped=0, stale=0)
        self._trouble = HealthReporter(self.context)
        self._gate = ArrivalGate(lambda: 1.0 / self.values["rate"], self.context.clock)
        self._has_frame, self._ports = bool(self.frame), ("stamp", self.kind)
        self._came, self._is_idle = asyncio.Event(), False
        self._last: Any = None
        self.listen()

    def converter(self) -> Callable[[Any], Any]:
        """Return what makes of a message the value that `give` gets; it may raise ValueError."""
        for port in {"tensor", "image", "message"} - {self.kind}:
            if self.context.is_linked(port):
                raise InputError(f"output {port!r}", [
                    f"expected kind={port} for what is linked to it, found kind={self.kind}"])
        if self.message_type == COMPRESSED:
            load_packages(CONVERTERS[COMPRESSED])
        return made(converter, self.values)

    def listen(self) -> None:
        """Subscribe to the topic."""
        self._waiting: deque[tuple[bytes, float]] = deque(maxlen=self.keep)
        self._adds_up = False
        self.context.topics.subscribe(self.topic, self.message_type, self.qos, self._receive,
                                      raw=True, timed=True, urgent=self.policy_input)

    async def arrivals(self, timeout: float | None) -> list[tuple[Any, float]]:
        """Return messages and when they came (``context.steady``), in order.

        It is the next one or, where they add up, all that wait.  TimeoutError, unless one waits
        already, after ``timeout`` seconds or when there is something else to look at; ValueError
        for bytes that are no message, and for one of which nobody knows where it is in ``frame``.
        """
        if not self._waiting:
            self._came.clear()
            self._is_idle = True
            try:
                await came_within(self._came, timeout)
            finally:
                self._is_idle = False
            if not self._waiting:
                raise TimeoutError
        taken = [self._waiting.popleft()]
        if self._adds_up:
            taken += self._waiting
            self._waiting.clear()
        return [(await self._mover.moved(
            self.context.topics.deserialize(data, self.message_type)), arrived)
            for data, arrived in taken]

    def policy_interface(self) -> dict[str, Any]:
        """Say what the policy sees, if it is a policy that looks."""
        if not self.policy_input:
            return {}
        reader = NumberReader(message_class(self.message_type), self.field,
                              names=optional_names(self.names), names_field=self.names_field,
                              order=self.order)
        return {"joints": list(reader.names), "observations": reader.columns,
                "rate_hz": self.rate}

    def widget_changed(self, name: str) -> None:
        """Wait for as long as ``timeout`` says now."""
        self._came.set()

    async def process(self) -> None:
        """Give each message that could not be given as it came, and see that there are some."""
        self._good = self.context.steady.now()
        with self.giving():
            while True:
                found = await self._next()
                if found is None:
                    await self._be_stale()
                    continue
                self._note_used(found)
                await self.give(*found)

    def giving(self) -> AbstractContextManager[None]:
        """Let those behind it answer what is given in a callback, in one go."""
        return self.context.giving(("stamp", self.kind))

    async def give(self, value: Any, stamp: int) -> None:
        """Send a value and the time at which it was measured, in ns."""
        await self.send_output(stamp, "stamp")
        await self.send_output(value, self.kind)

    def can_give_now(self) -> bool:
        """Tell whether nobody who takes makes it wait."""
        return self.context.has_room(self._ports)

    def _receive(self, data: bytes, arrived: float) -> None:
        """Give a message at once if nothing is in its way, else keep it."""
        counts = self._counts
        counts["received"] += 1
        if self._is_idle and not self._waiting and not self._has_frame:
            now = self.context.steady.now()
            if now - arrived < _LATE_SECONDS and self.can_give_now():
                self._answer(data, arrived, now)
                return
        counts["skipped"] += len(self._waiting) == self._waiting.maxlen
        self._waiting.append((data, arrived))
        self._came.set()

    def _answer(self, data: bytes, arrived: float, now: float) -> None:
        message: Any = self._quick
        if message is None or self._adds_up or not message.read(data):
            try:
                message = self.context.topics.deserialize(data, self.message_type)
            except ValueError as error:
                self._drop(error)
                return
        found = self._used(message, arrived, now)
        if found is not None:
            if self._quick is not None and message is not self._quick:
                self._quick.learn(data, message)
            self._note_used(found)
            self.context.put_round({"stamp": found[1], self._ports[1]: found[0]})

    def _note_used(self, found: tuple[Any, int]) -> None:
        self._last = found[0]
        self._counts["used"] += 1
        if self._trouble.is_there:
            self._trouble.clear(f"{self.topic} is good again")

    async def _next(self) -> tuple[Any, int] | None:
        """Return the next usable value and its time, or None if the topic is stale."""
        while True:
            left = max(0.0, self._good + self.timeout - self.context.steady.now()) \
                if self.timeout else None
            try:
                arrivals = await self.arrivals(left)
            except TimeoutError:
                arrivals = []
            except ValueError as error:
                self._drop(error)
                continue
            found = None
            for message, arrived in arrivals:
                found = self._used(message, arrived, self.context.steady.now()) or found
            if found is not None or (
                    self.timeout and self.context.steady.now() >= self._good + self.timeout):
                return found

    def _used(self, message: Any, arrived: float, now: float) -> tuple[Any, int] | None:
        """Return what a message gives and its time; None for one that gives nothing now.

        The message may be the quick reader that has read it; ``now`` as ``arrived``.
        """
        # What is read by name is small, and may be a part; pictures are not read to be skipped.
        by_name = self._gatherer is not None
        if not by_name and self._comes_too_soon(arrived, now):
            return None
        try:
            found = self._use(message, arrived, now)
        except ValueError as error:
            self._drop(error)
            found = None
        if found is None:
            if not by_name:
                self._gate.give_back()
            return None
        if by_name and self._comes_too_soon(arrived, now):
            return None
        self._good = arrived
        return found

    def _comes_too_soon(self, arrived: float, now: float) -> bool:
        """Tell whether the rate does not allow what has arrived; it is a sign of life anyway."""
        if not self.values["rate"] or self._gate.lets_through(now - arrived):
            return False
        self._counts["skipped"] += 1
        self._good = arrived
        return True

    def _drop(self, error: ValueError) -> None:
        self._counts["dropped"] += 1
        self._trouble.note("dropped", f"dropped a message on {self.topic}: {error}")

    def _use(self, message: Any, arrived: float, now: float) -> tuple[Any, int] | None:
        values, shown = self.values, self.context.topics.now_ns()
        stamp = shown - round((now - arrived) * 1e9)
        quick = self._quick if message is self._quick else None
        if values["stamp_from"] == "header":
            stamp = read_stamp(message) if quick is None else quick.stamp
            if self.timeout and shown - stamp > self.timeout * 1e9:
                raise ValueError(f"it is {(shown - stamp) * 1e-9:.3g} s old")
        if quick is not None:
            if self._gatherer is not None:
                self._gatherer.note_whole(quick.numbers, arrived)
            return policy_shaped(quick.numbers, quick.reader, values), stamp
        if self._gatherer is None or not self.part_age:
            return self._convert(message), stamp
        numbers = self._gatherer.add(message, arrived, self.part_age, all_new=not self.rate)
        if self._gatherer.gathers and not self._adds_up:
            self._adds_up = True
            self._waiting = deque(self._waiting, maxlen=max(self.keep, _MOST_PARTS))
        if numbers is None:
            if complaint := self._gatherer.complaint(arrived, self.part_age):
                self._trouble.note("parts", f"{self.topic}: {complaint}")
            return None
        return policy_shaped(numbers, self._gatherer.reader, self.values), stamp

    async def _be_stale(self) -> None:
        """Do what ``when_stale`` says, and wait from anew."""
        silence = f"no message on {self.topic} for {self.timeout:g} s"
        if self._gatherer is not None and (
                complaint := self._gatherer.complaint(self.context.steady.now(), self.part_age)):
            silence = f"{self.topic}: {complaint}"
        if self.when_stale == "stop":
            raise PeerError(silence)
        self._counts["stale"] += 1
        self._good = self.context.steady.now()
        self._trouble.note("stale", silence)
        if self._last is None or self.when_stale == "nothing":
            return
        if self.when_stale == "zeros":
            self._last = zeros_like(self._last)
        await self.give(self._last, self.context.topics.now_ns())
