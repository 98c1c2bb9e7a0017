"""What comes with a frame, in the frame that a node wants."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dnne_ros.messages.message_types import message_class, type_name
from dnne_ros.messages.sensors.converter import Converter
from dnne_ros.messages.sensors.frames import DEPENDS, in_frame
from dnne_ros.messages.sensors.quantity import Quantity
from dnne_ros.messages.sensors.whole import moves_of
from dnne_ros.messages.stamps import has_header, read_stamp
from dnne_ros.node_api.ros_frames import FrameError
from dnne_ros.node_api.ros_topics import TopicUse

if TYPE_CHECKING:
    from dnne_ros.node_api.context import NodeContext


TRANSFORMS = "tf2_msgs/msg/TFMessage"
HEARD_TRANSFORMS = (TopicUse("/tf", TRANSFORMS), TopicUse("/tf_static", TRANSFORMS))
"""What who asks tf2 listens to."""


class FrameMover:
    """Gives quantities in a target frame; without a target, as they are."""

    def __init__(self, context: NodeContext, target: str, wait: float):
        """Ask tf2 for transforms into ``target``, each for up to ``wait`` seconds."""
        self._frames = context.frames
        self.target = target
        self.wait = wait
        if target:
            self._frames.listen()

    async def moved(self, values: Mapping[str, Any], quantities: Mapping[str, Quantity],
                    frame: str, stamp: int) -> dict[str, Any]:
        """Return quantities of a message with a ``frame`` and a ``stamp`` (ns; 0: the latest).

        `FrameError` if there is no transform.
        """
        depends = [name for name in values if quantities[name].meaning in DEPENDS]
        if not self.target or frame == self.target or not depends:
            return dict(values)
        if not frame:
            raise FrameError("the message names no frame")
        found = await self._frames.lookup(self.target, frame, stamp or None, self.wait)
        return {name: in_frame(value, quantities[name].meaning, found.position, found.rotation)
                if name in depends else value for name, value in values.items()}


class MessageMover:
    """Gives whole messages as a target frame has them; without a target, as they are."""

    def __init__(self, context: NodeContext, target: str, wait: Callable[[], float]):
        """Ask tf2 for transforms into ``target``, each for up to ``wait()`` seconds."""
        self._frames = context.frames
        self._target = target
        self._wait = wait
        if target:
            self._frames.listen()

    async def moved(self, message: Any) -> Any:
        """Return a message with a header, changed in its place; `FrameError` if it cannot be."""
        if not self._target or (frame := str(message.header.frame_id)) == self._target:
            return message
        if not frame:
            raise FrameError("the message names no frame")
        found = await self._frames.lookup(self._target, frame, read_stamp(message) or None,
                                          self._wait())
        for move in moves_of(message.__class__):
            move(message, found.position, found.rotation)
        message.header.frame_id = self._target
        return message


def message_misfits(message: type, target: str) -> list[str]:
    """Return why messages of a class cannot be had in another frame; [] if they can."""
    if not target or (has_header(message) and moves_of(message)):
        return []
    return [f"widget 'frame': expected a message with a header and points, vectors or rotations "
            f"of geometry_msgs, found {type_name(message)}; SensorSubscriber gives the points of "
            "scans and clouds in another frame"]


def frame_misfits(converters: Sequence[Converter], target: str, fields: str) -> list[str]:
    """Return why nothing of these message types can be had in another frame; [] if some can."""
    if not target:
        return []
    wrong = []
    if not any(map(_depends, converters)):
        names = ", ".join(each.message_type for each in converters)
        wrong.append(f"widget 'frame': expected a message of which something is of a frame, "
                     f"found {names}")
    if any(each.has_fields for each in converters) \
            and [each.strip() for each in fields.split(",")][:3] != ["x", "y", "z"]:
        wrong.append(f"widget 'frame': expected fields that begin with x,y,z, found "
                     f"{fields!r:.80}")
    return wrong


def _depends(converter: Converter) -> bool:
    return hasattr(message_class(converter.message_type), "header") and any(
        each.meaning in DEPENDS for each in converter.quantities.values())
