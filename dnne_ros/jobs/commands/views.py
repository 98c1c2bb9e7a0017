"""Jobs as lines and tables for a person."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.errors import printable, shortened
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.description.states import RUNNING
from dnne_ros.jobs.store.records import Change, Job

if TYPE_CHECKING:
    from rich.table import Table

_BARS = "▁▂▃▄▅▆▇█"
_CURVE = 20
_REASON = 60
_WIDEST = 40
_FIGURES = ("mean return", "mean_return", "accuracy", "loss")
"""What of a job's live figures makes its curve: the first of these that there is."""


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows of cells as lines, in columns as wide as they need."""
    if not rows:
        return []
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows]


def job_lines(jobs: Sequence[Job], now: float) -> list[str]:
    """Return the list of jobs; times count up to ``now``."""
    if not jobs:
        return ["no jobs"]
    heading = ("JOB", "STATE", "PRIORITY", "QUEUE", "USER", "TRY", "TIME", "NAME", "REASON")
    return columns([heading, *(
        (str(job.id), job.state, str(job.level), job.queue, job.user, str(job.attempt),
         seconds_text(running_seconds(job, now)), shortened(printable(job.name), _WIDEST),
         shortened(printable(_said(job)), _REASON)) for job in jobs)])


def running_seconds(job: Job, now: float) -> float:
    """Return for how long a job has run, all tries together."""
    going = job.state == RUNNING and job.started is not None
    return job.seconds + (max(0.0, now - (job.started or now)) if going else 0.0)


def seconds_text(seconds: float) -> str:
    """Return ``1:02:03`` or ``2:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _said(job: Job) -> str:
    if job.state == RUNNING and job.progress:
        return "  ".join(f"{name} {value:g}" for name, value in job.progress.items()
                         if isinstance(value, (int, float)))
    return job.reason


def record_lines(job: Job, spec: JobSpec, changes: Iterable[Change], folder: Path,
                 successor: int | None) -> list[str]:
    """Return all that is known of a job."""
    chain = [f"takes over from job {job.takes_over}"] if job.takes_over else []
    chain += [f"job {successor} took over"] if successor else []
    facts = [
        ("job", f"{job.id}  {job.name}"), ("state", f"{job.state}: {job.reason}"),
        ("runs", " ".join(filter(None, (spec.task.function or spec.task.command,
                                        spec.task.workflow_name, *spec.task.words)))),
        ("queue", f"{job.queue}, priority {job.level}, user {job.user}"),
        ("tries", f"{job.attempt} of {spec.retries + 1}, {spec.backoff}; {job.starts} starts"),
        ("time", seconds_text(job.seconds)), ("needs", str(spec.needs)),
        ("chain", "; ".join(chain)),
        ("pipeline", f"{job.pipeline}, stage {job.stage}" if job.pipeline else ""),
        ("figures", "  ".join(f"{name} {_short(value)}" for name, value in job.figures.items())),
        ("folder", str(folder)),
        ("versions", "  ".join(f"{name} {value}" for name, value in spec.versions.items())),
        *(("file", f"{name}  {digest}") for name, digest in spec.task.files.items())]
    return [*columns([fact for fact in facts if fact[1]]), "", *(
        f"{_time(change.time)}  {change.state:<9}  {change.reason}" for change in changes)]


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)) \
        + f"{seconds % 1:.3f}"[1:]


def statistics_lines(found: Mapping[str, Any]) -> list[str]:
    """Return statistics as a table: all jobs first, then by queue, worker and stage."""
    heading = ("", "pending", "running", "processed", "failed", "cancelled", "retries",
               "success", "mean s", "total s", "per minute")
    rows: list[Sequence[str]] = [heading, _figures("all", found)]
    for by in ("queue", "worker", "stage"):
        rows += [_figures(f"{by} {name}", each) for name, each in found[by].items()]
    lines = columns(rows)
    for worker in found["workers"]:
        runs = f"runs job {worker['runs']}" if worker["runs"] else "idle"
        lines.append(f"worker {worker['id']}: {runs}, has served {worker['served']}, last heard "
                     f"of {worker['silent_s']:g} s ago")
    return lines


def _short(value: Any) -> str:
    """Return a figure with as many digits as a person reads."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _figures(name: str, found: Mapping[str, Any]) -> Sequence[str]:
    rate, mean = found["success_rate"], found["mean_s"]
    return (name, *(str(found[key]) for key in (
        "pending", "running", "processed", "failed", "cancelled", "retries")),
        "–" if rate is None else f"{rate:.0%}", "–" if mean is None else f"{mean:.1f}",
        f"{found['total_s']:.1f}", str(found["per_minute"]))


class Curves:
    """What the main figure of each running job has been, as long as somebody watches."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._values: dict[int, list[float]] = {}

    def note(self, jobs: Iterable[Job]) -> None:
        """Add what the jobs say now, if it is another value than before."""
        for job in jobs:
            name = next((name for name in _FIGURES if name in job.progress), None)
            if name is not None:
                values = self._values.setdefault(job.id, [])
                if not values or values[-1] != job.progress[name]:
                    values.append(float(job.progress[name]))

    def of(self, job: int) -> str:
        """Return a job's curve as a line of bars."""
        return sparkline(self._values.get(job, [])[-_CURVE:])


def sparkline(values: Sequence[float]) -> str:
    """Return values as bars between the lowest and the highest of them."""
    if not values:
        return ""
    low, span = min(values), max(values) - min(values)
    top = len(_BARS) - 1
    return "".join(_BARS[round((value - low) / span * top) if span else 0] for value in values)


def live_table(jobs: Sequence[Job], curves: Curves, now: float) -> Table:
    """Return the table of `jobs watch`."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    table = Table("job", "state", "try", "time", "name", "progress", "curve", "", box=None)
    for job in jobs:
        fraction = job.progress.get("fraction")
        bar = ProgressBar(1.0, float(fraction), width=20) if fraction is not None else ""
        table.add_row(str(job.id), job.state, str(job.attempt),
                      seconds_text(running_seconds(job, now)),
                      shortened(printable(job.name), _WIDEST), bar, curves.of(job.id),
                      shortened(printable(_said(job)), _REASON))
    if not jobs:
        table.add_row("", "no open jobs", "", "", "", "", "", "")
    return table
