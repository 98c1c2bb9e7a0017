"""Jobs that come again and again, at the times of a cron expression.

The engine has schedules of its own.  They go by the machine's clock and know nothing of the other
tables, while here the job and the next time are one transaction, and a test moves the clock.
"""

from __future__ import annotations

import json

import sqlalchemy as sa

from dnne_ros.errors import InputError
from dnne_ros.jobs.description.cron import next_time
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.records import spec_of
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import Books, add_job


def add_schedule(store: JobStore, spec: JobSpec, expression: str) -> int:
    """Submit a job at each time of a cron expression from now on; returns its number."""
    with store.turn() as books:
        number = books.next_id()
        books.connection.execute(sa.insert(tables.schedules).values(
            id=number, cron=expression, spec=spec.encode(),
            next=next_time(expression, books.now)))
    return number


def submit_due(books: Books) -> list[int]:
    """Submit what is due; times that nobody was there for are made up for once, not each."""
    table = tables.schedules
    due = books.connection.execute(
        sa.select(table.c.id, table.c.cron, table.c.spec).where(table.c.next <= books.now)).all()
    found = []
    for number, expression, spec in due:
        books.connection.execute(
            sa.update(table).where(table.c.id == number)
            .values(next=next_time(expression, books.now)))
        found.append(add_job(books, spec_of(spec), f"as schedule {number} says: {expression}"))
    return found


def schedules(store: JobStore) -> list[dict[str, object]]:
    """Return the schedules: number, cron expression, name of the job, next time."""
    table = tables.schedules
    with store.database.connect() as connection:
        rows = connection.execute(sa.select(table).order_by(table.c.id)).mappings().all()
    return [{"id": row["id"], "cron": row["cron"], "next": row["next"],
             "name": json.loads(row["spec"])["name"]} for row in rows]


def drop_schedule(store: JobStore, number: int) -> None:
    """Submit no more jobs of a schedule; `InputError` if there is none of that number."""
    with store.turn() as books:
        gone = books.connection.execute(
            sa.delete(tables.schedules).where(tables.schedules.c.id == number))
        if not gone.rowcount:
            raise InputError(store.named, [f"there is no schedule {number}"])
