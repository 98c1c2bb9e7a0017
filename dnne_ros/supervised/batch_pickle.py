"""The pickles of CIFAR's Python version, read without running what a pickle may hold.

A pickle is a program: it names functions, and loading it calls them.  A batch needs five of them,
all to make an array.  Here these names stand for records that only keep what they are given; any
other name is refused.  So nothing of numpy, or of anything else, is ever called.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np


class DamagedBatch(ValueError):
    """A file is no batch of pictures."""


class _Record:
    """Keeps what a pickle gives to a name."""

    arguments: tuple[object, ...] = ()
    state: object = None

    def __init__(self, *arguments: object):
        self.arguments = arguments

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Ndarray(_Record):
    """Stands for `numpy.ndarray`, which is only an argument of a function."""


class _Dtype(_Record):
    """Stands for `numpy.dtype`, called with the name of an element type."""


class _Array(_Record):
    """Stands for an array in the making: its state is what the array holds."""


class _Buffer(_Record):
    """Stands for an array of protocol 5: a buffer, its element type, shape and order."""


class _Bytes(_Record):
    """Stands for bytes that Python 3 has written as text, into a pickle of protocol 2."""


_KNOWN: dict[tuple[str, str], type[_Record]] = {
    ("_codecs", "encode"): _Bytes, ("numpy", "ndarray"): _Ndarray, ("numpy", "dtype"): _Dtype}
for _core in ("numpy.core", "numpy._core"):
    _KNOWN[f"{_core}.multiarray", "_reconstruct"] = _Array
    _KNOWN[f"{_core}.numeric", "_frombuffer"] = _Buffer


_OPCODES = (
    "PROTO FRAME STOP MARK MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET "
    "NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 STRING BINSTRING "
    "SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 BINBYTES SHORT_BINBYTES "
    "BINBYTES8 BYTEARRAY8 EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST LIST APPEND APPENDS "
    "EMPTY_DICT DICT SETITEM SETITEMS GLOBAL STACK_GLOBAL REDUCE BUILD").split()
"""What Python 2 and 3 write a batch with, in any protocol."""


def _with_names(load: Callable[[Any], None], keys: slice) -> Callable[[Any], None]:
    """Let entries of a dictionary be made for names alone.

    A few bytes may hold a tuple within itself a million times, and a key's hash looks at each.
    """
    def checked(unpickler: Any) -> None:
        if not all(isinstance(key, (str, bytes)) for key in unpickler.stack[keys]):
            raise DamagedBatch("expected a dictionary by name")
        load(unpickler)

    return checked


# Python's own unpickler rather than the one in C: that has no table of opcodes to choose from, and
# makes one as long as the largest number that a pickle gives to an object, be it 2,000,000,000.
class _BatchUnpickler(pickle._Unpickler):
    dispatch = {opcode: load for opcode, load in pickle._Unpickler.dispatch.items()
                if opcode in {getattr(pickle, name)[0] for name in _OPCODES}}
    for _name, _keys in (("DICT", slice(0, None, 2)), ("SETITEMS", slice(0, None, 2)),
                         ("SETITEM", slice(-2, -1))):
        dispatch[getattr(pickle, _name)[0]] = _with_names(
            dispatch[getattr(pickle, _name)[0]], _keys)

    def find_class(self, module: str, name: str, /) -> Any:
        """Return what stands for a name; `DamagedBatch` for all that no batch holds."""
        try:
            return _KNOWN[module, name]
        except KeyError:
            found = repr(f"{module:.40}.{name:.40}")
            raise DamagedBatch(f"it names {found}, which no batch of pictures holds; nothing was "
                               "called") from None


def read_batch(data: bytes, width: int) -> tuple[np.ndarray, list[int]]:
    """Return the pixels, uint8 (picture, width), and the labels of a batch.

    `DamagedBatch` if ``data`` holds no such thing, or anything else.
    """
    try:
        batch = _BatchUnpickler(io.BytesIO(data), encoding="bytes").load()
    except DamagedBatch:
        raise
    except Exception as error:  # a damaged pickle fails in every way there is
        raise DamagedBatch(f"expected the pickle of a batch ({type(error).__name__})") from None
    if not isinstance(batch, dict):
        raise DamagedBatch(f"expected a dictionary, found {_name(batch)}")
    entries = {key.decode("latin1") if isinstance(key, bytes) else key: value
               for key, value in batch.items()}
    missing = [name for name in ("data", "labels") if name not in entries]
    if missing:
        raise DamagedBatch(f"expected an entry {missing[0]!r}, found none")
    return _pixels(entries["data"], width), _labels(entries["labels"])


def _pixels(found: object, width: int) -> np.ndarray:
    """Return the array that a record stands for.

    Nothing of it is shown before it is known to be small: a few bytes may hold the same tuple
    inside itself a million times.
    """
    if isinstance(found, _Buffer) and len(found.arguments) == 4:
        data, dtype, shape, order = found.arguments
        by_columns: object = order not in ("C", b"C")
    elif isinstance(found, _Array):
        state = found.state
        if not isinstance(state, tuple) or len(state) != 5:
            raise DamagedBatch("data: expected a whole array")
        _, shape, dtype, by_columns, data = state
    else:
        raise DamagedBatch(f"data: expected an array, found {_name(found)}")
    element = dtype.arguments[0] if isinstance(dtype, _Dtype) and dtype.arguments else None
    data = _plain_bytes(data)
    if element not in ("u1", b"u1") or by_columns or data is None:
        raise DamagedBatch("data: expected an array of bytes, row after row")
    if not isinstance(shape, tuple) or len(shape) != 2 or not all(map(_is_small, shape)):
        raise DamagedBatch("data: expected an array of two axes")
    if shape[1] != width or not shape[0] or len(data) != shape[0] * width:
        raise DamagedBatch(f"data: expected rows of {width:,} bytes, at least one, found "
                           f"{len(data):,} bytes for shape {shape}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _plain_bytes(found: object) -> bytes | bytearray | None:
    """Return bytes however they are written; None for anything else."""
    if isinstance(found, _Bytes) and len(found.arguments) == 2:
        text, encoding = found.arguments
        if isinstance(text, str) and encoding == "latin1":
            try:
                return text.encode("latin1")
            except UnicodeEncodeError:
                return None
    return found if isinstance(found, (bytes, bytearray)) else None


def _labels(found: object) -> list[int]:
    if not isinstance(found, list) or not all(map(_is_small, found)):
        raise DamagedBatch("labels: expected a list of whole numbers from 0")
    return found


def _is_small(number: object) -> bool:
    return type(number) is int and 0 <= number < 2**31


def _name(found: object) -> str:
    return "something else" if isinstance(found, _Record) else f"a {type(found).__name__}"
