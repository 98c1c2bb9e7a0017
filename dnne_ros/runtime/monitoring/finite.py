"""Looking for NaN and infinity in whatever goes over an edge."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


def is_finite(value: Any) -> bool:
    """Tell whether all numbers in ``value`` are finite.

    Numbers, tensors and arrays count, and what dictionaries, lists, tuples and dataclasses hold
    of them; everything else is taken as it is.
    """
    if isinstance(value, (float, complex)):
        return math.isfinite(value.real) and math.isfinite(value.imag)
    if hasattr(value, "isfinite"):  # a torch tensor
        return bool(value.isfinite().all())
    if hasattr(value, "dtype") and getattr(value.dtype, "kind", "") in "fc":
        import numpy

        return bool(numpy.isfinite(value).all())
    if isinstance(value, Mapping):
        return all(is_finite(each) for each in value.values())
    if isinstance(value, (list, tuple)):
        return all(is_finite(each) for each in value)
    if is_dataclass(value) and not isinstance(value, type):
        return all(is_finite(getattr(value, field.name)) for field in fields(value))
    return True
