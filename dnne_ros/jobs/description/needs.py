"""What a job needs of a machine, what a machine has, and whether the one fits the other."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_BYTES = re.compile(r"(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?", re.IGNORECASE)
_WHOLE = 1e-9
"""Below this much of a GPU nothing is left of it."""


@dataclass(frozen=True)
class Needs:
    """What a job asks for: ``gpu`` below 1 shares one; ``memory`` is in bytes; 0 asks for none."""

    gpu: float = 0.0
    cpus: int = 0
    memory: int = 0

    @classmethod
    def parse(cls, text: str) -> Needs:
        """Read ``gpu=1,cpus=2,memory=4G``; ValueError says what is wrong."""
        values: dict[str, Any] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            name, _, value = part.partition("=")
            if name not in ("gpu", "cpus", "memory"):
                raise ValueError(f"expected gpu=, cpus= or memory=, found {part!r:.40}")
            values[name] = _READ[name](value)
        return cls(**values)

    def __bool__(self) -> bool:
        return bool(self.gpu or self.cpus or self.memory)

    def __str__(self) -> str:
        said = [f"gpu={self.gpu:g}"] if self.gpu else []
        said += [f"cpus={self.cpus}"] if self.cpus else []
        said += [f"memory={self.memory / 2**30:.3g}G"] if self.memory else []
        return ",".join(said)


def _gpus(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not (0 < number < 1 or (1 <= number <= 1024 and number.is_integer())):
        raise ValueError(f"gpu: expected a whole number, or a share below 1, found {text!r:.40}")
    return number


def _cpus(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 2**20):
        raise ValueError(f"cpus: expected a whole number from 1, found {text!r:.40}")
    return int(text)


def _memory(text: str) -> int:
    match = _BYTES.fullmatch(text)
    size = int(float(match[1]) * _UNITS[match[2].upper()]) if match else 0
    if not 0 < size < 2**62:
        raise ValueError(f"memory: expected bytes such as 512M or 4G, found {text!r:.40}")
    return size


_READ = {"gpu": _gpus, "cpus": _cpus, "memory": _memory}


@dataclass(frozen=True)
class Capacity:
    """What a machine has for jobs: the ids of its GPUs and CPUs, and bytes of memory."""

    gpus: tuple[str, ...] = ()
    cpus: tuple[int, ...] = ()
    memory: int = 0

    @classmethod
    def of_this_machine(cls, gpus: Iterable[str] = ()) -> Capacity:
        """Return the CPUs that this process may use, all memory, and the named GPUs."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(tuple(gpus), tuple(sorted(os.sched_getaffinity(0))), memory)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Capacity:
        """Return what `asdict` has taken apart."""
        return cls(tuple(values["gpus"]), tuple(values["cpus"]), values["memory"])

    def lacks(self, needs: Needs) -> str:
        """Return what of the needs is more than there is at all, or nothing."""
        if needs.gpu > len(self.gpus):
            return f"gpu={needs.gpu:g}, and there are {len(self.gpus)}"
        if needs.cpus > len(self.cpus):
            return f"cpus={needs.cpus}, and there are {len(self.cpus)}"
        if needs.memory > self.memory:
            return f"memory={needs.memory / 2**30:.3g}G, and there are {self.memory / 2**30:.3g}G"
        return ""


@dataclass(frozen=True)
class Grant:
    """What a running job has: shares of GPUs by id, CPUs, bytes."""

    gpus: Mapping[str, float] = field(default_factory=dict)
    cpus: tuple[int, ...] = ()
    memory: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Grant:
        """Return what `as_dict` gave."""
        return cls(dict(values["gpus"]), tuple(values["cpus"]), values["memory"])


def grant(needs: Needs, capacity: Capacity, granted: Iterable[Grant]) -> Grant | str:
    """Return what a job gets of what others have left, or what it waits for.

    A job that shares a GPU goes where others share already, so that whole ones stay free.
    """
    if missing := capacity.lacks(needs):
        return f"needs {missing} on this machine"
    others = list(granted)
    left = {gpu: 1.0 - sum(each.gpus.get(gpu, 0.0) for each in others) for gpu in capacity.gpus}
    if needs.gpu >= 1:
        free = [gpu for gpu in left if left[gpu] > 1 - _WHOLE][:int(needs.gpu)]
        shares = dict.fromkeys(free, 1.0)
        enough = len(free) == int(needs.gpu)
    else:
        fitting = sorted((gpu for gpu in left if left[gpu] >= needs.gpu - _WHOLE),
                         key=lambda gpu: left[gpu])[:1]
        shares = dict.fromkeys(fitting, needs.gpu) if needs.gpu else {}
        enough = bool(fitting) or not needs.gpu
    if not enough:
        return f"needs gpu={needs.gpu:g}; others have them"
    taken = {cpu for each in others for cpu in each.cpus}
    cpus = tuple(cpu for cpu in capacity.cpus if cpu not in taken)[:needs.cpus]
    if len(cpus) < needs.cpus:
        return f"needs cpus={needs.cpus}; others have {len(taken)} of {len(capacity.cpus)}"
    memory = sum(each.memory for each in others)
    if memory + needs.memory > capacity.memory:
        return (f"needs memory={needs.memory / 2**30:.3g}G; others have "
                f"{memory / 2**30:.3g}G of {capacity.memory / 2**30:.3g}G")
    return Grant(shares, cpus, needs.memory)
