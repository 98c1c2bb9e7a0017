"""Pipelines in a store: started from a plan, looked at, drawn."""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from dnne_ros.errors import InputError
from dnne_ros.jobs.description import states
from dnne_ros.jobs.pipelines.pipeline_file import Plan, read_pipeline
from dnne_ros.jobs.pipelines.pipeline_runs import Course, begin, course_of
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import engine_queue

_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class PipelineRecord:
    """What a store knows of a pipeline: `course` says what it has done."""

    id: int
    name: str
    state: str
    reason: str
    course: Course


class Pipeline:
    """A pipeline to be run: stages with routes for pass and fail."""

    def __init__(self, plan: Plan):
        """Take a plan that was read."""
        self.plan = plan

    @classmethod
    def read(cls, path: str | Path, trusted: Sequence[str] = ()) -> Pipeline:
        """Read a YAML file; `InputError` with everything that is wrong with it.

        ``trusted``: words such as ``--nodes=my_nodes.py``, which let code run.
        """
        return cls(read_pipeline(Path(path), tuple(trusted)))

    def submit(self, store: JobStore) -> int:
        """Queue the first stage, and return the pipeline's number; workers do the rest."""
        for stage in self.plan.stages.values():
            store.engine.add_queue(engine_queue(stage.spec))
        with store.turn() as books:
            return begin(books, self.plan, getpass.getuser())


def record(store: JobStore, number: int) -> PipelineRecord:
    """Return what is known of a pipeline; `InputError` if there is none of that number."""
    table = tables.pipelines
    with store.database.connect() as connection:
        row = connection.execute(
            sa.select(table).where(table.c.id == number)).mappings().first()
    if row is None:
        raise InputError(store.named, [f"there is no pipeline {number}"])
    return PipelineRecord(row["id"], row["name"], row["state"], row["reason"],
                          course_of(row["course"]))


def plan_of(store: JobStore, number: int) -> Plan:
    """Return the plan by which a pipeline runs."""
    record(store, number)
    with store.database.connect() as connection:
        return Plan.from_json(json.loads(connection.execute(sa.select(tables.pipelines.c.plan)
                                         .where(tables.pipelines.c.id == number)).scalar_one()))


def wait(store: JobStore, number: int,
         seen: Callable[[PipelineRecord], None] = lambda record: None) -> PipelineRecord:
    """Wait until a pipeline has ended; ``seen`` is called with it, five times a second."""
    while True:
        found = record(store, number)
        seen(found)
        if found.state != states.RUNNING:
            return found
        time.sleep(_LOOK_SECONDS)


async def watch(store: JobStore, number: int) -> AsyncIterator[PipelineRecord]:
    """Give a pipeline as it is each time that it has come on, and at its end."""
    import asyncio

    last = None
    while last is None or last.state == states.RUNNING:
        found = await asyncio.to_thread(record, store, number)
        if found != last:
            last = found
            yield found
        else:
            await asyncio.sleep(_LOOK_SECONDS)
