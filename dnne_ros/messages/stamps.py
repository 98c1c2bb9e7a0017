"""The time and the frame in the header of a message."""

from __future__ import annotations

from typing import Any

from dnne_ros.messages.field_types import fields_of, listed_fields
from dnne_ros.messages.message_types import type_name

_SECOND = 1_000_000_000
_HEADER, _TIME = "std_msgs/Header", "builtin_interfaces/Time"


def header_of(message: Any) -> Any:
    """Return what has the ``stamp`` of a message: its header, or itself.

    Raises ValueError, with the fields that there are, for a message without one.
    """
    fields = fields_of(message.__class__)
    if has_header(message.__class__):
        return message.header
    if "stamp" in fields and fields["stamp"].text == _TIME:
        return message
    raise ValueError(f"{type_name(message.__class__)} has no header with a stamp; its fields are: "
                     f"{listed_fields(message.__class__)}")


def has_header(message: type) -> bool:
    """Tell whether messages of a class have a header, which names a frame."""
    fields = fields_of(message)
    return "header" in fields and fields["header"].text == _HEADER


def has_stamp(message: type) -> bool:
    """Tell whether messages of a class have a stamp."""
    try:
        header_of(message())
    except ValueError:
        return False
    return True


def read_stamp(message: Any) -> int:
    """Return a message's stamp in nanoseconds since the epoch of its clock."""
    stamp = header_of(message).stamp
    return int(stamp.sec * _SECOND + stamp.nanosec)


def write_stamp(message: Any, nanoseconds: int) -> None:
    """Set a message's stamp; ValueError for one that a Time cannot hold."""
    seconds, rest = divmod(nanoseconds, _SECOND)
    if not -2**31 <= seconds < 2**31:
        raise ValueError(f"a stamp of {nanoseconds} ns is out of range")
    stamp = header_of(message).stamp
    stamp.sec, stamp.nanosec = seconds, rest
