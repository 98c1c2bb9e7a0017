"""Takes what sensors publish into the graph, quantity by quantity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.sensors.converter import INVALID
from dnne_ros.messages.sensors.table import CONVERTERS
from dnne_ros.messages.stamps import has_stamp, read_stamp
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import port_changes
from dnne_ros.node_api.port_types import Int, String
from dnne_ros.node_api.ports import Output, Ports
from dnne_ros.node_api.ros_frames import FrameError
from dnne_ros.node_api.ros_topics import QOS_PRESETS, TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.frames import HEARD_TRANSFORMS, FrameMover, frame_misfits
from dnne_ros.nodes.ros.ros_subscriber import RosSubscriberNode
from dnne_ros.nodes.ros.sensor_ports import (
    DTYPES,
    MESSAGE_TYPES,
    load_packages,
    options_of,
    outputs_of,
    sent_value,
)
from dnne_ros.nodes.ros.topic_widgets import made, misfits, topic_misfits

_HEARD = ("topic", "message_type", "qos", "rate", "timeout", "when_stale", "stamp_from", "keep")
"""The widgets that are RosSubscriber's own."""


class _Heard(RosSubscriberNode):
    """Hears messages; another node says what they are read as, and gives it to the graph."""

    def __init__(self, node: SensorSubscriberNode):
        values = {name: node.values[name] for name in _HEARD}
        if not has_stamp(message_class(node.values["message_type"])):
            values["stamp_from"] = "arrival"
        super().__init__({**values, "kind": "message"})
        self.context = node.context
        self._node = node

    def converter(self) -> Callable[[Any], Any]:
        return self._node.reader()

    def can_give_now(self) -> bool:
        return False  # it may wait for a transform

    def giving(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def give(self, value: Any, stamp: int) -> None:
        await self._node.give(value, stamp)


class SensorSubscriberNode(Node):
    """Give what a sensor publishes to the graph: each quantity by an output of its own.

    Which outputs there are follows from the message type: ``ranges``, ``angles`` and ``points``
    of a LaserScan, ``position`` and ``orientation`` of an Odometry.  Only what is linked is read
    and sent.  What comes of numbers that are none says ``invalid``.  A message that lacks what is
    wanted, or has less data than it says, is counted as dropped, with a warning.  Rate, staleness
    and stamps are those of RosSubscriber, which takes messages of any type.
    """

    category = "ros"
    without_torch = True

    stamp = Output(Int(), "When it was measured (``stamp_from``), ns.")
    frame_id = Output(String(), "The frame that they are in: ``frame``, or that of the header; "
                      "empty for a message without one.")
    topic = Widget("/scan", "The topic: /absolute, relative to the graph's namespace, or "
                   "~/private.")
    message_type = Widget("sensor_msgs/msg/LaserScan", "What the sensor publishes; it says which "
                          "outputs there are.", choices=MESSAGE_TYPES, decides_ports=True)
    qos = Widget("sensor_data", "How to subscribe; sensor_data matches every publisher.",
                 choices=QOS_PRESETS)
    rate = Widget(0.0, "Most messages in a second: what comes sooner is skipped; 0: each.",
                  minimum=0.0, maximum=10_000.0, unit="Hz", live=True)
    timeout = Widget(0.0, "Silence after which the topic is stale; 0: never.", minimum=0.0,
                     maximum=3600.0, unit="s", live=True)
    when_stale = Widget("nothing", "What goes out each ``timeout`` of a stale topic: nothing, or "
                        "the last values again; or the run is stopped.",
                        choices=("nothing", "repeat", "stop"), live=True)
    stamp_from = Widget("header", "What counts as the time of a message: its header.stamp, by "
                        "which old ones are dropped after ``timeout``, or its arrival, which is "
                        "that of a message without a stamp.", choices=("header", "arrival"))
    keep = Widget(1, "Messages kept while the graph is busy.", minimum=1, maximum=100_000)
    dtype = Widget("float32", "Element type of numbers; as_sent: the message's own.",
                   choices=DTYPES)
    batch = Widget(True, "Give (1, …), one environment, as policies take it; pictures and text "
                   "are as they come.")
    invalid = Widget("keep", "Numbers that are none, or out of the sensor's range: keep them, "
                     "zero, limit (the end of the range, NaN its far end), drop (leave beams or "
                     "points out), refuse (drop the message).", choices=INVALID)
    fields = Widget("x,y,z", "Of a point cloud: which fields of each point, with commas; empty: "
                    "all.")
    frame = Widget("", "The frame in which points, positions, vectors and rotations are wanted, "
                   "by tf2; empty: the message's own.")
    frame_wait = Widget(0.1, "How long a message waits for its transform; without one it is "
                        "dropped.", minimum=0.0, maximum=3600.0, unit="s", live=True)
    organised = Widget(True, "A point cloud of several rows keeps them, (height, width, fields).")

    @classmethod
    def ports_for(cls, values: Mapping[str, Any]) -> Ports:
        """Return an output for each quantity of the message type."""
        return Ports(outputs=outputs_of(CONVERTERS[values["message_type"]]))

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check topic, and that the type is installed and has what the widgets ask for."""
        converter = CONVERTERS[values["message_type"]]
        wrong = topic_misfits(values["topic"]) + misfits(options_of, values)
        if values["invalid"] not in converter.invalid:
            wrong.append(f"widget 'invalid': expected one of {', '.join(converter.invalid)} for "
                         f"{converter.message_type}, found {values['invalid']}")
        if unknown := misfits(lambda each: message_class(each["message_type"]), values):
            return wrong + unknown
        return wrong + frame_misfits([converter], values["frame"], values["fields"])

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
        """Subscribe."""
        if changes := port_changes(type(self), self.values):
            raise InputError("parameters", changes)
        made(lambda values: message_class(values["message_type"]), self.values)
        load_packages(CONVERTERS[self.message_type])
        self._mover = FrameMover(self.context, self.frame, self.frame_wait)
        self._trouble = HealthReporter(self.context)
        self._heard = _Heard(self)
        self._heard.setup()

    def widget_changed(self, name: str) -> None:
        """Take up limits and what is done without messages, as they are now."""
        self._heard.values[name] = self.values[name]
        self._heard.widget_changed(name)
        self._mover.wait = self.frame_wait

    def reader(self) -> Callable[[Any], Any]:
        """Return what makes of a message what `give` gets."""
        converter = CONVERTERS[self.message_type]
        self._quantities = {name: each for name, each in converter.quantities.items()
                            if self.context.is_linked(name)}
        read = converter.reader(made(options_of, self.values), self._quantities)
        if not has_stamp(message_class(self.message_type)):
            return lambda message: ("", 0, read(message))
        return lambda message: (str(message.header.frame_id), read_stamp(message), read(message))

    async def process(self) -> None:
        """Give each message, at most ``rate`` a second."""
        await self._heard.process()

    async def give(self, found: tuple[str, int, dict[str, Any]], stamp: int) -> None:
        """Send the quantities of a message, and before them when it was measured, in ns.

        ``found``: the message's own frame and stamp, and its quantities.
        """
        frame, measured, values = found
        try:
            values = await self._mover.moved(values, self._quantities, frame, measured)
        except FrameError as error:
            self.context.health.values["used"] -= 1
            self.context.health.values["dropped"] += 1
            self._trouble.note("frame", f"dropped a message on {self.topic}: {error}")
            return
        self._trouble.clear(f"there are transforms into {self.frame} again")
        await self.send_output(stamp, "stamp")
        await self.send_output(self.frame or frame, "frame_id")
        for name, quantity in self._quantities.items():
            await self.send_output(
                sent_value(values[name], quantity, self.dtype, self.batch), name)
