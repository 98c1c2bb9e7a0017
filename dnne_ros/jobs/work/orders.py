"""What a person tells a store to do with jobs and queues that are there."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

import sqlalchemy as sa

from dnne_ros.errors import InputError, Problems
from dnne_ros.jobs.description import states
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.bells import MOST_RINGS, ring
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import GPU_QUEUE, ticket_of
from dnne_ros.jobs.work.ending import end

_MANY = 500


def cancel(store: JobStore, numbers: Sequence[int]) -> list[int]:
    """Cancel jobs; returns those that run and will end within their grace time.

    `InputError` names those that are not there or have ended; then none is cancelled.
    """
    problems = Problems("cancel")
    running, tickets = [], []
    with store.turn() as books:
        rows = [(number, books.row(number)) for number in numbers]
        for number, row in rows:
            if row is None:
                problems.add(f"there is no job {number}")
            elif row["state"] not in states.OPEN:
                problems.add(f"job {number} is {row['state']} already")
        problems.raise_if_any()
        for number, _ in rows:
            row = books.row(number)
            if row is None or row["state"] not in states.OPEN:
                continue  # it went with one that it depends on
            if row["state"] == states.RUNNING:
                books.set(number, cancelling=True)
                running.append(number)
            else:
                tickets.append(ticket_of(number, row["ticket"]))
                end(books, number, states.CANCELLED, "cancelled")
    store.engine.withdraw(tickets)
    return running


def retry(store: JobStore, numbers: Sequence[int]) -> None:
    """Queue jobs again that have ended without success, with all their tries; `InputError`."""
    problems = Problems("retry")
    with store.turn() as books:
        rows = {number: books.row(number) for number in numbers}
        for number, row in rows.items():
            if row is None:
                problems.add(f"there is no job {number}")
            elif row["state"] not in (states.FAILED, states.CANCELLED, states.DEAD):
                problems.add(f"job {number} is {row['state']}; failed, cancelled and dead ones "
                             "can be retried")
        problems.raise_if_any()
        for number in rows:
            books.set(number, attempt=1, ended=None, exit_code=None)
            books.give_ticket(number, "retried by hand")


def rerun(store: JobStore, number: int) -> int:
    """Submit a job once more, with what it was given then; returns the new one's number."""
    return store.submit(store.spec(number).once_more())


def set_paused(store: JobStore, queue: str, paused: bool) -> None:
    """Start no more jobs of a queue, or go on; those that run are left alone."""
    with store.turn() as books:
        books.connection.execute(sa.delete(tables.queues).where(tables.queues.c.name == queue))
        books.connection.execute(sa.insert(tables.queues).values(name=queue, paused=paused))
    for name in (queue, queue + GPU_QUEUE):
        store.engine.set_paused(name, paused)
        if not paused:
            ring(store.folder, name, MOST_RINGS)


def set_quota(store: JobStore, user: str, most: int | None) -> None:
    """Let a user have at most so many jobs running at once; None takes the limit away."""
    with store.turn() as books:
        table = tables.quotas
        books.connection.execute(sa.delete(table).where(table.c.user == user))
        if most is not None:
            books.connection.execute(sa.insert(table).values(user=user, most=most))


def drop_dead(store: JobStore, numbers: Sequence[int]) -> None:
    """Forget dead letters and their folders; `InputError` for jobs that are none."""
    wrong = [f"job {number} is {job.state}, not dead" for number in numbers
             if (job := store.job(number)).state != states.DEAD]
    if wrong:
        raise InputError("dead", wrong)
    _forget(store, numbers)


def collect_garbage(store: JobStore, older_than: float) -> list[int]:
    """Forget jobs that ended ``older_than`` seconds ago, with their folders; returns which.

    A job stays that an open one or an open pipeline may still ask about.
    """
    table = tables.jobs
    kept = sa.select(tables.pipelines.c.id).where(tables.pipelines.c.state.in_(states.OPEN))
    with store.database.connect() as connection:
        found = list(connection.execute(
            sa.select(table.c.id).where(
                table.c.state.not_in(states.OPEN), table.c.ended < store.clock() - older_than,
                sa.or_(table.c.pipeline.is_(None), table.c.pipeline.not_in(kept)))).scalars())
    _forget(store, found)
    return found


def _forget(store: JobStore, numbers: Sequence[int]) -> None:
    for first in range(0, len(numbers), _MANY):
        some = numbers[first:first + _MANY]
        with store.turn() as books:
            rows = books.connection.execute(
                sa.select(tables.jobs.c.id, tables.jobs.c.ticket)
                .where(tables.jobs.c.id.in_(some))).all()
            books.connection.execute(sa.delete(tables.changes)
                                     .where(tables.changes.c.job.in_(some)))
            books.connection.execute(sa.delete(tables.jobs).where(tables.jobs.c.id.in_(some)))
        store.engine.forget([ticket_of(job, number) for job, last in rows
                             for number in range(1, last + 1)])
        for number in some:
            shutil.rmtree(store.files(number).path, ignore_errors=True)
