"""A run's figures, on their way to all of its loggers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dnne_ros.loggers.continuing import write_runs
from dnne_ros.loggers.feed import Feed
from dnne_ros.loggers.run_logger import RunFacts, RunLogger, Status

_LAST_SECONDS = 10.0
"""How long a run waits at its end for loggers that have not taken everything yet."""
_COUNTS = ("epoch", "env_steps", "total_env_steps", "total_updates")
"""What curves are drawn over."""


class LoggingRun:
    """Feeds the loggers of one run with what its processes say."""

    def __init__(self, loggers: Mapping[str, RunLogger], facts: RunFacts,
                 continued: Mapping[str, str], warn: Callable[[str], object]):
        """Feed ``loggers``, by the texts of their options.

        ``continued``: the runs that the checkpoint belongs to, by the same texts.
        """
        self._continued = continued
        self._warn = warn
        self._checkpoint: Path | None = None
        self._written: Mapping[str, str] | None = None
        """What the file beside the checkpoint says; None: an earlier run may have left it."""
        self._feeds = {text: Feed(text, logger,
                                  replace(facts, continues=continued.get(text, "")), warn)
                       for text, logger in loggers.items()}

    def note(self, message: Mapping[str, Any]) -> None:
        """Take a status message of a process; nothing is waited for."""
        if message["kind"] == "progress":
            if (found := _figures(message["metrics"])) is not None:
                for feed in self._feeds.values():
                    feed.log(*found)
        elif message["kind"] == "saved":
            self._checkpoint = Path(message["directory"])
            for feed in self._feeds.values():
                feed.note("checkpoint", str(self._checkpoint.absolute()))
            self._write_runs(self._checkpoint)

    def end(self, files: Sequence[str], status: Status) -> None:
        """Hand over the files that the run has left, and wait a little for all to be logged."""
        kept = [Path(file).absolute() for file in files if Path(file).is_file()]
        for feed in self._feeds.values():
            feed.end(kept, status)
        until = time.monotonic() + _LAST_SECONDS
        for feed in self._feeds.values():
            feed.join(max(0.0, until - time.monotonic()))
        if self._checkpoint is not None:
            self._write_runs(self._checkpoint)

    def _write_runs(self, checkpoint: Path) -> None:
        """Write what is known by now of the loggers' runs, if that is news."""
        runs = {**self._continued, **{
            text: feed.run for text, feed in self._feeds.items() if feed.run}}
        if runs == self._written:
            return
        try:
            write_runs(checkpoint, runs)
        except OSError as error:
            self._warn(f"{checkpoint}: a run that goes on from it will begin anew for its "
                       f"loggers: {error.strerror or error}")
        self._written = runs


def _figures(metrics: Mapping[str, Any]) -> tuple[dict[str, float], int] | None:
    """Return the figures of an update or a whole epoch and its step; None between those."""
    found = metrics.get("completed_epoch", metrics if "loss" in metrics else None)
    if found is None:
        return None
    figures = {name: float(value) for name, value in found.items()
               if name not in _COUNTS and isinstance(value, (int, float))}
    return figures, int(found.get("epoch", found.get("total_env_steps", 0)))
