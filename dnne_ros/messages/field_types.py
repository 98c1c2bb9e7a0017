"""What a field of a message holds, from the words of the message's own class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from dnne_ros.messages.message_types import class_named

_DTYPES = {
    "boolean": np.dtype(bool), "octet": np.dtype(np.uint8), "char": np.dtype(np.uint8),
    "float": np.dtype(np.float32), "double": np.dtype(np.float64),
    "long double": np.dtype(np.float64),
    **{name: np.dtype(name) for name in (
        "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64")},
}
_SEQUENCE = re.compile(r"sequence<(.+?)(?:, (\d+))?>")
_ARRAY = re.compile(r"(.+)\[(\d+)\]")
_STRING = re.compile(r"w?string(?:<\d+>)?")


@dataclass(frozen=True)
class FieldType:
    """A field's type: one ``base`` element, or several of them.

    ``base``: ``double``, ``string``, ``geometry_msgs/Vector3``.  ``repeated``: it is an array or
    a sequence; ``size`` is then an array's length, ``bound`` a bounded sequence's greatest.
    """

    text: str
    base: str
    repeated: bool = False
    size: int | None = None
    bound: int | None = None

    @classmethod
    def parse(cls, text: str) -> FieldType:
        """Read a type as ``get_fields_and_field_types()`` writes it: ``sequence<double, 3>``."""
        if match := _SEQUENCE.fullmatch(text):
            return cls(text, match[1], True, None, int(match[2]) if match[2] else None)
        if match := _ARRAY.fullmatch(text):
            return cls(text, match[1], True, int(match[2]))
        return cls(text, text)

    @property
    def dtype(self) -> np.dtype | None:
        """Return the element type of a number or truth value, None for the others."""
        return _DTYPES.get(self.base)

    @property
    def is_text(self) -> bool:
        """Tell whether the elements are strings."""
        return _STRING.fullmatch(self.base) is not None

    @property
    def message(self) -> type | None:
        """Return the class of elements that are messages, None for the others."""
        if self.dtype is not None or self.is_text:
            return None
        return class_named(self.base)

    def number_dtype(self) -> np.dtype:
        """Return `dtype`; TypeError for elements that are no numbers."""
        if self.dtype is None:
            raise TypeError(f"an element of {self.text} is no number")
        return self.dtype

    def make_element(self) -> Any:
        """Return a new element; TypeError for elements that are no messages."""
        if self.message is None:
            raise TypeError(f"an element of {self.text} is no message")
        return self.message()

    @property
    def element(self) -> FieldType:
        """Return the type of one element."""
        return FieldType(self.base, self.base)


@cache
def fields_of(message: type) -> dict[str, FieldType]:
    """Return the fields of a message class, in the order of their declaration."""
    declaring: Any = message
    return {name: FieldType.parse(text)
            for name, text in declaring.get_fields_and_field_types().items()
            if not name.startswith("structure_needs_at_least_one_member")}


def listed_fields(message: type) -> str:
    """Return the fields of a message class in words, for a report."""
    return ", ".join(f"{name} ({type.text})"
                     for name, type in fields_of(message).items()) or "none"
