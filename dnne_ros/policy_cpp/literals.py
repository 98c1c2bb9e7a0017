"""Values as literals of C++ and YAML: nothing of a file becomes code."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

_IN_A_LINE = 8


def c_string(text: str) -> str:
    """Return a string literal; whatever is not plain ASCII is escaped, byte by byte."""
    return '"' + "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}"
        for byte in text.encode("utf-8", "surrogatepass")) + '"'


def c_double(value: float) -> str:
    """Return a double that reads back as it is; ValueError if it is not finite."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no number for C++")
    return repr(float(value))


def c_float(value: float) -> str:
    """Return a float that reads back as the float32 that ``value`` is."""
    number = np.float32(value)
    if not np.isfinite(number):
        raise ValueError(f"{value} is no number for C++")
    return str(number) + "F"


def c_floats(values: Any) -> str:
    """Return the initialiser of an array, row after row."""
    return _array(map(c_float, np.asarray(values).ravel().tolist()))


def c_doubles(values: Any) -> str:
    """Return the initialiser of an array of doubles."""
    return _array(map(c_double, np.asarray(values, np.float64).ravel().tolist()))


def c_bounds(values: Any) -> str:
    """Return the initialiser of an array of doubles that may be infinite."""
    return _array(map(_c_bound, np.asarray(values, np.float64).ravel().tolist()))


def c_strings(texts: Iterable[str]) -> str:
    """Return the initialiser of an array of string literals."""
    return _array(map(c_string, texts))


def yaml_number(value: float) -> str:
    """Return a number that a ROS parameter file reads back as a double."""
    if math.isfinite(value):
        return repr(float(value))
    return ".nan" if math.isnan(value) else "-.inf" if value < 0 else ".inf"


def yaml_numbers(values: Iterable[float]) -> str:
    """Return a list of `yaml_number`."""
    return "[" + ", ".join(map(yaml_number, values)) + "]"


def _c_bound(value: float) -> str:
    if math.isinf(value):
        sign = "-" if value < 0 else ""
        return f"{sign}std::numeric_limits<double>::infinity()"
    return c_double(value)


def _array(literals: Iterable[str]) -> str:
    each = list(literals)
    lines = [", ".join(each[start:start + _IN_A_LINE])
             for start in range(0, len(each), _IN_A_LINE)]
    return "{\n      " + ",\n      ".join(lines) + "}"
