"""Numbers into messages, by field path: the reverse of `dnne_ros.messages.reading`."""

from __future__ import annotations

import array
from collections.abc import Sequence
from typing import Any

import numpy as np

from dnne_ros.messages.field_path import ALL, FieldPath, Step, parse_paths
from dnne_ros.messages.field_types import FieldType
from dnne_ros.messages.leaves import path_leaves

_TYPECODES = {"float32": "f", "float64": "d", "int8": "b", "uint8": "B", "int16": "h",
              "uint16": "H", "int32": "i", "uint32": "I", "int64": "q", "uint64": "Q"}


class NumberWriter:
    """Writes flat arrays into the same fields of messages of one type."""

    def __init__(self, message: type, fields: str, order: str = "fields"):
        """Write ``fields`` (paths with commas; none: the whole message) of class ``message``.

        ``order`` is one of `dnne_ros.messages.reading.ORDERS`.  Raises ValueError for what
        cannot be written so.
        """
        self.paths = parse_paths(message, fields)
        self._leaves = [path_leaves(path) for path in self.paths]
        self._open = [_is_open(path) for path in self.paths]
        self._widths = [1 if path.type.message is None and not path.type.size
                        else sum(leaf.size for leaf in leaves)
                        for path, leaves in zip(self.paths, self._leaves, strict=True)]
        self._by_element = order == "elements"
        if self._by_element and not all(self._open):
            closed = ", ".join(str(path) for path, open in zip(
                self.paths, self._open, strict=True) if not open)
            raise ValueError(f"order elements: expected fields with as many elements as the "
                             f"value brings, found {closed}")

    def write(self, message: Any, values: np.ndarray) -> None:
        """Share the numbers of a flat array out over the fields of ``message``.

        Fields of a fixed size take theirs; the others share the rest, the same number of
        elements each.  Raises ValueError when that does not come out even, or when a number is
        none that a field can hold.
        """
        count = self._elements(values.size)
        if self._by_element:
            rows = values.reshape(count, sum(self._widths))
            stops = np.cumsum(self._widths)
            parts = [part.ravel() for part in np.split(rows, stops[:-1], axis=1)]
        else:
            sizes = [width * (count if open else 1)
                     for width, open in zip(self._widths, self._open, strict=True)]
            parts = np.split(values, np.cumsum(sizes)[:-1])
        for path, leaves, part in zip(self.paths, self._leaves, parts, strict=True):
            self._put(message, path, leaves, part)

    def _elements(self, size: int) -> int:
        """Return how many elements each field of open size gets of ``size`` numbers."""
        widths = list(zip(self._widths, self._open, strict=True))
        fixed = sum(width for width, open in widths if not open)
        share = sum(width for width, open in widths if open)
        if share and size >= fixed and (size - fixed) % share == 0:
            return (size - fixed) // share
        if not share and size == fixed:
            return 0
        wanted = f"{fixed}" if not share else f"{fixed} and a multiple of {share}" if fixed \
            else f"a multiple of {share}"
        raise ValueError(f"expected {wanted} numbers for {', '.join(map(str, self.paths))}, "
                         f"found {size}")

    def _put(self, message: Any, path: FieldPath, leaves: list[Any], values: np.ndarray) -> None:
        many = next((i for i, step in enumerate(path.steps) if step.index == ALL), None)
        if many is None:
            _put_leaves(message, path.steps, leaves, values)
            return
        owner = _owner(message, path.steps[:many])
        step, rest = path.steps[many], path.steps[many + 1:]
        if step.type.message is None:
            set_numbers(owner, step.name, step.whole, values)
            return
        rows = values.reshape(-1, sum(leaf.size for leaf in leaves))
        elements = getattr(owner, step.name)
        if not elements:
            elements = [step.type.make_element() for _ in rows]
            _set_elements(owner, step, elements)
        if len(elements) != len(rows):
            raise ValueError(f"{len(rows)} elements for {path}, where {len(elements)} are")
        for element, row in zip(elements, rows, strict=True):
            _put_leaves(element, rest, leaves, row)


def _is_open(path: FieldPath) -> bool:
    """Tell whether a path takes as many elements as there are."""
    ends = path.type.repeated and path.type.size is None
    everywhere = [step for step in path.steps if step.index == ALL]
    if everywhere and ends:
        raise ValueError(f"field {path}: how long each {path.type.text} should be is not known")
    if everywhere and everywhere[0].whole.size is not None:
        raise ValueError(f"field {path}: write the elements of {everywhere[0].whole.text} one by "
                         "one")
    return bool(everywhere) or ends


def _put_leaves(message: Any, steps: Sequence[Step], leaves: list[Any], values: np.ndarray
                ) -> None:
    start = 0
    for leaf in leaves:
        if not leaf.names:
            _put_end(message, steps, values)
            return
        owner = message
        if steps:
            owner = _enter(_owner(message, steps[:-1]), steps[-1])
        for name in leaf.names[:-1]:
            owner = getattr(owner, name)
        set_numbers(owner, leaf.names[-1], leaf.type, values[start:start + leaf.size])
        start += leaf.size


def _put_end(message: Any, steps: Sequence[Step], values: np.ndarray) -> None:
    """Set a path's last field, or one element of it."""
    owner, step = _owner(message, steps[:-1]), steps[-1]
    if step.index is None:
        set_numbers(owner, step.name, step.type, values)
        return
    elements = list(getattr(owner, step.name))
    elements += [type(elements[0])() if elements else _converted(np.zeros(1), step.type)[0]
                 for _ in range(step.index + 1 - len(elements))]
    elements[step.index] = _converted(values, step.type)[0]
    _set_elements(owner, step, elements)


def _owner(message: Any, steps: Sequence[Step]) -> Any:
    """Follow steps to a message, making the elements that are not there yet."""
    for step in steps:
        message = _enter(message, step)
    return message


def _enter(owner: Any, step: Step) -> Any:
    value = getattr(owner, step.name)
    if step.index is None:
        return value
    if step.index >= len(value):
        value = [*value, *(step.type.make_element() for _ in range(step.index + 1 - len(value)))]
        _set_elements(owner, step, value)
    return value[step.index]


def _set_elements(owner: Any, step: Step, elements: list[Any]) -> None:
    _check_length(step.name, step.whole, len(elements))
    if step.whole.dtype is not None:
        set_numbers(owner, step.name, step.whole, np.concatenate(
            [np.frombuffer(e, np.uint8) if isinstance(e, bytes) else np.atleast_1d(e)
             for e in elements]))
    else:
        setattr(owner, step.name, elements)


def set_numbers(owner: Any, name: str, type: FieldType, values: np.ndarray) -> None:
    """Set a field to a flat array of numbers, in the Python form that rclpy wants.

    Raises ValueError for too many or few, and for numbers that the field cannot hold.
    """
    try:
        _check_length(name, type, values.size)
        if not type.repeated:
            setattr(owner, name, _converted(values, type)[0])
        elif type.base in ("boolean", "octet"):
            setattr(owner, name, _converted(values, type))
        else:
            exact = exact_cast(values, type.number_dtype())
            setattr(owner, name, exact if type.size is not None
                    else array.array(_TYPECODES[exact.dtype.name], exact.tobytes()))
    except ValueError as error:
        raise ValueError(f"{name} ({type.text}): {error}") from None


def _check_length(name: str, type: FieldType, length: int) -> None:
    expected = type.size if type.repeated else 1
    if expected is not None and length != expected:
        raise ValueError(f"expected {expected} values, found {length}")
    if type.bound is not None and length > type.bound:
        raise ValueError(f"expected at most {type.bound} values, found {length}")


def _converted(values: np.ndarray, type: FieldType) -> list[Any]:
    numbers: list[Any] = exact_cast(values, type.number_dtype()).tolist()
    return [bytes([value]) for value in numbers] if type.base == "octet" else numbers


def exact_cast(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return ``values`` as ``dtype``; floating-point numbers may be rounded, nothing else.

    Raises ValueError naming a number that ``dtype`` cannot hold.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        cast = np.ascontiguousarray(values).astype(dtype)
        if dtype.kind == "f":
            wrong = np.isinf(cast) & np.isfinite(values)
        else:
            wrong = cast.astype(np.result_type(values.dtype, dtype)) != values
            if values.dtype.kind == "f" and dtype.kind != "b":
                # What a number out of range becomes is up to the machine: it may look right.
                limits = np.iinfo(dtype)
                wrong |= (values < float(limits.min)) | (values >= float(limits.max + 1))
            elif values.dtype.kind in "iu" and dtype.kind in "iu":
                wrong |= (cast < 0) != (values < 0)
    if wrong.any():
        raise ValueError(f"{values[wrong][0]} is no {dtype.name}")
    return cast
