"""The numbers at the end of a field path, as a list of plain fields."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dnne_ros.messages.field_path import FieldPath
from dnne_ros.messages.field_types import FieldType, fields_of, listed_fields
from dnne_ros.messages.message_types import type_name


@dataclass(frozen=True)
class Leaf:
    """A field that holds numbers, by its way from the message above it: ``translation.x``."""

    names: tuple[str, ...]
    type: FieldType

    @property
    def size(self) -> int:
        """Return how many numbers it holds."""
        return (self.type.size or 0) if self.type.repeated else 1


def leaves_of(message: type) -> list[Leaf]:
    """Return all fields of a message that holds numbers only, in the order of declaration.

    Raises ValueError, naming the field, for one with text or sequences: how many numbers that
    would be is not known.
    """
    leaves = []
    for name, type in fields_of(message).items():
        found = _field_leaves(name, type)
        if found is None:
            raise ValueError(f"{type_name(message)} is not numbers alone ({name} is {type.text}); "
                             f"choose among its fields: {listed_fields(message)}")
        leaves += found
    return leaves


def _field_leaves(name: str, type: FieldType) -> list[Leaf] | None:
    """Return the leaves below a field, or None if how many there are is not known."""
    if type.dtype is not None:
        return None if type.repeated and type.size is None else [Leaf((name,), type)]
    if type.message is None or type.repeated:
        return None
    leaves = []
    for below, below_type in fields_of(type.message).items():
        found = _field_leaves(below, below_type)
        if found is None:
            return None
        leaves += [Leaf((name, *leaf.names), leaf.type) for leaf in found]
    return leaves


def path_leaves(path: FieldPath) -> list[Leaf]:
    """Return the numbers at the end of a path; ValueError if there are none.

    A path that ends with a number or an array of numbers has one leaf without names.
    """
    type = path.type
    if type.dtype is not None:
        return [Leaf((), type)]
    if type.is_text:
        raise ValueError(f"field {path}: expected numbers, found {type.text}")
    if type.repeated:
        raise ValueError(f"field {path}: found {type.text}; write {path}[] for the numbers of all "
                         f"elements or {path}[0] for one")
    message = type.message
    assert message is not None  # it is neither a number nor text
    try:
        return leaves_of(message)
    except ValueError as error:
        raise ValueError(f"field {path}: {error}") from None


def common_dtype(paths: list[list[Leaf]]) -> np.dtype:
    """Return the element type that holds the numbers of all leaves."""
    return np.result_type(*(leaf.type.dtype for leaves in paths for leaf in leaves))
