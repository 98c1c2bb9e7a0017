"""What is asked for where a run is to be filmed (``--video``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Video:
    """A film of one environment, or one every so many steps.

    Attributes:
        file: where it goes; of several films, what their names begin with.
        seconds: how long one is, in simulated time.
        updates: training is filmed before its first update and again after each so many;
            0: one film, from the first step on.
        steps: steps of an update.

    """

    file: str
    seconds: float
    updates: int = 0
    steps: int = 0

    def file_at(self, step: int) -> Path | None:
        """Return the file of the film that begins with ``step``, from 0; None: none begins."""
        path = Path(self.file)
        if not self.updates:
            return path if step == 0 else None
        films, rest = divmod(step, self.updates * self.steps)
        return None if rest else path.with_name(
            f"{path.stem}_{films * self.updates}{path.suffix}")
