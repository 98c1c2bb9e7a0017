"""Gives what the graph makes to other ROS nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.messages.making import MessageMaker
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.reading import ORDERS
from dnne_ros.messages.stamps import has_stamp, header_of, write_stamp
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, Float, Int
from dnne_ros.node_api.ports import Input
from dnne_ros.node_api.ros_topics import QOS_PRESETS, TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.plain_values import plain
from dnne_ros.nodes.ros.topic_widgets import made, misfits, optional_names, topic_misfits


class RosPublisherNode(Node):
    """Publish what comes as a message of any installed type: the reverse of RosSubscriber.

    Numbers (a tensor of any shape, an action, a number) go into ``field``, a picture into a
    sensor_msgs/Image, text into a field of text, a dictionary into the fields that it names.
    Integers and truth values must be exactly what the field holds; a value that does not fit
    ends the run.
    """

    category = "ros"
    without_torch = True
    acts_outside = True

    value = Input(AnyValue(), "What to publish.",
                  aliases=("tensor", "image", "message", "action", "input"))
    stamp = Input(Int(), "When it was measured, ns (a FLOAT: s); for stamp_from=data.",
                  accepts_also=(Float(),), optional=True, aliases=("timestamp",))
    topic = Widget("~/output", "The topic: /absolute, relative to the graph's namespace, or "
                   "~/private.")
    message_type = Widget("std_msgs/msg/Float64MultiArray", "package/msg/Name, any installed one.")
    field = Widget("data", "Where the numbers or the text go, paths with commas: data or "
                   "linear.x,angular.z or position,velocity; empty: the whole message (for "
                   "pictures and dictionaries too).")
    qos = Widget("reliable", "How to publish.", choices=QOS_PRESETS)
    rate = Widget(0.0, "Most messages in a second, what comes sooner is left out; 0: all.",
                  minimum=0.0, maximum=10_000.0, unit="Hz", live=True)
    names = Widget("", "Names of the elements (joints), with commas, for the message's field "
                   "name, names or joint_names.")
    order = Widget("fields", "Of several fields: all of the first field, then of the next; or all "
                   "fields of the first element, then of the next.", choices=ORDERS)
    frame_id = Widget("", "The header's frame.")
    stamp_from = Widget("now", "The header's stamp: the node's clock, what comes at ``stamp``, or "
                        "zero.", choices=("now", "data", "none"))
    encoding = Widget("", "A picture's encoding, such as bgr8; empty: what fits the tensor.")

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check topic, message type and fields."""
        return topic_misfits(values["topic"]) + misfits(_maker, values)

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say where it publishes."""
        return (TopicUse(values["topic"], values["message_type"], publishes=True),)

    def setup(self) -> None:
        """Find the fields and advertise the topic."""
        self._maker = made(_maker, self.values)
        if (self.stamp_from == "data") != self.context.is_linked("stamp"):
            raise InputError("input 'stamp'", [
                f"expected a link with stamp_from=data and only then, found stamp_from="
                f"{self.stamp_from}"])
        self._stamps = self.stamp_from == "now" and has_stamp(message_class(self.message_type))
        self._publisher = self.context.topics.advertise(self.topic, self.message_type, self.qos)

    async def process(self) -> None:
        """Publish each value, unless it comes too soon."""
        health = self.context.health
        health.values.update(published=0, left_out=0)
        due = self.context.steady.now()
        while True:
            value = await self.get_input("value")
            stamp = await self.get_input("stamp") if self.stamp_from == "data" else None
            now = self.context.steady.now()
            if self.rate and now < due:
                health.values["left_out"] += 1
                continue
            if self.rate:  # a message that is a little late does not lower the rate
                due = max(due + 1.0 / self.rate, now)
            self._publisher.publish(self._message(value, stamp))
            health.values["published"] += 1

    def _message(self, value: Any, stamp: int | float | None) -> Any:
        message = self._maker.make(plain(value))
        if stamp is not None:
            write_stamp(message, round(stamp * 1e9) if isinstance(stamp, float) else int(stamp))
        elif self._stamps:
            write_stamp(message, self.context.topics.now_ns())
        return message


def _maker(values: Mapping[str, Any]) -> MessageMaker:
    """Return what makes the messages; ValueError for what the type has not."""
    type = message_class(values["message_type"])
    if values["stamp_from"] == "data":
        header_of(type())
    return MessageMaker(type, values["field"], order=values["order"],
                        names=optional_names(values["names"]), frame_id=values["frame_id"],
                        encoding=values["encoding"])
