"""Message types as the text of their `.msg` files, with those inside: schemas of kind ros2msg.

The wheels of messages bring no `.msg` files, and a type that came without them is as good: the
text is made from what the class says of itself.  Comments, defaults and constants are not in it;
no reader of messages needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from dnne_ros.messages.field_types import FieldType, fields_of

_BASES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64"}
"""Elements that IDL, in whose words classes speak, calls by other names."""
_BOUNDED_STRING = re.compile(r"(w?string)<(\d+)>")
_SEPARATOR = "=" * 80


def message_definition(message: type) -> str:
    """Return the definition of a message class, followed by those of all messages inside."""
    inside: dict[str, type] = {}
    _collect(message, inside)
    return "\n".join([*_lines(message), *(
        line for name, part in inside.items()
        for line in (_SEPARATOR, f"MSG: {name}", *_lines(part)))]) + "\n"


def _collect(message: type, found: dict[str, type]) -> None:
    """Add the messages inside of one, each before those inside of it, and once."""
    for field in fields_of(message).values():
        part = field.message
        if part is not None and field.base not in found:
            found[field.base] = part
            _collect(part, found)


def _lines(message: type) -> Iterator[str]:
    for name, field in fields_of(message).items():
        yield f"{_base(field)}{_size(field)} {name}"


def _base(field: FieldType) -> str:
    if bounded := _BOUNDED_STRING.fullmatch(field.base):
        return f"{bounded[1]}<={bounded[2]}"
    return _BASES.get(field.base, field.base)


def _size(field: FieldType) -> str:
    if not field.repeated:
        return ""
    if field.size is not None:
        return f"[{field.size}]"
    return "[]" if field.bound is None else f"[<={field.bound}]"
