"""What a run shows while it goes on: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any

from dnne_ros.cli.report import RunReport
from dnne_ros.errors import printable

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

_PLAIN_SECONDS = 5.0
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
"""What logs may be coloured with, and no more of what a terminal obeys."""


class Progress:
    """Shows logs and progress; a context manager, so that the terminal is left in order."""

    def __init__(self, *, quiet: bool, prefixed: bool):
        """Show nothing but logs and warnings if ``quiet``; name the process if ``prefixed``."""
        self._quiet = quiet
        self._prefixed = prefixed
        self._live: Live | None = None
        self._next_line = 0.0

    def __enter__(self) -> Progress:
        if sys.stdout.isatty() and not self._quiet:
            from rich.live import Live

            self._live = Live("starting …", refresh_per_second=8, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def line(self, process: str, text: str) -> None:
        """Print a line that a process wrote."""
        text = "".join(part if _COLOUR.fullmatch(part) else printable(part)
                       for part in _COLOUR.split(text))
        self._print(f"[{process}] {text}" if self._prefixed else text)

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._print(printable(f"warning: {text}"))

    def note(self, message: dict[str, Any], report: RunReport) -> None:
        """Show a status message."""
        if message["kind"] == "warning":
            self.warn(message["message"])
        elif message["kind"] == "flight_record":
            self._print(printable(f"flight record: {message['path']} ({message['reason']})"))
        elif message["kind"] == "serving" and not self._quiet:
            self._print(message["message"])
        elif message["kind"] == "progress" and not self._quiet:
            if self._live is not None:
                self._live.update(self._table(report))
            elif time.monotonic() >= self._next_line:
                self._next_line = time.monotonic() + _PLAIN_SECONDS
                print("  ".join(f"{name} {value}" for name, value in shown(report)), flush=True)

    def summary(self, report: RunReport) -> None:
        """Print how the run ended."""
        if report.failure:
            return
        numbers = "  ".join(f"{name} {value}" for name, value in shown(report)
                            if name != "elapsed")
        print(f"ended: {printable(report.exit_reason)} after {report.seconds:.1f} s"
              + (f"  {numbers}" if report.metrics else ""))
        if report.checkpoint:
            print(f"checkpoint: {report.checkpoint}")

    def _print(self, text: str) -> None:
        if self._live is not None:
            self._live.console.print(text, markup=False, highlight=False)
        else:
            print(text, flush=True)

    @staticmethod
    def _table(report: RunReport) -> Table:
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        values = shown(report)
        table.add_row(*(f"[dim]{name}[/dim]" for name, _ in values))
        table.add_row(*(f"[bold]{value}[/bold]" for _, value in values))
        return table


def shown(report: RunReport) -> list[tuple[str, str]]:
    """Return the names and values that a person wants to see."""
    learning = _epochs if "epoch" in report.metrics else _episodes
    minutes, rest = divmod(int(report.seconds), 60)
    return [*learning(report), ("elapsed", f"{minutes}:{rest:02d}")]


def _epochs(report: RunReport) -> list[tuple[str, str]]:
    """Return how far supervised learning is, and the figures of the last whole epoch."""
    metrics = report.metrics
    values = [("epoch", f"{metrics['epoch']}/{metrics['max_epochs']}")]
    last = report.epochs[-1] if report.epochs else {"epoch": 0}
    if last["epoch"] != metrics["epoch"]:
        values.append(("batch", f"{metrics['batch']}/{metrics['batches']}"))
    if report.epochs:
        values.append(("loss", f"{last['loss']:.4f}"))
        if "accuracy" in last:
            values.append(("accuracy", f"{last['accuracy']:.2%}"))
        values.append(("samples", f"{last['samples']:,}"))
        values.append(("samples/s", f"{last['samples'] / max(last['seconds'], 1e-4):,.0f}"))
    return values


def _episodes(report: RunReport) -> list[tuple[str, str]]:
    """Return how far reinforcement learning is."""
    metrics = report.metrics
    seconds = report.seconds
    values = []
    if report.env_steps:
        values = [("env steps", f"{report.env_steps:,}"),
                  ("steps/s", f"{report.env_steps / seconds:,.0f}" if seconds else "–")]
    if report.losses:
        values.append(("updates", str(len(report.losses))))
    for name, key, form in (("mean return", "mean_return", ".1f"),
                            ("episodes", "episodes", "d"),
                            ("return so far", "running_return", ".1f"), ("loss", "loss", ".4f"),
                            ("KL", "kl", ".4f"), ("entropy", "entropy", ".3f")):
        if metrics.get(key) is not None:
            values.append((name, format(metrics[key], form)))
    if "evaluated_episodes" in metrics:
        values.append(("evaluated", f"{metrics['evaluated_episodes']}/{metrics['of_episodes']}"))
    return values
