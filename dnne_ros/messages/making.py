"""New messages out of numbers, pictures, text or dictionaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any

import numpy as np

from dnne_ros.messages.dictionaries import fill
from dnne_ros.messages.field_path import FieldPath, parse_paths
from dnne_ros.messages.image_encodings import layout_of
from dnne_ros.messages.message_types import type_name
from dnne_ros.messages.naming import names_path
from dnne_ros.messages.pictures import write_picture
from dnne_ros.messages.stamps import header_of
from dnne_ros.messages.writing import NumberWriter

IMAGE = "sensor_msgs/msg/Image"
FLOAT64_ARRAY = "std_msgs/msg/Float64MultiArray"


_FLOAT64_ARRAY_HEAD = Struct("<4s4I")


def float64_array(numbers: np.ndarray) -> bytes:
    """Return a serialised std_msgs/Float64MultiArray with float64 ``numbers`` (n,), no layout.

    It is what a `MessageMaker` for its ``data`` makes, without a message object.
    """
    # Plain CDR, little endian: no dimensions, no offset, how many numbers, and what aligns them.
    head = _FLOAT64_ARRAY_HEAD.pack(b"\0\1\0\0", 0, 0, numbers.size, 0)
    return head + numbers.astype("<f8", copy=False).tobytes()


class MessageMaker:
    """Makes messages of one type, each with a value in the same field."""

    def __init__(self, message: type, field: str, *, order: str = "fields",
                 names: Sequence[str] = (), frame_id: str = "", encoding: str = "",
                 fixed: Mapping[str, Any] | None = None):
        """Put values into ``field`` (paths with commas; none: the whole message) of ``message``.

        ``names``, ``frame_id`` and the fields that ``fixed`` has are the same in all messages,
        unless a value sets them; ``encoding`` is one of a picture.  Raises ValueError for what
        the message type has not.
        """
        self._class = message
        self._names, self._frame_id, self._encoding = list(names), frame_id, encoding
        self._fixed = dict(fixed or {})
        fill(message(), self._fixed)
        self._whole = not field.strip()
        self._is_image = type_name(message) == IMAGE and self._whole
        self._names_path = names_path(message) if names else None
        if frame_id:
            header_of(message())
        if encoding and not self._is_image:
            raise ValueError(f"encoding: expected one only for a whole {IMAGE}")
        if encoding:
            layout_of(encoding)
        paths = parse_paths(message, field)
        self._text = paths[0] if len(paths) == 1 and _is_one_text(paths[0]) else None
        self._writer: NumberWriter | None = None
        self._numbers_misfit = ""
        if not self._is_image and self._text is None:
            try:
                self._writer = NumberWriter(message, field, order)
            except ValueError as error:
                if not self._whole:
                    raise
                self._numbers_misfit = str(error)  # a dictionary may come

    def make(self, value: np.ndarray | str | Mapping[str, Any]) -> Any:
        """Return a message with ``value``; ValueError for one that does not fit."""
        message = self._class()
        fill(message, self._fixed)
        if self._frame_id:
            header_of(message).frame_id = self._frame_id
        if self._names_path is not None:
            setattr(message, self._names_path.steps[0].name, list(self._names))
        if isinstance(value, Mapping):
            if not self._whole:
                raise ValueError("expected numbers or text for a field, found a dictionary, which "
                                 "needs an empty one (the whole message)")
            fill(message, value)
        elif self._text is not None:
            owner = message
            for step in self._text.steps[:-1]:
                owner = getattr(owner, step.name)
            setattr(owner, self._text.steps[-1].name, str(value))
        elif isinstance(value, str):
            raise ValueError(f"expected numbers, found text: {value!r:.80}")
        elif self._is_image:
            write_picture(message, value, self._encoding)
        elif self._writer is not None:
            self._writer.write(message, value.ravel())
        else:
            raise ValueError(self._numbers_misfit)
        return message


def _is_one_text(path: FieldPath) -> bool:
    return (path.type.is_text and not path.type.repeated
            and all(step.index is None for step in path.steps))
