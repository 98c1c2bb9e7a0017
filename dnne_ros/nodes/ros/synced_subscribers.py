"""Takes what several sensors measured at the same time into the graph."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from dnne_ros.errors import InputError
from dnne_ros.messages.dictionaries import to_dictionary
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.sensors.converter import INVALID, Options
from dnne_ros.messages.sensors.quantity import Meaning, Quantity
from dnne_ros.messages.sensors.table import CONVERTERS
from dnne_ros.messages.stamps import header_of, read_stamp
from dnne_ros.node_api.event_waits import came_within
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import port_changes
from dnne_ros.node_api.port_types import Dict, Float, Int
from dnne_ros.node_api.ports import Output, Ports
from dnne_ros.node_api.ros_topics import QOS_PRESETS, TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.frames import HEARD_TRANSFORMS, FrameMover, frame_misfits
from dnne_ros.nodes.ros.plain_values import tensors_in
from dnne_ros.nodes.ros.sensor_ports import (
    DTYPES,
    field_names,
    load_packages,
    outputs_of,
    sent_value,
)
from dnne_ros.nodes.ros.topic_widgets import made, misfits, topic_misfits
from dnne_ros.toolkit.time_sync import ApproximateTime, ExactTime, Set

_ENTRY = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*:\s*(\S+)\s+(\S+)\s*")
_WHOLE = Quantity("message", "", meaning=Meaning.TEXT)
"""Of a type that the table of sensors has not: it goes on as it is."""
_EXAMPLE = "scan: /scan sensor_msgs/msg/LaserScan"


class _Topic(NamedTuple):
    """One of the topics, by the name that its outputs begin with."""

    name: str
    topic: str
    type: str


class _Reading(NamedTuple):
    """How one topic's messages are read: its quantities that are linked, without the name."""

    before: str
    quantities: Mapping[str, Quantity]
    read: Callable[[Any], dict[str, Any]]


class SyncedSubscribersNode(Node):
    """Give what several sensors measured at the same time, by their stamps, as one set of items.

    ``topics`` names them: ``image: /image sensor_msgs/msg/Image, info: /camera_info
    sensor_msgs/msg/CameraInfo``.  Each has the outputs of SensorSubscriber, with its name before
    them (``info_k``); of a type that SensorSubscriber does not know, all fields leave by
    ``NAME_message``.  Only what is linked is read and sent.  With method=approximate a set is
    what message_filters' ApproximateTime makes of the stamps, at most ``slop`` apart; with exact
    they are equal.  How many messages of each topic are in no set is counted.
    """

    category = "ros"
    without_torch = True

    stamp = Output(Int(), "When the newest of the set was measured, ns.")
    spread = Output(Float(), "By how much the oldest is older, s.")
    topics = Widget("image: /image_raw sensor_msgs/msg/Image, info: /camera_info "
                    "sensor_msgs/msg/CameraInfo", "NAME: TOPIC TYPE, two or more, with commas.",
                    decides_ports=True)
    method = Widget("approximate", "Which stamps belong together.",
                    choices=("approximate", "exact"))
    slop = Widget(0.1, "With approximate: how far apart the stamps of a set may be at most.",
                  minimum=0.0, maximum=3600.0, unit="s")
    queue = Widget(10, "Most messages of each topic that wait for the others.", minimum=1,
                   maximum=100_000)
    age_penalty = Widget(0.1, "With approximate: by which share of its delay a later set must be "
                         "narrower to be preferred.", minimum=0.0, maximum=1000.0)
    qos = Widget("sensor_data", "How to subscribe; sensor_data matches every publisher.",
                 choices=QOS_PRESETS)
    keep = Widget(1, "Sets kept while the graph is busy, the newest.", minimum=1, maximum=100_000)
    timeout = Widget(1.0, "Time without a set that is worth a warning, which says what has come "
                     "of each topic; 0: never.", minimum=0.0, maximum=3600.0, unit="s", live=True)
    dtype = Widget("float32", "Element type of numbers; as_sent: the message's own.",
                   choices=DTYPES)
    batch = Widget(True, "Give (1, …), one environment, as policies take it; pictures and text "
                   "are as they come.")
    invalid = Widget("keep", "Numbers that are none, as SensorSubscriber has it, for those types "
                     "to which it applies.", choices=INVALID)
    fields = Widget("x,y,z", "Of point clouds: which fields of each point, with commas; empty: "
                    "all.")
    frame = Widget("", "The frame in which points, positions, vectors and rotations are wanted, "
                   "by tf2; empty: the messages' own.")
    frame_wait = Widget(0.1, "How long a set waits for its transforms; without one it is "
                        "dropped.", minimum=0.0, maximum=3600.0, unit="s", live=True)
    organised = Widget(True, "Point clouds of several rows keep them, (height, width, fields).")

    @classmethod
    def ports_for(cls, values: Mapping[str, Any]) -> Ports:
        """Return the outputs of all topics."""
        try:
            topics = _topics(values)
        except ValueError as error:
            raise InputError("widget 'topics'", [str(error)]) from None
        return Ports(outputs=tuple(port for each in topics for port in _outputs(each)))

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the topics, and that their types are installed and have stamps."""
        try:
            topics = _topics(values)
        except ValueError as error:
            return [f"widget 'topics': {error}"]
        wrong = misfits(lambda each: field_names(each["fields"]), values)
        for each in topics:
            wrong += topic_misfits(each.topic, "topics", _EXAMPLE)
            wrong += misfits(partial(_stamp_of_new, each.type), {})
        return wrong or frame_misfits([CONVERTERS[each.type] for each in topics
                                       if each.type in CONVERTERS],
                                      values["frame"], values["fields"])

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say what it listens to."""
        return (*(TopicUse(each.topic, each.type) for each in _topics(values)),
                *(HEARD_TRANSFORMS if values["frame"] else ()))

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it passes on what others publish."""
        return True

    def setup(self) -> None:
        """Subscribe to all."""
        if changes := port_changes(type(self), self.values):
            raise InputError("parameters", changes)
        topics = made(_topics, self.values)
        self._join = ExactTime(len(topics), self.queue) if self.method == "exact" else \
            ApproximateTime(len(topics), self.queue, round(self.slop * 1e9),
                            age_penalty=self.age_penalty)
        self._topics = topics
        self._readings = [self._reading(each) for each in topics]
        self._mover = FrameMover(self.context, self.frame, self.frame_wait)
        self._sets: deque[Set] = deque(maxlen=self.keep)
        self._came = asyncio.Event()
        self._received = [0] * len(topics)
        self._counts = self.context.health.values
        self._counts.update(sets=0, used=0, skipped=0)
        self._counts.update(dict.fromkeys((f"{each.name}_dropped" for each in topics), 0))
        self._trouble = HealthReporter(self.context)
        for stream, each in enumerate(topics):
            self.context.topics.subscribe(each.topic, each.type, self.qos,
                                          partial(self._receive, stream))

    def widget_changed(self, name: str) -> None:
        """Take up ``frame_wait`` as it is now."""
        self._mover.wait = self.frame_wait

    async def process(self) -> None:
        """Give each set."""
        while True:
            if not self._sets:
                self._came.clear()
                if not await came_within(self._came, self.timeout or None):
                    self._complain()
                    continue
            found = self._sets.popleft()
            try:
                values = [await self._values(reading, each.item)
                          for reading, each in zip(self._readings, found, strict=True)]
            except ValueError as error:
                self._counts["skipped"] += 1
                self._trouble.note("unreadable", f"dropped a set: {error}")
                continue
            self._counts["used"] += 1
            self._trouble.clear("sets come again")
            await self._give(found, values)

    async def _give(self, found: Set, values: list[dict[str, Any]]) -> None:
        stamps = [each.stamp for each in found]
        await self.send_output(max(stamps), "stamp")
        await self.send_output(1e-9 * (max(stamps) - min(stamps)), "spread")
        for each in values:
            for name, value in each.items():
                await self.send_output(value, name)

    def _receive(self, stream: int, message: Any) -> None:
        self._received[stream] += 1
        sets = self._join.add(stream, read_stamp(message), message)
        for each, dropped in zip(self._topics, self._join.dropped, strict=True):
            self._counts[f"{each.name}_dropped"] = dropped
        for found in sets:
            self._counts["sets"] += 1
            self._counts["skipped"] += len(self._sets) == self._sets.maxlen
            self._sets.append(found)
            self._came.set()

    def _complain(self) -> None:
        came = ", ".join(f"{number} of {each.topic}"
                         for each, number in zip(self._topics, self._received, strict=True))
        self._trouble.note("apart", f"no set of messages for {self.timeout:g} s; so far have "
                           f"come {came}")

    async def _values(self, reading: _Reading, message: Any) -> dict[str, Any]:
        """Return the values of a topic's outputs that are linked; ValueError if it has none."""
        values = await self._mover.moved(reading.read(message), reading.quantities,
                                         str(header_of(message).frame_id), read_stamp(message))
        return {reading.before + name: sent_value(value, reading.quantities[name], self.dtype,
                                                  self.batch) for name, value in values.items()}

    def _reading(self, topic: _Topic) -> _Reading:
        before = f"{topic.name}_"
        converter = CONVERTERS.get(topic.type)
        known = {_WHOLE.name: _WHOLE} if converter is None else converter.quantities
        wanted = {name: each for name, each in known.items()
                  if self.context.is_linked(before + name)}
        if converter is None:
            return _Reading(before, wanted, lambda message: {
                name: tensors_in(to_dictionary(message)) for name in wanted})
        load_packages(converter)
        options = Options(
            invalid=self.invalid if self.invalid in converter.invalid else "keep",
            fields=made(lambda values: field_names(values["fields"]), self.values),
            organised=self.organised)
        return _Reading(before, wanted, converter.reader(options, wanted))


def _topics(values: Mapping[str, Any]) -> list[_Topic]:
    """Return what the widget names; ValueError for anything else."""
    found = []
    for part in values["topics"].split(","):
        match = _ENTRY.fullmatch(part)
        if match is None:
            raise ValueError(f"expected NAME: TOPIC TYPE such as {_EXAMPLE}, found {part!r:.80}")
        name, topic, type = match.groups()
        type = type if "/msg/" in type else type.replace("/", "/msg/")
        found.append(_Topic(name, topic, type))
    names = [each.name for each in found]
    if len(found) < 2 or len(set(names)) != len(names):
        raise ValueError(f"expected two topics or more, each with a name of its own, found "
                         f"{', '.join(names)}")
    return found


def _stamp_of_new(type: str, _: Mapping[str, Any]) -> int:
    """Return the stamp of a new message; ValueError for a type that has none, or is not there."""
    return read_stamp(message_class(type)())


def _outputs(topic: _Topic) -> tuple[Output, ...]:
    before = f"{topic.name}_"
    if topic.type in CONVERTERS:
        return outputs_of(CONVERTERS[topic.type], before)
    return (Output(Dict(), f"All fields of {topic.topic}; arrays of numbers in it are tensors.",
                   name=before + _WHOLE.name),)
