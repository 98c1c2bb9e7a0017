"""Whole messages as dictionaries, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dnne_ros.messages.field_types import FieldType, fields_of, listed_fields
from dnne_ros.messages.message_types import type_name
from dnne_ros.messages.writing import set_numbers


def to_dictionary(message: Any) -> dict[str, Any]:
    """Return a message as a dictionary of its fields.

    Messages in it are dictionaries, arrays of them lists; arrays of numbers are numpy arrays of
    the field's element type, which the caller may write to.
    """
    return {name: _value_of(getattr(message, name), type)
            for name, type in fields_of(message.__class__).items()}


def _value_of(value: Any, type: FieldType) -> Any:
    if type.message is not None:
        return list(map(to_dictionary, value)) if type.repeated else to_dictionary(value)
    if type.is_text:
        return list(value) if type.repeated else value
    if type.base == "octet":
        value = b"".join(value) if type.repeated else value[0]
        return np.frombuffer(value, np.uint8).copy() if type.repeated else value
    return np.array(value, type.dtype) if type.repeated else value


def fill(message: Any, values: Mapping[str, Any]) -> None:
    """Set the fields of ``message`` that ``values`` has; the others stay as they are.

    Lists, arrays and tensors will do for arrays.  Raises ValueError naming a field that the
    message has not, with those that it has, or a value that its field does not take.
    """
    known = fields_of(message.__class__)
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{type_name(message.__class__)} has no field {name!r:.40}; its "
                             f"fields are: {listed_fields(message.__class__)}")
        try:
            _fill_field(message, name, value, known[name])
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def _fill_field(message: Any, name: str, value: Any, type: FieldType) -> None:
    if type.dtype is not None:
        try:
            numbers = np.asarray(value)
        except (TypeError, ValueError):
            numbers = np.empty(0, object)
        if (numbers.dtype.kind not in "biuf" and numbers.size) or numbers.dtype.kind == "O":
            raise ValueError(f"expected {type.text}, found {value!r:.80}")
        set_numbers(message, name, type, numbers.ravel())
    elif type.is_text:
        texts = value if type.repeated else [value]
        if not isinstance(texts, (list, tuple)) or not all(isinstance(t, str) for t in texts):
            raise ValueError(f"expected {type.text}, found {value!r:.80}")
        _check_count(len(texts), type)
        setattr(message, name, list(texts) if type.repeated else value)
    elif type.repeated:
        if not isinstance(value, Sequence) or not all(isinstance(e, Mapping) for e in value):
            raise ValueError(f"expected a list of dictionaries ({type.text}), found {value!r:.80}")
        _check_count(len(value), type)
        elements = [type.make_element() for _ in value]
        for number, (element, entry) in enumerate(zip(elements, value, strict=True)):
            try:
                fill(element, entry)
            except ValueError as error:
                raise ValueError(f"[{number}].{error}") from None
        setattr(message, name, elements)
    else:
        if not isinstance(value, Mapping):
            raise ValueError(f"expected a dictionary ({type.text}), found {value!r:.80}")
        fill(getattr(message, name), value)


def _check_count(count: int, type: FieldType) -> None:
    if type.size is not None and count != type.size:
        raise ValueError(f"expected {type.size} elements, found {count}")
    if type.bound is not None and count > type.bound:
        raise ValueError(f"expected at most {type.bound} elements, found {count}")
