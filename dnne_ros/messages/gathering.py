"""Whole states out of messages that hold a part each, as several broadcasters publish them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from dnne_ros.messages.reading import NumberReader


class PartGatherer:
    """Adds up what messages say of the elements that a `NumberReader` reads by name.

    A message with all of the elements is read as it is.  Otherwise the newest numbers of each
    element count, as long as they are not too old.
    """

    def __init__(self, reader: NumberReader):
        """Gather the elements of ``reader``, which has names."""
        self.reader = reader
        self._came = dict.fromkeys(reader.names, -math.inf)
        self._whole_came: float | None = None
        """When all of them came at once, if `_came` does not say so yet."""
        self._names: tuple[str, ...] = ()
        self._known: list[str] = []
        self._new: set[str] = set()
        self._others: dict[str, None] = {}
        self._tables: list[np.ndarray] | None = None
        self._whole: Any = None
        self._numbers: np.ndarray | None = None
        self._began = math.inf

    @property
    def gathers(self) -> bool:
        """Tell whether a message has come that was not all."""
        return self._began != math.inf

    @property
    def oldest(self) -> float:
        """Return when the element that was heard of least recently came; -inf: never."""
        return min(self._times().values())

    def add(self, message: Any, arrived: float, age: float, *, all_new: bool) -> np.ndarray | None:
        """Take in a message; return the numbers as `NumberReader.read` does, or None.

        None: the message has none of the elements, or one has not come within ``age`` seconds
        before ``arrived`` or, with ``all_new``, since numbers were returned last.  Raises
        ValueError for a message whose fields do not fit its names, and keeps nothing of it.
        """
        self._times()
        names = tuple(self.reader.names_in(message))
        if names != self._names:
            self._names = names
            self._known = [name for name in self.reader.names if name in names]
        known = self._known
        if not names or (self._tables is None and len(known) == len(self._came)):
            numbers = self.reader.read(message)
            self._came.update(dict.fromkeys(known, arrived))
            self._whole, self._numbers = message, None
            return numbers
        self._began = min(self._began, arrived)
        self._others.update((name, None) for name in names if name not in self._came)
        if not known:
            return None
        self._keep(known, self.reader.tables(message, known), arrived)
        if self.missing(arrived, age) or (all_new and len(self._new) < len(self._came)):
            return None
        self._new.clear()
        assert self._tables is not None  # nothing is missing
        return self.reader.flat(self._tables)

    def note_whole(self, numbers: np.ndarray, arrived: float) -> None:
        """Take in a message with all of the elements that was read without it, by its layout.

        Its numbers are one for each field; not to be called while it `gathers`.
        """
        self._whole_came = arrived
        self._whole, self._numbers = None, numbers

    def missing(self, now: float, age: float) -> list[str]:
        """Return the elements that have not come within ``age`` seconds."""
        return [name for name, came in self._times().items() if now - came > age]

    def complaint(self, now: float, age: float) -> str:
        """Say which elements are missing, or nothing if that is none or may be the start."""
        missing = self.missing(now, age) if now - self._began > age else []
        if not missing:
            return ""
        old = [f"{name} is {now - self._came[name]:.3g} s old" for name in missing
               if self._came[name] != -math.inf]
        never = [name for name in missing if self._came[name] == -math.inf]
        if never:
            others = [name for name in (*self._came, *self._others) if name not in never]
            old.append(f"nothing of {', '.join(never)} so far, only of "
                       f"{', '.join(others) or 'nothing'}")
        return "; ".join(old)

    def _times(self) -> dict[str, float]:
        """Return when each element came last."""
        if self._whole_came is not None:
            self._came = dict.fromkeys(self._came, self._whole_came)
            self._whole_came = None
        return self._came

    def _keep(self, known: list[str], tables: list[np.ndarray], arrived: float) -> None:
        if self._tables is None and self._whole is not None:  # so far all came at once
            self._tables = [np.array(table) for table in self.reader.tables(
                self._whole, self.reader.names)]
        elif self._tables is None and self._numbers is not None:
            self._tables = [np.array(table) for table in self.reader.unflat(self._numbers)]
        self._whole = self._numbers = None
        if self._tables is None:
            self._tables = [np.zeros((len(self._came), table.shape[1]), table.dtype)
                            for table in tables]
        rows = [self.reader.names.index(name) for name in known]
        for kept, table in zip(self._tables, tables, strict=True):
            kept[rows] = table
        self._came.update(dict.fromkeys(known, arrived))
        self._new.update(known)
