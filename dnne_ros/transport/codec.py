"""What turns payloads into serialised ROS messages and back: the base of all codecs."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from typing import Any


class Codec(ABC):
    """How the payloads of one stream become serialised messages, and payloads again.

    A port type names its codec in its `Wire`; there is no other list of them.  One is made for
    each stream, so that it may remember what came before.
    """

    message: str
    """The ROS type, ``std_msgs/msg/Float32MultiArray``."""
    sent_at = slice(0, 0)
    """Where a message says when it was sent, in bytes; nowhere, if its payload has all of it."""

    def __init__(self, dtype: str | None = None):
        """Serve a stream whose `Wire` says ``dtype``."""
        self.dtype = dtype

    @abstractmethod
    def parts(self, payload: Any) -> tuple[bytes | memoryview, ...]:
        """Return the serialised message in pieces.

        In pieces, so that a large array is copied only to where it must go.  Raises TypeError
        for a payload that the message cannot carry.
        """

    @abstractmethod
    def decode(self, message: bytes | memoryview) -> Any:
        """Return the payload in a serialised message; ValueError if it is none."""

    def encode(self, payload: Any) -> bytes:
        """Return the serialised message in one piece."""
        return b"".join(self.parts(payload))

    def message_type(self) -> type:
        """Return the message's Python class."""
        package, _, name = self.message.replace("/", ".").rpartition(".")
        found: type = getattr(importlib.import_module(package), name)
        return found


class MessageCodec(Codec):
    """A codec that works on message objects: a few lines for any installed message type.

    rclpy converts between objects and bytes, which for large arrays takes longer than writing
    CDR directly, as the codecs of this package do.
    """

    @abstractmethod
    def to_message(self, payload: Any) -> Any:
        """Return a new message object with the payload in it."""

    @abstractmethod
    def from_message(self, message: Any) -> Any:
        """Return the payload in a message object; ValueError if there is none."""

    def parts(self, payload: Any) -> tuple[bytes, ...]:
        """Return the serialised message."""
        from rclpy.serialization import serialize_message

        return (serialize_message(self.to_message(payload)),)

    def decode(self, message: bytes | memoryview) -> Any:
        """Return the payload in a serialised message; ValueError if it is none."""
        from rclpy.serialization import deserialize_message

        try:
            found: Any = deserialize_message(bytes(message), self.message_type())
        except Exception as error:  # rclpy has no type of its own for it
            raise ValueError(f"no {self.message}: {error}") from None
        return self.from_message(found)
