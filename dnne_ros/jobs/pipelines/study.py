"""Sweeps whose settings Optuna proposes, from what has come of those before.

Optuna is asked and told, and keeps nothing: the study is made anew from the jobs of the sweep
each time that a trial has ended, and what it proposes is queued with the transaction of that end.
So no trial is lost or made twice, whatever is killed; and a proposal follows from its number and
from what is known by then alone, as its generator is seeded with that number.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dnne_ros import strict_json
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.spec import METRIC, JobSpec
from dnne_ros.jobs.pipelines.sweep import (
    Parameter,
    add_run,
    add_sweep,
    figure_of,
    setting_of,
    spread_of,
)
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import Books, engine_queue

if TYPE_CHECKING:
    import optuna

_TRIAL = "trial"
_FEWEST_RANDOM, _MOST_RANDOM = 4, 10
"""How many trials are drawn before the sampler learns from them: a third, within these."""


@dataclass(frozen=True)
class Dimension:
    """A widget, and what it may be: one of ``values``, or a number from ``low`` to ``high``."""

    name: str
    values: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 0.0
    logarithmic: bool = False
    whole: bool = False

    @classmethod
    def parse(cls, text: str) -> Dimension:
        """Read what `Parameter.parse` does; a range without a number of values is all of it."""
        parameter = Parameter.parse(text)
        spread = spread_of(text.partition("=")[2])
        if spread is None:
            return cls(parameter.name, parameter.values)
        low, high, logarithmic = spread
        whole = all(end.strip().lstrip("-").isdecimal() for end in (low, high))
        return cls(parameter.name, (), float(low), float(high), logarithmic, whole)

    @property
    def ends(self) -> tuple[str, ...]:
        """Return the values that show whether all are possible."""
        return self.values or (self.text(self.low), self.text(self.high))

    def text(self, value: Any) -> str:
        """Return a value as ``--set`` takes it; `number` gives the same one back."""
        if self.values:
            return str(value)
        return str(int(value)) if self.whole else repr(float(value))

    def number(self, text: str) -> Any:
        """Return the value of a text."""
        if self.values:
            return text
        return int(text) if self.whole else float(text)

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """Return it as Optuna knows it."""
        from optuna import distributions

        if self.values:
            return distributions.CategoricalDistribution(self.values)
        if self.whole:
            return distributions.IntDistribution(int(self.low), int(self.high),
                                                 log=self.logarithmic)
        return distributions.FloatDistribution(self.low, self.high, log=self.logarithmic)


@dataclass(frozen=True)
class Study:
    """So many ``trials`` of a job, each with ``seeds``.

    Their ``metric``, the mean over the seeds, is to be as large as it can, or, with ``minimize``,
    as small.
    """

    spec: JobSpec
    dimensions: Sequence[Dimension]
    trials: int
    seeds: int = 1
    metric: str = METRIC
    minimize: bool = False

    def encode(self) -> str:
        """Return it as JSON."""
        return strict_json.dumps({**asdict(self), "spec": json.loads(self.spec.encode())})

    @classmethod
    def decode(cls, text: str) -> Study:
        """Return what `encode` has written."""
        values = json.loads(text)
        return cls(**{**values, "spec": JobSpec.from_json(values["spec"]), "dimensions": [
            Dimension(**{**each, "values": tuple(each["values"])})
            for each in values["dimensions"]]})


@dataclass
class Trial:
    """What has come of a trial: its setting, figures of its jobs, and whether one is open."""

    setting: Mapping[str, str]
    values: list[float] = field(default_factory=list)
    is_open: bool = False


def begin_study(store: JobStore, study: Study, at_once: int) -> tuple[int, list[int]]:
    """Add a sweep with the first ``at_once`` trials; returns its number and those of the jobs."""
    store.engine.add_queue(engine_queue(study.spec))
    with store.turn() as books:
        sweep = add_sweep(books, study.metric, study.minimize, study.encode())
        jobs = [job for _ in range(min(at_once, study.trials))
                for job in _propose(books, sweep, study, _trials(books, sweep, study))]
    return sweep, jobs


def load_sampler(store: JobStore, sweep: int) -> None:
    """Import Optuna, if a sweep is to ask it: it takes a second, for which no turn is to wait."""
    with store.database.connect() as connection:
        study = connection.execute(sa.select(tables.sweeps.c.study).where(
            tables.sweeps.c.id == sweep)).scalar()
    if study is not None:
        with suppress(ImportError):
            import_module("optuna")


def go_on(books: Books, job: sa.RowMapping) -> None:
    """Propose the next trial of a study, if a job has ended one; a cancelled one has no next."""
    table = tables.sweeps
    row = books.connection.execute(
        sa.select(table.c.study, table.c.asked).where(table.c.id == job["sweep"])).first()
    if row is None or row.study is None or job["state"] == states.CANCELLED:
        return
    study = Study.decode(row.study)
    trials = _trials(books, job["sweep"], study)
    trial = trials.get(setting_of(job["name"]).get(_TRIAL, ""))
    if row.asked >= study.trials or trial is None or trial.is_open:
        return
    try:
        _propose(books, job["sweep"], study, trials)
    except ImportError as error:
        books.note(job["id"], job["state"], f"no further trial is proposed: {error}")


def _propose(books: Books, sweep: int, study: Study, trials: Mapping[str, Trial]) -> list[int]:
    """Queue the trial that follows ``trials``; returns its jobs."""
    table = tables.sweeps
    number = books.connection.execute(
        sa.update(table).where(table.c.id == sweep).values(asked=table.c.asked + 1)
        .returning(table.c.asked)).scalar_one()
    asked = _asked(study, number, list(trials.values()))
    setting = {each.name: each.text(asked[each.name]) for each in study.dimensions}
    return [add_run(books, study.spec, sweep, {_TRIAL: str(number), **setting, "seed": str(seed)})
            for seed in range(study.seeds)]


def _asked(study: Study, number: int, trials: Sequence[Trial]) -> Mapping[str, Any]:
    """Return what Optuna proposes as trial ``number`` after ``trials``."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    trial_states = optuna.trial.TrialState
    distributions = {each.name: each.distribution() for each in study.dimensions}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # to count those that run is called an experiment
        made = optuna.create_study(
            direction="minimize" if study.minimize else "maximize",
            sampler=optuna.samplers.TPESampler(
                seed=number, constant_liar=True,
                n_startup_trials=min(_MOST_RANDOM, max(_FEWEST_RANDOM, study.trials // 3))))
        for trial in trials:
            if not trial.is_open and not trial.values:
                continue  # it has failed, of which nothing follows
            made.add_trial(optuna.trial.create_trial(
                state=trial_states.RUNNING if trial.is_open else trial_states.COMPLETE,
                value=None if trial.is_open else math.fsum(trial.values) / len(trial.values),
                params={each.name: each.number(trial.setting[each.name])
                        for each in study.dimensions}, distributions=distributions))
        asked: dict[str, Any] = made.ask(distributions).params
        return asked


def _trials(books: Books, sweep: int, study: Study) -> dict[str, Trial]:
    """Return the trials of a sweep by number, in their order."""
    table = tables.jobs
    rows = books.connection.execute(
        sa.select(table.c.name, table.c.state, table.c.figures)
        .where(table.c.sweep == sweep).order_by(table.c.id)).all()
    found: dict[str, Trial] = {}
    for name, state, figures in rows:
        setting = setting_of(name)
        trial = found.setdefault(setting[_TRIAL], Trial(setting))
        trial.is_open |= state in states.OPEN
        value = figure_of(json.loads(figures or "{}"), study.metric)
        if state == states.SUCCEEDED and value is not None:
            trial.values.append(value)
    return found
