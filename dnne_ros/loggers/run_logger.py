"""What a logger is: an interface of a few calls, made one after the other in a thread of its own.

It may take its time and it may raise: the run goes on, and says once that figures are missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Status = Literal["finished", "failed", "interrupted"]
"""How a run ended."""


@dataclass(frozen=True)
class RunFacts:
    """What a run is.

    Attributes:
        name: that of its graph.
        parameters: what it was started with: workflow, its SHA-256, seed, placement, and every
            widget as ``node.widget``.
        continues: what `RunLogger.start` returned in the run whose checkpoint this one goes on
            from; empty: it begins anew, or that run had no such logger.

    """

    name: str
    parameters: Mapping[str, str | int | float | bool]
    continues: str = ""


class RunLogger:
    """Writes down one run.

    Made before the run: ``__init__`` should raise ValueError for what makes no sense, and leave
    to `start` what takes time.  What raises is tried again with later figures, `start` first if
    it has not succeeded yet.
    """

    def start(self, facts: RunFacts) -> str:
        """Begin, and return what a later run is to go on by, if it can; else an empty text."""
        return ""

    def log(self, figures: Mapping[str, float], step: int, seconds: float) -> None:
        """Take the figures of an update or epoch.

        ``step``: environment steps or the number of the epoch, those of earlier runs that this one
        goes on from included.  ``seconds``: since 1970.
        """
        raise NotImplementedError

    def note(self, name: str, value: str) -> None:
        """Take a fact that was not known at the start, such as where a ``checkpoint`` is."""

    def keep(self, file: Path) -> None:
        """Take a file that the run has left: its report, its learning curve."""

    def end(self, status: Status) -> None:
        """Write what is left: nothing more comes."""
