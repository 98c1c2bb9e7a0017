"""How a worker takes up a job: it is told to, looks whether it may, and books what it needs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import sqlalchemy as sa

from dnne_ros import strict_json
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.needs import Capacity, Grant, grant
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.fairness import note_start
from dnne_ros.jobs.store.records import spec_of
from dnne_ros.jobs.store.submitting import GPU_QUEUE, Books, read_ticket, ticket_of
from dnne_ros.jobs.work.ending import end

_MOST_RELEASED = 50
_MOST_TRIED = 10
MOST_LOST = 100
"""What has taken so many workers with it is not given to another."""
# Made once: to build a statement takes longer than to run it.
_PAUSED = sa.select(tables.queues.c.paused).where(tables.queues.c.name == sa.bindparam("queue"))
_QUOTA = sa.select(tables.quotas.c.most).where(tables.quotas.c.user == sa.bindparam("user"))
_UNLEASE = sa.delete(tables.leases).where(tables.leases.c.job == sa.bindparam("which"))
_LEASE = sa.insert(tables.leases)
_ORDER = (tables.jobs.c.level, tables.jobs.c.tag, tables.jobs.c.id)
_OF_QUEUE = sa.select(*_ORDER, tables.jobs.c.ticket).where(
    tables.jobs.c.engine_queue == sa.bindparam("queue")).order_by(*_ORDER).limit(1)
_QUEUED = _OF_QUEUE.where(
    tables.jobs.c.state == states.QUEUED, tables.jobs.c.held_by.is_(None))  # as the index has it
_DUE = _OF_QUEUE.where(
    tables.jobs.c.state == states.WAITING, tables.jobs.c.held_by == states.FOR_TIME,
    tables.jobs.c.not_before <= sa.bindparam("now"))
_HELD = sa.select(tables.jobs.c.id, tables.jobs.c.user, tables.jobs.c.spec).where(
    tables.jobs.c.state == states.WAITING, tables.jobs.c.held_by == states.FOR_RESOURCES
).order_by(*_ORDER).limit(_MOST_RELEASED)


@dataclass(frozen=True)
class Claim:
    """A job that a worker runs: its ``start`` number tells it from earlier and later ones."""

    job: int
    start: int
    attempt: int
    spec: JobSpec
    granted: Grant


def start_job(books: Books, ticket: str, worker: str, host: str, capacity: Capacity
              ) -> Claim | None:
    """Book the job of a ticket for a worker; None if it is not to run, or has to wait.

    The engine hands a ticket to one worker at a time, so a job that is said to run does not: its
    worker is gone.
    """
    job, number = read_ticket(ticket)
    row = books.row(job)
    if row is None or row["ticket"] != number or row["state"] not in states.OPEN:
        return None
    lost = row["lost"] + (row["state"] == states.RUNNING)
    if lost >= MOST_LOST:
        end(books, job, states.DEAD, f"{lost} workers have died with it")
        return None
    spec = spec_of(row["spec"])
    books.connection.execute(_UNLEASE, {"which": job})
    found = _over_quota(books, row["user"]) or _grant(books, spec, host, capacity)
    if isinstance(found, str):
        books.change(job, states.WAITING, found, held_by=states.FOR_RESOURCES)
        return None
    start = row["starts"] + 1
    books.connection.execute(_LEASE, {
        "job": job, "host": host, "granted": strict_json.dumps(found.as_dict())})
    again = "" if row["state"] != states.RUNNING else ", whose worker is gone"
    books.change(job, states.RUNNING, f"start {start}, by {worker}{again}", held_by=None,
                 worker=worker, starts=start, lost=lost, started=books.now, not_before=None)
    note_start(books.connection, row["queue"], row["level"], row["tag"])
    return Claim(job, start, row["attempt"], spec, found)


def take_next(books: Books, queue: str, worker: str, host: str, capacity: Capacity
              ) -> tuple[Claim | None, list[str]]:
    """Book the first job of an engine's queue that may run, for a worker that has just ended one.

    So what comes next, such as the stage behind the one that has ended, is begun with the same
    transaction, by the order that the engine keeps too.  Also returns the tickets that the engine
    may have of it, and of those that had to wait: they are worth nothing.
    """
    void: list[str] = []
    for _ in range(_MOST_TRIED):
        found = _first(books, queue)
        if found is None:
            break
        job, number = found
        if books.tickets.pop(job, None) is None:
            void.append(ticket_of(job, number))
        books.set(job, ticket=number + 1)
        claim = start_job(books, ticket_of(job, number + 1), worker, host, capacity)
        if claim is not None:
            return claim, void
    return None, void


def _first(books: Books, queue: str) -> tuple[int, int] | None:
    """Return the job that is next and the number of its ticket; None if there is none."""
    if books.connection.execute(_PAUSED, {"queue": queue.removesuffix(GPU_QUEUE)}).scalar():
        return None
    queued = books.connection.execute(_QUEUED, {"queue": queue}).first()
    due = books.connection.execute(_DUE, {"queue": queue, "now": books.now}).first()
    first = min((tuple(row) for row in (queued, due) if row is not None), default=None)
    return None if first is None else (first[2], first[3])


def release_waiting(books: Books, host: str, capacity: Capacity) -> int:
    """Queue those that wait for resources and would fit on this machine now; returns how many."""
    rows = books.connection.execute(_HELD).all()
    granted = _granted(books, host) if rows else []
    started: dict[str, int] = {}
    released = 0
    for job, user, spec in rows:
        if _over_quota(books, user, started.get(user, 0)):
            continue
        found = grant(spec_of(spec).needs, capacity, granted)
        if isinstance(found, Grant):
            granted.append(found)
            started[user] = started.get(user, 0) + 1
            books.give_ticket(job, "what it waited for is free")
            released += 1
    return released


def _grant(books: Books, spec: JobSpec, host: str, capacity: Capacity) -> Grant | str:
    if not spec.needs:
        return Grant()
    return grant(spec.needs, capacity, _granted(books, host))


def _granted(books: Books, host: str) -> list[Grant]:
    found = books.connection.execute(
        sa.select(tables.leases.c.granted).where(tables.leases.c.host == host)).scalars()
    return [Grant.from_json(json.loads(text)) for text in found]


def _over_quota(books: Books, user: str, more: int = 0) -> str:
    """Return why a user's job may not be started; ``more`` are about to be."""
    most = books.connection.execute(_QUOTA, {"user": user}).scalar()
    if most is None:
        return ""
    table = tables.jobs
    running = books.connection.execute(
        sa.select(sa.func.count()).select_from(table)
        .where(table.c.state == states.RUNNING, table.c.user == user)).scalar_one()
    return f"the quota of {user or 'nobody'}: {most} at once" if running + more >= most else ""
