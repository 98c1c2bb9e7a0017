"""Accelerations and rates of turn, of a real inertial sensor or made up."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from dnne_ros.arrays import as_tensor
from dnne_ros.messages.message_types import message_class
from dnne_ros.messages.reading import NumberReader
from dnne_ros.node_api.event_waits import came_within
from dnne_ros.node_api.health import Level
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Tensor
from dnne_ros.node_api.ports import Output
from dnne_ros.node_api.ros_frames import FrameError
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.frames import HEARD_TRANSFORMS, MessageMover
from dnne_ros.nodes.ros.topic_widgets import topic_misfits
from dnne_ros.toolkit.rate import Rate

_IMU = "sensor_msgs/msg/Imu"
_GRAVITY = 9.81
_SWAY = (0.1, 0.5)
"""Made-up motion: roll in rad, and its frequency in Hz."""
_NOISE = (0.02, 0.002)
"""Standard deviations: m/s², rad/s."""


class IMUSensorNode(Node):
    """Give what an inertial sensor measures: of a sensor_msgs/Imu topic, or made up.

    A made-up one hangs from a string and rolls slowly to and fro.  From a topic, the newest
    message is given at most ``sample_rate`` times a second.
    """

    category = "sensors"

    imu_data = Output(Tensor("float32", ("env", "signal")),
                      "(1, 6): acceleration x, y, z in m/s², rate of turn about x, y, z in rad/s.")
    sample_rate = Widget(100.0, "Readings in a second.", minimum=0.01, maximum=10_000.0,
                         unit="Hz", live=True)
    add_noise = Widget(True, "Of made-up readings: add what a cheap sensor has.")
    topic = Widget("", "Topic of a real sensor's driver, such as /imu/data; empty: made up.")
    timeout = Widget(1.0, "Silence of the topic that is worth a warning.", minimum=0.001,
                     maximum=60.0, unit="s", live=True)
    frame = Widget("", "The frame in which what a topic brings is wanted, by tf2; empty: the "
                   "sensor's own.")
    frame_wait = Widget(0.1, "How long a message waits for its transform; without one it is "
                        "dropped.", minimum=0.0, maximum=3600.0, unit="s", live=True)

    @classmethod
    def validate_parameters(cls, values: Mapping[str, Any]) -> list[str]:
        """Check the topic, and that there is one for a frame."""
        if values["topic"]:
            return topic_misfits(values["topic"])
        return ["widget 'frame': expected a topic, whose messages have a frame, found none"] \
            if values["frame"] else []

    @classmethod
    def message_types(cls, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Say what messages are of the topic that a parameter may name."""
        return (_IMU,)

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say what it listens to, if it does."""
        if not values["topic"]:
            return ()
        return TopicUse(values["topic"], _IMU), *(HEARD_TRANSFORMS if values["frame"] else ())

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether a real sensor's driver publishes."""
        return bool(values["topic"])

    @classmethod
    def runs_without_torch(cls, values: Mapping[str, Any]) -> bool:
        """Tell whether a real sensor's driver publishes: noise is drawn by torch."""
        return bool(values["topic"])

    def setup(self) -> None:
        """Subscribe, if there is a topic."""
        if not self.topic:
            return
        self._reader = NumberReader(message_class(_IMU), "linear_acceleration,angular_velocity")
        self._trouble = HealthReporter(self.context)
        self._mover = MessageMover(self.context, self.frame, lambda: self.frame_wait)
        self._newest = b""
        self._came = asyncio.Event()
        self.context.topics.subscribe(self.topic, _IMU, "sensor_data", self._receive, raw=True)

    async def process(self) -> None:
        """Give readings at the rate."""
        pace = Rate(lambda: 1.0 / self.sample_rate, self.context.clock)
        made_up = None if self.topic else self._make_up()
        while True:
            await pace.wait()
            if made_up is not None:
                await self.send_output(next(made_up), "imu_data")
            elif (reading := await self._measured()) is not None:
                await self.send_output(reading, "imu_data")

    def _receive(self, message: bytes) -> None:
        self._newest = message
        self._came.set()

    async def _measured(self) -> Any:
        """Return the newest reading, or None after ``timeout``."""
        if not await came_within(self._came, self.timeout):
            self._trouble.note(
                "silent", f"no message on {self.topic} for {self.timeout:g} s", Level.ERROR)
            return None
        self._came.clear()
        message = self.context.topics.deserialize(self._newest, _IMU)
        try:
            message = await self._mover.moved(message)
        except FrameError as error:
            self._trouble.note("frame", f"dropped a message on {self.topic}: {error}")
            return None
        self._trouble.clear(f"{self.topic} is back")
        return as_tensor(self._reader.read(message).astype(np.float32)[None])

    def _make_up(self) -> Any:
        import torch

        from dnne_ros.node_api.seeding import node_seed

        generator = torch.Generator().manual_seed(
            node_seed(self.context.seed, self.context.node_id))
        deviation = torch.tensor([_NOISE[0]] * 3 + [_NOISE[1]] * 3) * self.add_noise
        amplitude, frequency = _SWAY
        seconds = 0.0
        while True:
            phase = 2 * math.pi * frequency * seconds
            roll = amplitude * math.sin(phase)
            turn = amplitude * 2 * math.pi * frequency * math.cos(phase)
            reading = torch.tensor([0.0, _GRAVITY * math.sin(roll), _GRAVITY * math.cos(roll),
                                    turn, 0.0, 0.0])
            yield (reading + deviation * torch.randn(6, generator=generator))[None]
            seconds += 1.0 / self.sample_rate
