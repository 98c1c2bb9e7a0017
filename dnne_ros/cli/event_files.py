"""A run's curves as TensorBoard event files."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
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
    """Writes the figures of each update or epoch; made when the first ones come.

    When they cannot be written, the run goes on without them.
    """

    def __init__(self, directory: str, warn: Callable[[str], object]):
        """Write into ``directory``, in a new file; ``warn`` is told once if that fails."""
        self._directory = directory
        self._warn = warn
        self._failed = False
        self._writer: SummaryWriter | None = None

    def note(self, message: dict[str, Any]) -> None:
        """Take a status message of a run."""
        if message["kind"] != "progress" or self._failed:
            return
        metrics = message["metrics"]
        figures = metrics.get("completed_epoch", metrics if "loss" in metrics else None)
        if figures is None:
            return
        with self._going_on():
            self._write(figures)

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None and not self._failed:
            with self._going_on():
                self._writer.close()

    def _write(self, figures: Mapping[str, Any]) -> None:
        if self._writer is None:
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(self._directory)
        step = figures.get("epoch", figures.get("total_env_steps", 0))
        for name, value in figures.items():
            if name not in _COUNTS and isinstance(value, (int, float)):
                self._writer.add_scalar(name, value, step)

    @contextlib.contextmanager
    def _going_on(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._failed = True
            self._warn(f"--tensorboard {self._directory}: no more event files are written: "
                       f"{error.strerror or error}")
