"""Where what a node gives differs from what it gave: bit for bit, or by more than a tolerance."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from dnne_ros.transport.codec import Codec
from dnne_ros.transport.payload import STORED_AS, Array

_SHOWN = 60
_NOTHING = object()


@dataclass(frozen=True)
class Difference:
    """An item that is another one than was recorded."""

    node: str
    port: str
    item: int
    element: str
    """Which part of it: ``[3, 0]``, or ``.time_outs[2]``; "" for all of it."""
    recorded: str
    found: str
    seconds: float
    """When the item was sent, since the recording's begin."""

    def __str__(self) -> str:
        return (f"{self.node}/{self.port} item {self.item}{self.element}: "
                f"recorded {self.recorded}, found {self.found}")


class ItemComparison:
    """Compares messages of one output."""

    def __init__(self, codec: Codec, tolerance: float):
        """Read messages with ``codec``; numbers may differ by ``tolerance``, of 1 or of them."""
        self._codec = codec
        self._tolerance = tolerance

    def first_difference(self, recorded: bytes, found: bytes) -> tuple[str, str, str] | None:
        """Return the element that differs first, and what it is in both; None if none does."""
        if recorded == found or self._unstamped(recorded) == self._unstamped(found):
            return None
        differences = _differences(self._read(recorded), self._read(found), "", self._tolerance)
        first = next(differences, None)
        if first is None and not self._tolerance:
            return "", f"{len(recorded)} bytes", "others with the same meaning"
        return first

    def _unstamped(self, message: bytes) -> bytes:
        """Return a message without the time at which it was sent: each is sent at another."""
        stamp = self._codec.sent_at
        return message[:stamp.start] + message[stamp.stop:]

    def _read(self, message: bytes) -> Any:
        value = self._codec.decode(message)
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:  # text of another kind
                return value
        if isinstance(value, bytes) and (tensors := _tensors(value)) is not None:
            return tensors
        return value


def _tensors(data: bytes) -> dict[str, Any] | None:
    """Return what is in safetensors bytes by name, without torch; None if they are none."""
    if len(data) < 8 or not 2 <= (length := int.from_bytes(data[:8], "little")) <= len(data) - 8:
        return None
    try:
        head = json.loads(data[8:8 + length])
        about = head.pop("__metadata__", {})
        body = data[8 + length:]
        return {"metadata": about, **{
            name: _numbers(body[slice(*each["data_offsets"])], each["dtype"], each["shape"])
            for name, each in sorted(head.items())}}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


_DTYPES = {"F64": "f8", "F32": "f4", "F16": "f2", "I64": "i8", "I32": "i4", "I16": "i2",
           "I8": "i1", "U8": "u1", "BOOL": "?"}


def _numbers(data: bytes, dtype: str, shape: list[int]) -> np.ndarray:
    if dtype not in _DTYPES:
        return np.frombuffer(data, np.uint8)
    return np.frombuffer(data, f"<{_DTYPES[dtype]}").reshape(shape)


def _differences(recorded: Any, found: Any, place: str, tolerance: float
                 ) -> Iterator[tuple[str, str, str]]:
    """Yield where two payloads differ, and how."""
    if isinstance(recorded, Array) and isinstance(found, Array):
        if recorded.element_type != found.element_type:
            yield place, recorded.element_type, found.element_type
        elif recorded.axes != found.axes:
            yield place, f"axes {recorded.axes}", f"axes {found.axes}"
        else:
            exact = 0.0 if recorded.element_type in STORED_AS else tolerance
            yield from _differences(recorded.data, found.data, place, exact)
    elif isinstance(recorded, np.ndarray) and isinstance(found, np.ndarray):
        yield from _of_arrays(recorded, found, place, tolerance)
    elif isinstance(recorded, dict) and isinstance(found, dict):
        for key in sorted({*recorded, *found}):
            yield from _differences(recorded.get(key, _NOTHING), found.get(key, _NOTHING),
                                    f"{place}.{key}", tolerance)
    elif isinstance(recorded, (list, tuple)) and isinstance(found, (list, tuple)):
        for index, pair in enumerate(zip_longest(recorded, found, fillvalue=_NOTHING)):
            yield from _differences(*pair, f"{place}[{index}]", tolerance)
    elif is_dataclass(recorded) and type(recorded) is type(found):
        for each in fields(recorded):
            yield from _differences(getattr(recorded, each.name), getattr(found, each.name),
                                    f"{place}.{each.name}", tolerance)
    elif not _same(recorded, found, tolerance):
        yield place, _shown(recorded), _shown(found)


def _of_arrays(recorded: np.ndarray, found: np.ndarray, place: str, tolerance: float
               ) -> Iterator[tuple[str, str, str]]:
    if recorded.shape != found.shape or recorded.dtype != found.dtype:
        yield (place, f"{recorded.dtype} {recorded.shape}", f"{found.dtype} {found.shape}")
        return
    if tolerance and recorded.dtype.kind in "fc":
        differs = ~np.isclose(found, recorded, rtol=tolerance, atol=tolerance, equal_nan=True)
    else:  # as bits: a zero with another sign is another number, a NaN is itself
        width = recorded.dtype.itemsize
        bits = [np.ascontiguousarray(each).reshape(-1).view(np.uint8).reshape(-1, width)
                for each in (recorded, found)]
        differs = (bits[0] != bits[1]).any(axis=1).reshape(recorded.shape)
    for index in zip(*np.nonzero(np.atleast_1d(differs)), strict=True):
        where = index if recorded.ndim else ()
        yield (f"{place}{list(map(int, where)) if recorded.ndim else ''}",
               _shown(recorded[where].item()), _shown(found[where].item()))


def _same(recorded: Any, found: Any, tolerance: float) -> bool:
    if type(recorded) is not type(found):
        return False
    if isinstance(recorded, float):
        if tolerance and math.isclose(recorded, found, rel_tol=tolerance, abs_tol=tolerance):
            return True
        return repr(recorded) == repr(found)
    return bool(recorded == found)


def _shown(value: Any) -> str:
    return "nothing" if value is _NOTHING else f"{value!r:.{_SHOWN}}"
