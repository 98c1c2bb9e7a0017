"""Numbers out of messages, by field path, without a Python loop over the elements."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from dnne_ros.messages.field_path import ALL, FieldPath, parse_paths
from dnne_ros.messages.field_types import FieldType
from dnne_ros.messages.leaves import common_dtype, path_leaves
from dnne_ros.messages.naming import names_path

ORDERS = ("fields", "elements")
"""``fields``: all of the first field, then of the next.  ``elements``: all fields of the first
element, then of the next."""


_FEW = 64
"""Up to so many elements are looked up one by one."""


class NumberReader:
    """Reads the same fields of each message of one type.

    With ``names``, the elements of each field are those that the message itself calls so, in
    this order; a robot may list its joints in any other.
    """

    def __init__(self, message: type, fields: str, *, names: Sequence[str] = (),
                 names_field: str = "", order: str = "fields"):
        """Read ``fields`` (paths with commas; none: the whole message) of class ``message``.

        ``names_field``: where a message has the names of its elements; found by itself where it
        is called name, names or joint_names.  Raises ValueError for what cannot be read so.
        """
        self.paths = parse_paths(message, fields)
        leaves = [path_leaves(path) for path in self.paths]
        self.dtype = common_dtype(leaves)
        """The element type that holds all of the fields."""
        self.names = tuple(names)
        self._by_element = order == "elements" or bool(names)
        self._transpose = order == "fields"
        self._tables = [_table_of(path) for path in self.paths]
        self._widths = [sum(leaf.size if path.type.message else 1 for leaf in found)
                        for path, found in zip(self.paths, leaves, strict=True)]
        self._names_of = _getter(names_path(message, names_field)) if names else None
        self._found: tuple[str, ...] = ()
        self._wanted: tuple[str, ...] = ()
        self._rows = np.empty(0, np.intp)
        few = 0 < len(names) <= _FEW
        self._columns_of = [_getter(path) for path in self.paths] if few and all(
            path.type.repeated and path.type.dtype is not None and path.type.base != "octet"
            and _is_plain(path) for path in self.paths) else []
        self._places: list[tuple[int, int]] | None = None
        """Field and row of each number, in a message with the names `_found`."""

    @property
    def columns(self) -> list[str]:
        """Name each number that `read` returns: ``joint.position``; only with ``names``."""
        def labels(index: int, name: str) -> list[str]:
            label = f"{name}.{self.paths[index].steps[-1].name}"
            width = self._widths[index]
            return [label] if width == 1 else [f"{label}[{i}]" for i in range(width)]

        fields = range(len(self.paths))
        if self._transpose:
            return [label for i in fields for name in self.names for label in labels(i, name)]
        return [label for name in self.names for i in fields for label in labels(i, name)]

    @property
    def places(self) -> list[tuple[str, int | None]] | None:
        """Return the fields that it reads plain numbers from, in order, each with the element.

        None for an element: all that there are.  With ``names``, of messages with the names of
        the last one.  None altogether where it does more than that.
        """
        if self.names:
            return None if self._places is None or self._wanted != self.names else [
                (str(self.paths[at]), row) for at, row in self._places]
        if self._by_element or not all(_is_plain(path) for path in self.paths):
            return None
        leaves = [(path, leaf) for path in self.paths for leaf in path_leaves(path)]
        if any(leaf.type.base == "octet" for _, leaf in leaves):
            return None
        return [(".".join((*(step.name for step in path.steps), *leaf.names)), None)
                for path, leaf in leaves]

    def read(self, message: Any) -> np.ndarray:
        """Return the numbers, one-dimensional, of `dtype`; the caller's own.

        Raises ValueError when this message lacks an element or a name, or when its fields are
        not equally long where they must be.
        """
        if not self._by_element:
            return self._joined([table(message).ravel() for table in self._tables])
        numbers = self._read_again(message)
        return self.flat(self.tables(message, self.names)) if numbers is None else numbers

    def _read_again(self, message: Any) -> np.ndarray | None:
        """Return the numbers of a message with the names of the last one; None: look closer."""
        if not self._columns_of or tuple(self.names_in(message)) != self._found:
            return None
        if self._places is None or self._wanted != self.names:
            self._places = self._find_places(message)
        fields = [get(message) for get in self._columns_of]
        for field in fields:
            if len(field) != len(self._found):
                return None
        # For a few numbers numpy would take longer, the more so where it has not run for a while.
        return np.array([fields[at][row] for at, row in self._places], self.dtype)

    def _find_places(self, message: Any) -> list[tuple[int, int]]:
        rows, fields = self._rows_of(message, self.names).tolist(), range(len(self.paths))
        if self._transpose:
            return [(at, row) for at in fields for row in rows]
        return [(at, row) for row in rows for at in fields]

    def names_in(self, message: Any) -> Sequence[str]:
        """Return what a message calls its elements; only with ``names``."""
        assert self._names_of is not None  # the caller knows
        return self._names_of(message)  # type: ignore[no-any-return]  # the field's type says so

    def tables(self, message: Any, names: Sequence[str]) -> list[np.ndarray]:
        """Return each field as (elements, numbers of each): of ``names``, or all without.

        Raises ValueError as `read` does.
        """
        tables = [table(message) for table in self._tables]
        rows = None if self._names_of is None else self._rows_of(message, tuple(names))
        for path, table in zip(self.paths, tables, strict=True):
            expected = len(tables[0]) if rows is None else len(self._found)
            if len(table) != expected:
                what = "names" if self._names_of else f"of {self.paths[0]}"
                raise ValueError(f"{len(table)} elements of {path}, and {expected} {what}")
        return tables if rows is None else [table[rows] for table in tables]

    def flat(self, tables: Sequence[np.ndarray]) -> np.ndarray:
        """Return the numbers of `tables`, one-dimensional and in order."""
        if self._transpose:
            return self._joined([table.ravel() for table in tables])
        return self._joined(tables, axis=1).ravel()

    def unflat(self, numbers: np.ndarray) -> list[np.ndarray]:
        """Return what `flat` made ``numbers`` of, where each field has one for each name."""
        if self._transpose:
            return list(numbers.reshape(len(self.paths), -1, 1))
        return list(numbers.reshape(-1, len(self.paths), 1).swapaxes(0, 1))

    def _joined(self, tables: Sequence[np.ndarray], axis: int = 0) -> np.ndarray:
        return np.concatenate(tables, axis=axis).astype(self.dtype, copy=False)

    def _rows_of(self, message: Any, names: tuple[str, ...]) -> np.ndarray:
        """Return which elements to take; looked up again only when a message's names change."""
        found = tuple(self.names_in(message))
        if found != self._found or names != self._wanted:
            missing = [name for name in names if name not in found]
            if missing:
                raise ValueError(f"no {', '.join(missing)}; the message names "
                                 f"{', '.join(found) or 'nothing'}")
            self._rows = np.array([found.index(name) for name in names], np.intp)
            self._found, self._wanted = found, names
            self._places = None
        return self._rows


def _is_plain(path: FieldPath) -> bool:
    return all(step.index is None for step in path.steps)


def _getter(path: FieldPath) -> Callable[[Any], Any]:
    """Return what takes a path's end out of a message; with [], the list of all ends."""
    if path.steps and _is_plain(path):
        return attrgetter(".".join(step.name for step in path.steps))

    def walk(at: Any, steps: Sequence[Any]) -> Any:
        for number, step in enumerate(steps):
            at = getattr(at, step.name)
            if step.index == ALL:
                rest = steps[number + 1:]
                if all(later.index is None for later in rest):
                    way = ".".join(later.name for later in rest)
                    return list(map(attrgetter(way), at)) if way else at
                return [walk(element, rest) for element in at]
            if step.index is not None:
                if step.index >= len(at):
                    raise ValueError(f"no {step} of {path}: the message has {len(at)}")
                at = at[step.index]
        return at
    return lambda message: walk(message, path.steps)


def _table_of(path: FieldPath) -> Callable[[Any], np.ndarray]:
    """Return what reads a path's numbers as (elements, numbers of each)."""
    get = _getter(path)
    many = any(step.index == ALL for step in path.steps)
    type = path.type
    if type.message is None:
        if many and type.repeated:
            def ragged(message: Any) -> np.ndarray:
                parts = [_numbers(part, type) for part in get(message)]
                return np.concatenate(parts or [np.empty(0, type.dtype)]).reshape(-1, 1)
            return ragged
        if many or type.repeated:
            return lambda message: _numbers(get(message), type).reshape(-1, 1)
        return lambda message: _numbers([get(message)], type).reshape(1, 1)
    leaves = path_leaves(path)
    width = sum(leaf.size for leaf in leaves)
    dtype = common_dtype([leaves])
    plain = all(not leaf.type.repeated and leaf.type.base != "octet" for leaf in leaves)
    take = attrgetter(*(".".join(leaf.names) for leaf in leaves))

    def table(message: Any) -> np.ndarray:
        elements = get(message) if many else [get(message)]
        rows: list[Any] = list(map(take, elements))
        if not plain:
            rows = [np.concatenate([_numbers(value if leaf.type.repeated else [value], leaf.type)
                                    for leaf, value in zip(
                                        leaves, row if len(leaves) > 1 else (row,), strict=True)])
                    for row in rows]
        return np.array(rows, dtype).reshape(len(elements), width)
    return table


def _numbers(values: Any, type: FieldType) -> np.ndarray:
    """Return a sequence of numbers as a one-dimensional array of the field's element type."""
    if type.base == "octet":  # rclpy gives each as a bytes object
        return np.frombuffer(b"".join(values), np.uint8)
    return np.asarray(values, type.dtype)
