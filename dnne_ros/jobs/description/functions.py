"""Python functions that installed packages register as jobs, and what such a function is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from dnne_ros import strict_json
from dnne_ros.durable_files import write_file

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
    return {entry.name: entry for entry in entry_points(group=GROUP)}
