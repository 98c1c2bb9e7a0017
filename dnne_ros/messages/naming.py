"""Where a message names its elements, as JointState names its joints."""

from __future__ import annotations

from dnne_ros.messages.field_path import ALL, FieldPath, parse_path
from dnne_ros.messages.field_types import fields_of, listed_fields
from dnne_ros.messages.message_types import type_name

_USUAL = ("name", "names", "joint_names")


def names_path(message: type, field: str = "") -> FieldPath:
    """Return the path to the names, ``field`` or one of the usual ones.

    Raises ValueError if there is none, or what is there is no list of strings.
    """
    fields = fields_of(message)
    found = field or next((name for name in _USUAL
                           if name in fields and fields[name].is_text), "")
    if not found:
        raise ValueError(f"{type_name(message)} does not name its elements; its fields are: "
                         f"{listed_fields(message)}")
    path = parse_path(message, found)
    many = path.type.repeated or any(step.index == ALL for step in path.steps)
    if not (path.type.is_text and many):
        raise ValueError(f"field {found}: expected a list of names, found {path.type.text}")
    return path
