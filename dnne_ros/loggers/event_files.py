"""A run's curves as TensorBoard event files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dnne_ros.loggers.folders import check_folder
from dnne_ros.loggers.run_logger import RunFacts, RunLogger, Status

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class EventFiles(RunLogger):
    """Writes figures into a new file of a folder, beside those of earlier runs."""

    def __init__(self, directory: str):
        """Write into ``directory``; ValueError if that cannot be."""
        if not directory:
            raise ValueError("expected tensorboard:DIR")
        check_folder(Path(directory), "event files")
        self._directory = directory
        self._writer: SummaryWriter | None = None

    def start(self, facts: RunFacts) -> str:
        """Open the file.  Whoever goes on from a checkpoint names the same folder again."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(self._directory)
        return ""

    def log(self, figures: Mapping[str, float], step: int, seconds: float) -> None:
        """Add a point to each curve."""
        assert self._writer is not None  # figures come once it has started
        for name, value in figures.items():
            self._writer.add_scalar(name, value, step, walltime=seconds)

    def end(self, status: Status) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
