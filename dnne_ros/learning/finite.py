"""Numbers that are none: found where they come in, and never learned from.

One NaN in a reward makes every weight NaN with the next update.  So what comes in is looked at
item by item, and what an update leaves behind is looked at once an update.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from dnne_ros.arrays import as_doubles, first_not_finite, is_finite, is_on_cpu
from dnne_ros.errors import DnneError

if TYPE_CHECKING:
    from torch import Tensor


class NotFiniteError(DnneError):
    """A number is NaN or infinite where one must be finite."""


def check_finite(values: Tensor, port: str, item: int, rows: str = "environment") -> None:
    """Raise `NotFiniteError` if a number is not finite, naming where it came in.

    ``values``: (row, …) or a single number, of any type: the ``item`` (from 1) of an input
    ``port``; ``rows`` says what its first axis counts.  The check is a sum, two microseconds.
    On a CUDA device it would wait for all that is queued there, so it is left to `all_finite`,
    once an update.
    """
    if is_on_cpu(values) and not is_finite(values):
        raise NotFiniteError(f"input {port!r}, item {item}: {_places(values, rows)}")


def all_finite(tensors: Collection[Tensor]) -> bool:
    """Tell whether all numbers are finite; waits once for a device."""
    if all(map(is_on_cpu, tensors)):
        return all(map(is_finite, tensors))
    import torch

    sums = [tensor.sum().float() for tensor in tensors if tensor.is_floating_point()]
    if not sums or math.isfinite(torch.stack(sums).sum().item()):
        return True
    return all(map(is_finite, tensors))


def check_update(what: str, figures: Mapping[str, float], weights: Collection[Tensor],
                 named: Iterable[tuple[str, Tensor]], causes: str) -> None:
    """Raise `NotFiniteError` if ``what``, an update, has left a number that is not finite.

    ``weights``: all that is looked at; ``named``: the same by name, read only to say which it is.
    ``causes``: what it may have come from.
    """
    spoilt = [f"{name} is {value}" for name, value in figures.items() if not math.isfinite(value)]
    if not all_finite(weights):
        spoilt.append(f"the policy's {first_not_finite(named)} is not finite")
    if spoilt:
        raise NotFiniteError(f"{what}: {', '.join(spoilt)}; {causes}")


def _places(values: Tensor, rows: str, most: int = 3) -> str:
    """Say which numbers are not finite: ``environment 0 is nan, environment 7 [2] is inf``."""
    numbers = as_doubles(values)
    if numbers.ndim == 0:
        return f"expected a finite number, found {numbers.item()}"
    wrong = np.argwhere(~np.isfinite(numbers)).tolist()
    shown = [f"{rows} {place[0]}{''.join(f' [{index}]' for index in place[1:])} is "
             f"{numbers[tuple(place)]}" for place in islice(wrong, most)]
    more = f" and {len(wrong) - most} more" if len(wrong) > most else ""
    return f"expected finite numbers, found {', '.join(shown)}{more}"
