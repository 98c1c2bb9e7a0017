"""Random numbers that are a function of counters: the same on every device, in any order.

A generator has a state that each draw changes, which differs between devices and stands in the
way of capturing a step in a CUDA graph.  Here a number follows from a key alone, by the
finaliser of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators,
2014), in torch's wrapping int64.
"""

from __future__ import annotations

import torch
from torch import Tensor

_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB


def uniform(seed: int, streams: Tensor, draws: Tensor, columns: int) -> Tensor:
    """Return float32 (n, columns), uniform in [0, 1).

    ``streams``, ``draws``: int64 (n,), which numbers to take: the same three keys give the same
    row.  ``seed``: from 0 to 2**63 - 1.
    """
    key = _mix(_mix(streams + _signed(_scramble(seed))) + draws)
    offsets = _signed_multiples(columns, key.device)
    # 24 bits are what a float32 holds exactly.
    return (_shift(_mix(key.unsqueeze(1) + offsets), 40)).to(torch.float32) * 2.0 ** -24


def _mix(values: Tensor) -> Tensor:
    values = values + _signed(_GOLDEN)
    values = (values ^ _shift(values, 30)) * _signed(_FIRST)
    values = (values ^ _shift(values, 27)) * _signed(_SECOND)
    return values ^ _shift(values, 31)


def _shift(values: Tensor, bits: int) -> Tensor:
    """Shift right as if the numbers had no sign."""
    return (values >> bits) & ((1 << (64 - bits)) - 1)


def _scramble(seed: int) -> int:
    return (seed + 1) * _GOLDEN % 2 ** 64


def _signed(value: int) -> int:
    """Return the int64 with the bits of an unsigned ``value``."""
    return value - 2 ** 64 if value >= 2 ** 63 else value


def _signed_multiples(count: int, device: torch.device) -> Tensor:
    return torch.arange(1, count + 1, device=device) * _signed(_GOLDEN)
