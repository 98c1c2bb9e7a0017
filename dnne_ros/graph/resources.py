"""What of its machine a node or a process asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZE = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")
_LEAST_MEMORY = 2**28
"""A process with ROS and torch does not start with less."""


@dataclass(frozen=True)
class Resources:
    """What is asked for; None where nothing is.

    Attributes:
        cores: the processor cores, by the system's numbers, that it may use.
        gpus: the CUDA devices that it sees, by CUDA's numbers.
        memory: how many bytes of memory of its own it may take, at most.
        nice: -20 (first) to 19 (last) among ordinary processes, as ``nice`` has it.
        realtime: 1 (last) to 99 (first) among real-time ones (SCHED_FIFO), all of which run
            before any ordinary one.

    """

    cores: tuple[int, ...] | None = None
    gpus: tuple[int, ...] | None = None
    memory: int | None = None
    nice: int | None = None
    realtime: int | None = None

    @classmethod
    def read(cls, asked: Any, report: Callable[[str], None]) -> Resources:
        """Return what a file asks for, and ``report`` each entry that makes no sense."""
        if not isinstance(asked, Mapping):
            report(f"expected {{{', '.join(_READERS)}}} with values, found {asked!r:.40}")
            return cls()
        found: dict[str, Any] = {}
        for name, value in asked.items():
            if name not in _READERS:
                report(f"no resource {name!r:.40}; there are {', '.join(_READERS)}")
                continue
            try:
                found[str(name)] = _READERS[str(name)](value)
            except ValueError as error:
                report(f"{name}: expected {error}, found {value!r:.40}")
        return cls(**found)

    def with_defaults(self, others: Resources) -> Resources:
        """Return it with what ``others`` ask for where it asks for nothing."""
        return replace(others, **self.as_dict())

    def differing(self, other: Resources) -> list[str]:
        """Return the names of what both ask for, each of them something else."""
        theirs = other.as_dict()
        return [name for name, value in self.as_dict().items()
                if theirs.get(name, value) != value]

    def as_dict(self) -> dict[str, Any]:
        """Return what is asked for, by name."""
        return {field.name: value for field in fields(self)
                if (value := getattr(self, field.name)) is not None}


def _numbers(value: Any) -> tuple[int, ...]:
    """Return ``[0, 2]``, or ``1``, as numbers."""
    numbers = value if isinstance(value, list | tuple) else [value]
    if not numbers or not all(_is_whole(number) and number >= 0 for number in numbers):
        raise ValueError("numbers from 0, such as [0, 1]")
    return tuple(sorted(set(numbers)))


def _size(value: Any) -> int:
    """Return ``"2GB"``, or a number of bytes, in bytes."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    size = int(float(match[1]) * _UNITS[match[2]]) if match else value
    if not _is_whole(size) or size < _LEAST_MEMORY:
        raise ValueError("a size from 256MiB, such as 2GB")
    return int(size)


def _between(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not _is_whole(value) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return int(value)
    return read


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_READERS: dict[str, Callable[[Any], Any]] = {
    "cores": _numbers, "gpus": _numbers, "memory": _size, "nice": _between(-20, 19),
    "realtime": _between(1, 99)}
