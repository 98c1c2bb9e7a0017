"""Coordinate frames in memory: the test says where they are."""

from __future__ import annotations

import asyncio

import numpy as np

from dnne_ros.node_api.ros_frames import Broadcast, FrameError, FrameTransform


class InMemoryFrames:
    """Implements `dnne_ros.RosFrames` without tf2."""

    def __init__(self) -> None:
        """Begin without transforms."""
        self.listens = False
        """Whether the node has asked to hear transforms."""
        self.asked: list[tuple[str, str, int | None, float]] = []
        """Target, source, stamp and limit of each look-up."""
        self.broadcasts: list[tuple[str, str, FrameTransform, bool]] = []
        """Parent, child, transform and whether it is static, in order."""
        self._known: dict[tuple[str, str], FrameTransform] = {}

    def put(self, target: str, source: str, position: tuple[float, ...] = (0.0, 0.0, 0.0),
            rotation: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0), stamp: int = 0) -> None:
        """Say where the frame ``source`` is in ``target``, at any time."""
        self._known[target, source] = FrameTransform(
            np.array(position), np.array(rotation), stamp)

    def listen(self) -> None:
        """Note that the node wants to hear transforms."""
        self.listens = True

    async def lookup(self, target: str, source: str, stamp: int | None, wait: float
                     ) -> FrameTransform:
        """Return what `put` was given, which may be within ``wait`` seconds; or `FrameError`."""
        self.asked.append((target, source, stamp, wait))
        end = asyncio.get_running_loop().time() + wait
        while (target, source) not in self._known:
            if asyncio.get_running_loop().time() >= end:
                raise FrameError(f'"{source}" passed to lookupTransform argument source_frame '
                                 "does not exist.")
            await asyncio.sleep(0)
        return self._known[target, source]

    def broadcaster(self, static: bool) -> Broadcast:
        """Return what keeps transforms in `broadcasts`."""
        def broadcast(parent: str, child: str, where: FrameTransform) -> None:
            self.broadcasts.append((parent, child, where, static))
        return broadcast
