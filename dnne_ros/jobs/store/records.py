"""Jobs as they are read from a store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa

from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.description.states import FOR_TIME, OPEN, QUEUED, WAITING


@dataclass(frozen=True)
class Change:
    """A job has become ``state``; ``time`` is in seconds since 1970."""

    time: float
    state: str
    reason: str


@dataclass(frozen=True)
class Job:
    """What a store knows of a job; times are in seconds since 1970, None where it is not so far.

    ``seconds`` are those for which it has run, all tries together; ``attempt`` counts tries from 1
    and ``starts`` the processes, of which a try has several when its worker died.
    """

    id: int
    name: str
    queue: str
    level: int
    user: str
    state: str
    reason: str
    attempt: int
    starts: int
    submitted: float
    started: float | None
    ended: float | None
    seconds: float
    worker: str | None
    exit_code: int | None
    progress: Mapping[str, Any]
    figures: Mapping[str, Any]
    pipeline: int | None
    stage: str | None
    sweep: int | None
    takes_over: int | None

    @property
    def is_open(self) -> bool:
        """Tell whether it has still to end."""
        return self.state in OPEN

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


def job_of(row: sa.RowMapping, now: float) -> Job:
    """Return the job of a row of the table; one whose time has come is queued."""
    values = {name: row[name] for name in Job.__dataclass_fields__
              if name not in ("progress", "figures")}
    if row["state"] == WAITING and row["held_by"] == FOR_TIME and (row["not_before"] or 0) <= now:
        values["state"] = QUEUED
    return Job(**values, progress=json.loads(row["progress"] or "{}"),
               figures=json.loads(row["figures"] or "{}"))


def spec_of(text: str) -> JobSpec:
    """Return the specification that a store has kept."""
    return JobSpec.from_json(json.loads(text))
