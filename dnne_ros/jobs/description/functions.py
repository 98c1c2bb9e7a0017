"""Python functions that installed packages register as jobs, and what such a function is given."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros import strict_json
from dnne_ros.durable_files import write_file

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "dnne_ros.jobs"
"""The entry-point group."""


@dataclass(frozen=True)
class JobContext:
    """What a function is called with, beside its arguments.

    ``start`` counts how often the job was begun: a worker may have died, so what has an effect
    outside is to be such that doing it again changes nothing.  ``folder`` is the job's own;
    `dnne_ros.durable_files.write_file` puts a file in place there whole, once.
    """

    job: int
    attempt: int
    start: int
    folder: Path

    def progress(self, fraction: float, **figures: float) -> None:
        """Let `jobs list` show how far it is, from 0 to 1, and some figures."""
        write_file(self.folder / "progress.json", strict_json.dumps(
            {"fraction": fraction, **figures}).encode())


JobFunction = Callable[..., "Mapping[str, Any] | None"]
"""``function(context, **arguments)``; what it returns is the job's report, as JSON."""


def registered() -> dict[str, EntryPoint]:
    """Return the functions by name; none is imported."""
    from importlib.metadata import entry_points  # a job's process does without: it takes long

    return {entry.name: entry for entry in entry_points(group=GROUP)}


def home(name: str) -> str:
    """Return ``module:function`` of a registered function; nothing if there is none of that name.

    All packages are looked through only if some were installed or removed since the last time.
    """
    return _homes(tuple((folder, _changed(folder)) for folder in sys.path)).get(name, "")


@lru_cache(maxsize=1)
def _homes(_: tuple[tuple[str, int], ...]) -> dict[str, str]:
    return {name: entry.value.partition("[")[0].strip() for name, entry in registered().items()}


def _changed(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0
