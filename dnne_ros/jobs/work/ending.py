"""What becomes of a job when its process has ended, and of those that waited for it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from dnne_ros import strict_json
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.spec import LAST_LEVEL, JobSpec
from dnne_ros.jobs.pipelines import pipeline_runs, study
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.notices import ENDED, TRY_FAILED, note_event
from dnne_ros.jobs.store.records import spec_of
from dnne_ros.jobs.store.submitting import Books, add_job, named, queue_first

INPUT_IS_WRONG = 2
"""The exit code of a command whose input is wrong: another try would find the same."""
_draw = random.Random()
# Made once: to build a statement takes longer than to run it.
_RELEASE = sa.delete(tables.leases).where(tables.leases.c.job == sa.bindparam("which"))
_SERVED = sa.update(tables.workers).where(tables.workers.c.id == sa.bindparam("worker")).values(
    served=tables.workers.c.served + 1)
_WAITING = sa.select(tables.dependencies.c.job, tables.dependencies.c.any).where(
    tables.dependencies.c.after == sa.bindparam("which"))


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    ``exit_code`` is 0 for success; ``cancelled``: it was asked to end; ``given_back``: its worker
    had to leave, which is no fault of the job.
    """

    exit_code: int
    reason: str
    figures: Mapping[str, Any] = field(default_factory=dict)
    cancelled: bool = False
    given_back: bool = False


def finish(books: Books, job: int, start: int, outcome: Outcome) -> bool:
    """Note how the start of a job ended; False if it is no longer the one that counts."""
    row = books.row(job)
    if row is None or row["state"] != states.RUNNING or row["starts"] != start:
        return False
    books.connection.execute(_RELEASE, {"which": job})
    books.set(job, seconds=row["seconds"] + books.now - (row["started"] or books.now),
              exit_code=outcome.exit_code, figures=strict_json.dumps(dict(outcome.figures)))
    books.connection.execute(_SERVED, {"worker": row["worker"]})
    if outcome.cancelled or row["cancelling"]:
        end(books, job, states.CANCELLED, outcome.reason)
    elif outcome.given_back:
        books.give_ticket(job, outcome.reason)
    elif outcome.exit_code == 0:
        end(books, job, states.SUCCEEDED, outcome.reason)
    else:
        _fail(books, row, spec_of(row["spec"]), outcome)
    return True


def end(books: Books, job: int, state: str, reason: str) -> None:
    """End a job, and go on with what waited for that."""
    books.change(job, state, reason, ended=books.now, cancelling=False, held_by=None)
    table = tables.dependencies
    waiting = books.connection.execute(_WAITING, {"which": job}).all()
    if waiting:
        books.connection.execute(sa.delete(table).where(table.c.after == job))
    for dependent, whatever in waiting:
        row = books.row(dependent)
        if row is None or row["state"] not in states.OPEN:
            continue
        if state != states.SUCCEEDED and not whatever:
            end(books, dependent, states.CANCELLED, f"job {job} is {state}")
        elif not _awaits(books, dependent):
            queue_first(books, dependent, spec_of(row["spec"]).delay,
                        f"{named([job])} has ended")
    row = books.row(job)
    assert row is not None
    note_event(books, job, spec_of(row["spec"]), ENDED)
    if row["pipeline"] is not None:
        pipeline_runs.go_on(books, row)
    if row["sweep"] is not None:
        study.go_on(books, row)


def _fail(books: Books, row: sa.RowMapping, spec: JobSpec, outcome: Outcome) -> None:
    job, attempt = row["id"], row["attempt"]
    if outcome.exit_code == INPUT_IS_WRONG:
        _give_up(books, job, spec, states.FAILED,
                 f"{outcome.reason}: its input is wrong, which no retry mends")
    elif attempt <= spec.retries:
        rest = states.jittered(
            states.backoff_seconds(spec.backoff, attempt, spec.backoff_base), _draw)
        level = min(LAST_LEVEL, row["level"] + spec.retry_lower)
        books.set(job, attempt=attempt + 1, level=level)
        books.give_ticket(job, f"{outcome.reason}; try {attempt + 1} of {spec.retries + 1}"
                               + (f" in {rest:.3g} s" if rest else ""), rest)
        note_event(books, job, spec, TRY_FAILED)
    else:
        tries = f" after {attempt} tries" if spec.retries else ""
        _give_up(books, job, spec, states.DEAD if spec.retries else states.FAILED,
                 f"{outcome.reason}{tries}")


def _give_up(books: Books, job: int, spec: JobSpec, state: str, reason: str) -> None:
    """End a job for good, or let the one take over that it escalates to."""
    if spec.escalate is None:
        end(books, job, state, reason)
        return
    # A run of a sweep is known by its name.
    name = spec.name if spec.sweep is not None else spec.escalate.name
    successor = add_job(books, replace(spec.escalate, name=name, pipeline=spec.pipeline,
                                       stage=spec.stage, sweep=spec.sweep),
                        f"takes over from job {job}", job)
    table = tables.dependencies
    books.connection.execute(
        sa.update(table).where(table.c.after == job).values(after=successor))
    # The pipeline goes on with the successor.
    books.set(job, pipeline=None)
    end(books, job, states.FAILED, f"{reason}; job {successor} takes over")


def _awaits(books: Books, job: int) -> bool:
    table = tables.dependencies
    return books.connection.execute(
        sa.select(table.c.after).where(table.c.job == job)).first() is not None
