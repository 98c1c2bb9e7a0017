"""Publishes as a sensor does, quantity by quantity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.sensors.table import CONVERTERS
from dnne_ros.messages.stamps import has_stamp, write_stamp
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.own_ports import port_changes
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Ports
from dnne_ros.node_api.ros_topics import QOS_PRESETS, TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.sensor_ports import (
    MESSAGE_TYPES,
    field_names,
    inputs_of,
    load_packages,
    options_of,
    written_value,
)
from dnne_ros.nodes.ros.service_fields import fixed_fields
from dnne_ros.nodes.ros.topic_widgets import made, misfits, topic_misfits

_NEEDED = {"sensor_msgs/msg/PointCloud2": "points", "sensor_msgs/msg/Image": "image",
           "sensor_msgs/msg/CompressedImage": "image"}
"""What a message says nothing without."""


class SensorPublisherNode(Node):
    """Publish what a sensor would: each quantity comes at an input of its own.

    Which inputs there are follows from the message type; one item of each that is linked makes a
    message.  All other fields are as ``fixed`` says.  A value that does not fit ends the run.
    RosPublisher takes messages of any type.
    """

    category = "ros"
    without_torch = True
    acts_outside = True
    needs_an_input = True

    stamp = Input(Int(), "When it was measured, ns; for stamp_from=data.", optional=True)
    topic = Widget("~/output", "The topic: /absolute, relative to the graph's namespace, or "
                   "~/private.")
    message_type = Widget("geometry_msgs/msg/PoseStamped", "What to publish; it says which "
                          "inputs there are.", choices=MESSAGE_TYPES, decides_ports=True)
    qos = Widget("reliable", "How to publish.", choices=QOS_PRESETS)
    rate = Widget(0.0, "Most messages in a second, what comes sooner is left out; 0: all.",
                  minimum=0.0, maximum=10_000.0, unit="Hz", live=True)
    frame_id = Widget("", "The header's frame.")
    stamp_from = Widget("now", "The header's stamp: the node's clock, what comes at ``stamp``, or "
                        "zero.", choices=("now", "data", "none"))
    fixed = Widget("", "Fields that are the same in each message, as ros2 topic pub writes them: "
                   "{range_max: 10.0}.")
    fields = Widget("x,y,z", "Of a point cloud: what the numbers of each point are, with commas.")
    format = Widget("jpeg", "Of a compressed picture.", choices=("jpeg", "png"))
    quality = Widget(95, "Of a JPEG.", minimum=1, maximum=100)

    @classmethod
    def ports_for(cls, values: Mapping[str, Any]) -> Ports:
        """Return an input for each quantity of the message type that is not computed."""
        return Ports(inputs=inputs_of(CONVERTERS[values["message_type"]]))

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check topic and fields."""
        wrong = topic_misfits(values["topic"]) + misfits(_maker, values)
        if not values["fields"].strip():
            wrong.append("widget 'fields': expected names with commas, found none")
        return wrong + misfits(lambda each: field_names(each["fields"]), values)

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it publishes."""
        return (TopicUse(values["topic"], values["message_type"], publishes=True),)

    def setup(self) -> None:
        """Advertise the topic."""
        if changes := port_changes(type(self), self.values):
            raise InputError("parameters", changes)
        converter = CONVERTERS[self.message_type]
        load_packages(converter)
        self._quantities = {name: each for name, each in converter.quantities.items()
                            if name in self.inputs and self.context.is_linked(name)}
        self._check_links()
        self._maker = made(_maker, self.values)
        self._write = converter.writer(made(options_of, self.values), self._quantities)
        self._stamps = self.stamp_from == "now" and has_stamp(message_class(self.message_type))
        self._publisher = self.context.topics.advertise(self.topic, self.message_type, self.qos)

    async def process(self) -> None:
        """Publish a message of each round of values, unless it comes too soon."""
        counts = self.context.health.values
        counts.update(published=0, left_out=0)
        due = self.context.steady.now()
        while True:
            values = {name: await self.get_input(name) for name in self._quantities}
            stamp = await self.get_input("stamp") if self.stamp_from == "data" else None
            now = self.context.steady.now()
            if self.rate and now < due:
                counts["left_out"] += 1
                continue
            if self.rate:  # a message that is a little late does not lower the rate
                due = max(due + 1.0 / self.rate, now)
            self._publisher.publish(self._message(values, stamp))
            counts["published"] += 1

    def _message(self, values: Mapping[str, Any], stamp: int | None) -> Any:
        message = self._maker.make({})
        self._write(message, {name: written_value(value, self._quantities[name])
                              for name, value in values.items()})
        if stamp is not None:
            write_stamp(message, stamp)
        elif self._stamps:
            write_stamp(message, self.context.topics.now_ns())
        return message

    def _check_links(self) -> None:
        wrong = []
        if (self.stamp_from == "data") != self.context.is_linked("stamp"):
            wrong.append("stamp: expected a link with stamp_from=data and only then, found "
                         f"stamp_from={self.stamp_from}")
        needed = _NEEDED.get(self.message_type)
        if needed is not None and needed not in self._quantities:
            wrong.append(f"{needed}: expected a link for {self.message_type}, found none")
        if wrong:
            raise InputError("inputs", wrong)


def _maker(values: Mapping[str, Any]) -> MessageMaker:
    """Return what makes the messages; ValueError for what the type has not."""
    type = message_class(values["message_type"])
    if values["stamp_from"] == "data" and not has_stamp(type):
        raise ValueError(f"widget 'stamp_from': {values['message_type']} has no stamp")
    return MessageMaker(type, "", frame_id=values["frame_id"], fixed=fixed_fields(values["fixed"]))
