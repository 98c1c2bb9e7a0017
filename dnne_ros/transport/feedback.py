"""What a node says to the one that its items come from, on the channel of its credits.

A credit is a ROS message, which begins with its header; feedback begins with a mark instead.
"""

from __future__ import annotations

_MARK = b"back"


def pack_feedback(message: bytes) -> bytes:
    """Return the message for a channel."""
    return _MARK + message


def feedback_in(message: bytes | memoryview) -> bytes | None:
    """Return what `pack_feedback` was given; None for another message."""
    return bytes(message[len(_MARK):]) if message[:len(_MARK)] == _MARK else None
