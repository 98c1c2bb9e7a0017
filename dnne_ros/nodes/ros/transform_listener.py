"""Gives where one coordinate frame is in another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dnne_ros.arrays import as_tensor
from dnne_ros.errors import PeerError
from dnne_ros.messages.sensors.frames import rotation_matrix
from dnne_ros.node_api.health_reporter import HealthReporter
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int, Tensor
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.ros_frames import FrameError, FrameTransform
from dnne_ros.node_api.ros_topics import TopicUse
from dnne_ros.node_api.widget import Widget
from dnne_ros.nodes.ros.frames import HEARD_TRANSFORMS
from dnne_ros.nodes.ros.plain_values import in_dtype
from dnne_ros.nodes.ros.sensor_ports import DTYPES
from dnne_ros.toolkit.rate import Rate


class TransformListenerNode(Node):
    """Give where the frame ``source`` is in the frame ``target``, as tf2 knows it.

    It is what turns and moves points of ``source`` into ``target``.  With ``time`` linked, one
    for each item, at that time; else the latest, ``rate`` times a second.  All nodes of a process
    share one buffer.  What tf2 cannot tell is counted and said in its own words, or is an error.
    """

    category = "ros"
    without_torch = True

    time = Input(Int(), "When, ns: the stamp of a message.", optional=True, aliases=("stamp",))
    position = Output(Tensor(), "x, y, z of ``source`` in ``target``, m.")
    rotation = Output(Tensor(), "The quaternion x, y, z, w of ``source`` in ``target``.")
    matrix = Output(Tensor(), "(4, 4): both, for points as columns x, y, z, 1.")
    stamp = Output(Int(), "When it was so, ns; 0 where it is always so.")
    target = Widget("", "The frame in which the answer is, such as map.", required=True)
    source = Widget("", "The frame that is looked for, such as base_link.", required=True)
    rate = Widget(10.0, "Without ``time``: how often the latest is given, a second.",
                  minimum=0.01, maximum=10_000.0, unit="Hz", live=True)
    wait = Widget(0.1, "How long to wait for a transform that is not there yet.", minimum=0.0,
                  maximum=3600.0, unit="s", live=True)
    when_missing = Widget("nothing", "What goes out where there is none: nothing, or the last one "
                          "again; fail: it is an error of the node, with which its errors.policy "
                          "deals.", choices=("nothing", "repeat", "fail"), live=True)
    dtype = Widget("float32", "Element type; as_sent: float64.", choices=DTYPES)
    batch = Widget(True, "Give (1, …), one environment, as policies take it.")

    @classmethod
    def ros_topics(cls, values: Mapping[str, Any]) -> tuple[TopicUse, ...]:
        """Say what tf2 listens to."""
        return HEARD_TRANSFORMS

    @classmethod
    def awaits_topic(cls, values: Mapping[str, Any]) -> bool:
        """Tell that it gives nothing before others broadcast."""
        return True

    def setup(self) -> None:
        """Hear transforms."""
        self.context.frames.listen()
        self._counts = self.context.health.values
        self._counts.update(given=0, missing=0)
        self._trouble = HealthReporter(self.context)
        self._last: FrameTransform | None = None

    async def process(self) -> None:
        """Give a transform for each time, or at the rate."""
        by_time = self.context.is_linked("time")
        pace = None if by_time else Rate(lambda: 1.0 / self.rate, self.context.clock)
        while True:
            if pace is not None:
                await pace.wait()
            when = await self.get_input("time") if by_time else None
            found = await self._look_up(when)
            if found is not None:
                self._last = found
                await self._give(found)

    async def _look_up(self, when: int | None) -> FrameTransform | None:
        try:
            found = await self.context.frames.lookup(self.target, self.source, when, self.wait)
        except FrameError as error:
            self._counts["missing"] += 1
            text = f"{self.source} in {self.target}: {error}"
            if self.when_missing == "fail":
                raise PeerError(text) from None
            self._trouble.note("missing", text)
            return self._last if self.when_missing == "repeat" else None
        self._trouble.clear(f"{self.source} in {self.target} is known again")
        return found

    async def _give(self, found: FrameTransform) -> None:
        self._counts["given"] += 1
        matrix = np.eye(4)
        matrix[:3, :3] = rotation_matrix(found.rotation)
        matrix[:3, 3] = found.position
        await self.send_output(found.stamp, "stamp")
        for name, numbers in (("position", found.position), ("rotation", found.rotation),
                              ("matrix", matrix)):
            numbers = in_dtype(numbers, self.dtype)
            await self.send_output(as_tensor(numbers[None] if self.batch else numbers), name)
