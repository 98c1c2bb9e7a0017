"""A run's curves as TensorBoard event files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.durable_files import Folder, make_folder
from dnne_ros.errors import InputError

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

_COUNTS = ("epoch", "env_steps", "total_env_steps", "total_updates")
"""What curves are drawn over."""


def check_event_files(directory: str) -> None:
    """Find out before the run that event files cannot be written; `InputError`."""
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError("--tensorboard", [
            "needs TensorBoard: pip install 'dnne_ros[tensorboard]'"])
    try:
        make_folder(Path(directory))
        with Folder(Path(directory)) as folder:
            folder.probe()
    except OSError as error:
        raise InputError(f"--tensorboard {directory}", [
            f"cannot write event files here: {error.strerror}"]) from None


class EventFiles:
    """Writes the figures of each update or epoch; made when the first ones come."""

    def __init__(self, directory: str):
        """Write into ``directory``, in a new file."""
        self._directory = directory
        self._writer: SummaryWriter | None = None

    def note(self, message: dict[str, Any]) -> None:
        """Take a status message of a run."""
        if message["kind"] != "progress":
            return
        metrics = message["metrics"]
        figures = metrics.get("completed_epoch", metrics if "loss" in metrics else None)
        if figures is None:
            return
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(self._directory)
        step = figures.get("epoch", figures.get("total_env_steps", 0))
        for name, value in figures.items():
            if name not in _COUNTS and isinstance(value, (int, float)):
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
