"""What nodes may ask of tf2: where one coordinate frame is in another, now or at some time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np


class FrameError(ValueError):
    """There is no transform between two frames at a time; the text is tf2's own."""


class FrameTransform(NamedTuple):
    """Where a frame is in another one: what turns and moves points of it into that one."""

    position: np.ndarray
    """x, y, z in m, float64."""
    rotation: np.ndarray
    """A quaternion x, y, z, w, float64."""
    stamp: int
    """When it was so, ns; 0 where it is always so."""


Broadcast = Callable[[str, str, FrameTransform], None]
"""Tells all where the frame of the second name is in that of the first."""


class RosFrames(Protocol):
    """The transforms that ROS nodes broadcast; all nodes of a process hear them once."""

    def listen(self) -> None:
        """Hear transforms from here on; `InputError` where tf2 is not installed."""
        ...

    async def lookup(self, target: str, source: str, stamp: int | None, wait: float
                     ) -> FrameTransform:
        """Return where the frame ``source`` is in ``target`` at ``stamp`` (ns; None: latest).

        Waits for it for up to ``wait`` seconds, as long as it may still come.  `FrameError` after
        that, with tf2's words.
        """
        ...

    def broadcaster(self, static: bool) -> Broadcast:
        """Return what broadcasts transforms; ``static``: they hold for good, also for late ones.

        `InputError` where tf2's messages are not installed.
        """
        ...
