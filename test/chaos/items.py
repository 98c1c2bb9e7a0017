"""The items of the graphs, and what their nodes make of them: for the nodes and for the verdict.

An item is a number of bytes that says the first eight of them over and over.
"""

from typing import NamedTuple

import numpy as np

from dnne_ros.transport.frame import LARGE_FROM

_ALL = 2**64 - 1
PORTS = ("x", "y")
"""What a node in the middle may give."""


class Item(NamedTuple):
    """How many bytes, and the first eight of them as a number; an item may have fewer."""

    size: int
    value: int


ACCOUNTS = 7

SIZES = {
    "tiny": lambda value: value % 17,
    "small": lambda value: value % 4096,
    "telling": lambda value: 8 + value % 3000,
    "medium": lambda value: value % 150_000,
    "border": lambda value: LARGE_FROM - 64 + value % 128,
    "large": lambda value: 2**20 * (1 + (value >> 8) % 8) if value % 8 == 0 else value % 70_000,
}
"""Sizes of items in bytes by what is drawn; of `telling` ones no two are the same."""


def mixed(*numbers):
    """Return a number of 64 bits that depends on all bits of others (splitmix64)."""
    state = 0
    for number in numbers:
        state = (state ^ number) + 0x9E3779B97F4A7C15 & _ALL
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _ALL
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _ALL
        state ^= state >> 31
    return state


def item(sizes, *numbers):
    """Return the item that follows from some numbers."""
    value = mixed(*numbers)
    size = SIZES[sizes](value)
    return Item(size, value & (1 << 8 * min(size, 8)) - 1)


def round_value(salt, taken):
    """Return what stands for a round of a node in the middle, of one item of each input."""
    return mixed(salt, *(number for each in taken for number in each))


def worked(mode, sizes, salt, taken):
    """Return by port what a node in the middle makes of one item of each input."""
    value = round_value(salt, taken)
    gives = {"pass": PORTS, "filter": PORTS if value % 3 else (),
             "either": PORTS[value % 2:][:1],
             "some": [port for bit, port in enumerate(PORTS) if value >> bit & 1]}[mode]
    return {port: item(sizes, value, PORTS.index(port)) for port in gives}


def account_of(item):
    """Return to which account an item belongs."""
    return item.value % ACCOUNTS


def booked(salt, taken, before):
    """Return the next state of an account, which depends on all that it has ever taken."""
    return mixed(salt, before, *taken)


def to_array(item):
    """Return an item's bytes."""
    return np.full(-(-item.size // 8), item.value, "<u8").view(np.uint8)[:item.size]


def of_array(array):
    """Return which item some bytes are; ValueError if they are none."""
    head = int.from_bytes(array[:8].tobytes(), "little")
    whole = array[:len(array) // 8 * 8].view("<u8")
    tail = int.from_bytes(array[len(whole) * 8:].tobytes(), "little")
    if (whole != head).any() or tail != head & (1 << 8 * (len(array) % 8)) - 1:
        raise ValueError(f"an item of {len(array)} bytes does not say the same all over")
    return Item(len(array), head)
