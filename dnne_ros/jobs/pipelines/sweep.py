"""Sweeps: one workflow with many settings, and which of them was best."""

from __future__ import annotations

import io
import itertools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from dnne_ros.jobs.description.spec import METRIC, JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.records import Job
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import Books, add_job, engine_queue

_RANGE = re.compile(r"(log:|lin:)?([^.]+(?:\.\d+)?)\.\.([^/]+?)(?:/(\d+))?")
_POINTS = 3
_MOST_RUNS = 10_000


@dataclass(frozen=True)
class Parameter:
    """A widget and the values that it is to have, as texts for ``--set``."""

    name: str
    values: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Parameter:
        """Read ``6.gamma=0.95,0.99``, ``6.learning_rate=log:1e-4..1e-2/5`` or ``lin:0..1``.

        A range has three values unless a number of them follows; ValueError says what is wrong.
        """
        name, equals, given = text.partition("=")
        if not equals or "." not in name:
            raise ValueError(f"expected NODE.WIDGET=VALUES, found {text!r:.60}")
        match = _RANGE.fullmatch(given)
        values = tuple(_spread(match)) if match is not None else tuple(given.split(","))
        if "" in values or len(set(values)) != len(values):
            raise ValueError(f"{name}: expected different values, found {given!r:.60}")
        if any(character.isspace() for character in given):
            raise ValueError(f"{name}: expected values without spaces, found {given!r:.60}")
        return cls(name, values)


def spread_of(given: str) -> tuple[str, str, bool] | None:
    """Return low, high and whether it is logarithmic of a range that does not say how many."""
    match = _RANGE.fullmatch(given)
    if match is None or match[4]:
        return None
    return match[2], match[3], match[1] == "log:"


def _spread(match: re.Match[str]) -> list[str]:
    kind, low_text, high_text, number = match.groups()
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        raise ValueError(f"expected a range such as log:1e-4..1e-2, found {match[0]!r:.60}"
                         ) from None
    points = int(number or _POINTS)
    logarithmic = kind == "log:"
    if not (low < high < math.inf) or (logarithmic and low <= 0) or not 2 <= points <= 1000:
        raise ValueError(f"expected a range from low to high{', above 0' * logarithmic}, with 2 "
                         f"to 1000 values, found {match[0]!r:.60}")
    parts = [index / (points - 1) for index in range(points)]
    if logarithmic:
        return [f"{low * (high / low) ** part:.6g}" for part in parts]
    return [f"{low + (high - low) * part:.6g}" for part in parts]


def settings(parameters: Sequence[Parameter], seeds: int) -> list[dict[str, str]]:
    """Return all combinations of values, each with every seed from 0; ValueError if too many."""
    number = math.prod([seeds, *(len(each.values) for each in parameters)])
    if number > _MOST_RUNS:
        raise ValueError(f"{number} runs are more than {_MOST_RUNS}")
    return [{**dict(zip([each.name for each in parameters], values, strict=True)),
             "seed": str(seed)}
            for values in itertools.product(*(each.values for each in parameters))
            for seed in range(seeds)]


def words_of(setting: Mapping[str, str]) -> list[str]:
    """Return the words that give a run its setting."""
    return [f"--seed={value}" if name == "seed" else f"--set={name}={value}"
            for name, value in setting.items() if name == "seed" or "." in name]


def submit_sweep(store: JobStore, spec: JobSpec, runs: Sequence[Mapping[str, str]],
                 metric: str = METRIC, minimize: bool = False) -> tuple[int, list[int]]:
    """Submit a job for each setting, all at once; returns the sweep's number and the jobs'."""
    store.engine.add_queue(engine_queue(spec))
    with store.turn() as books:
        sweep = add_sweep(books, metric, minimize)
        jobs = [add_run(books, spec, sweep, run) for run in runs]
    return sweep, jobs


def add_sweep(books: Books, metric: str, minimize: bool, study: str | None = None) -> int:
    """Add a sweep without runs; returns its number."""
    sweep = books.next_id()
    books.connection.execute(sa.insert(tables.sweeps).values(
        id=sweep, metric=metric, minimize=minimize, study=study, asked=0))
    return sweep


def add_run(books: Books, spec: JobSpec, sweep: int, run: Mapping[str, str]) -> int:
    """Add a run with a setting, which its name says; returns its job."""
    return add_job(books, replace(
        spec, sweep=sweep, name=" ".join(f"{name}={value}" for name, value in run.items()),
        task=replace(spec.task, words=(*spec.task.words, *words_of(run)))), f"of sweep {sweep}")


def setting_of(name: str) -> dict[str, str]:
    """Return the setting that the name of a run says."""
    return dict(part.partition("=")[::2] for part in name.split(" "))


def figure_of(figures: Mapping[str, Any], metric: str) -> float | None:
    """Return what the metric came to in a job's figures; None if it is no finite number."""
    value = figures.get(metric)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None


@dataclass(frozen=True)
class Run:
    """A run of a sweep: its job, its setting, and what the metric came to or None."""

    job: Job
    setting: Mapping[str, str]
    value: float | None


def goal_of(store: JobStore, sweep: int) -> tuple[str, bool]:
    """Return the metric of a sweep, and whether less of it is better."""
    table = tables.sweeps
    with store.database.connect() as connection:
        row = connection.execute(sa.select(table.c.metric, table.c.minimize)
                                 .where(table.c.id == sweep)).first()
    return (METRIC, False) if row is None else (row.metric, row.minimize)


def runs_of(store: JobStore, sweep: int, metric: str, minimize: bool = False) -> list[Run]:
    """Return the runs of a sweep, the best first, then those that have no figure."""
    found = [Run(job, setting_of(job.name), figure_of(job.figures, metric))
             for job in store.jobs(sweep=sweep)]
    return sorted(found, key=lambda run: (
        run.value is None, (run.value or 0.0) * (1 if minimize else -1)))


def best_command(store: JobStore, run: Run) -> str:
    """Return the command line that repeats a run."""
    import shlex

    spec = store.spec(run.job.id)
    workflow = next(iter(spec.task.files), spec.task.workflow_name)
    return shlex.join(["dnne-ros", spec.task.command, workflow, *spec.task.words])


def plot(runs: Sequence[Run], metric: str) -> bytes:
    """Return a PNG: the metric against each parameter, a dot for each run."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = [name for name in runs[0].setting if len({run.setting[name] for run in runs}) > 1] \
        or list(runs[0].setting)[:1]
    figure, axes = pyplot.subplots(1, len(names), figsize=(4 * len(names), 3.5), sharey=True,
                                   squeeze=False, layout="constrained")
    for one, name in zip(axes[0], names, strict=True):
        done = [run for run in runs if run.value is not None]
        places: list[Any] = [_place(run.setting[name]) for run in done]
        one.plot(places, [run.value for run in done], "o", color="tab:blue", alpha=0.7)
        numbers = [place for place in places if isinstance(place, float)]
        if len(numbers) == len(places) and numbers and min(numbers) > 0 \
                and max(numbers) >= 50 * min(numbers):
            one.set_xscale("log")
        one.set_xlabel(name)
        one.grid(alpha=0.3)
    axes[0][0].set_ylabel(metric)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    pyplot.close(figure)
    return picture.getvalue()


def _place(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
