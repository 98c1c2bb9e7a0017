"""How jobs come into a store: with the transaction of whoever wants them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from dnne_ros.errors import InputError
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.engine import Engine
from dnne_ros.jobs.store.fairness import engine_priority, next_tag

GPU_QUEUE = "+gpu"
"""Jobs that need one are on a queue of their own, which only workers with GPUs serve."""
# Made once: to build a statement takes longer than to run it.
_NEXT_ID = sa.update(tables.store).values(next_job=tables.store.c.next_job + 1) \
    .returning(tables.store.c.next_job)
_ROW = sa.select(tables.jobs).where(tables.jobs.c.id == sa.bindparam("job"))
_SET = sa.update(tables.jobs).where(tables.jobs.c.id == sa.bindparam("job"))
_NOTE = sa.insert(tables.changes)
_ADD = sa.insert(tables.jobs)


@dataclass(frozen=True)
class Ticket:
    """A ticket that a turn is about to give to the engine."""

    text: str
    queue: str
    priority: int
    delay: float


@dataclass(frozen=True)
class Books:
    """A turn at a store: its transaction, the engine, and the time that counts in it.

    ``tickets`` are those of the jobs that it has queued; ``rings`` are queues whose bell is to
    ring once that is on the disk.
    """

    connection: sa.Connection
    engine: Engine
    now: float
    tickets: dict[int, Ticket] = field(default_factory=dict)
    rings: list[str] = field(default_factory=list)

    def hand_in(self) -> None:
        """Give the tickets to the engine: the last word of the turn."""
        for ticket in self.tickets.values():
            self.engine.add(self.connection, ticket.text, ticket.queue, ticket.priority,
                            ticket.delay)
            if ticket.delay <= 0:
                self.rings.append(ticket.queue)

    def row(self, job: int) -> sa.RowMapping | None:
        """Return the row of a job."""
        return self.connection.execute(_ROW, {"job": job}).mappings().first()

    def change(self, job: int, state: str, reason: str, **values: object) -> None:
        """Let a job become something, for a reason."""
        self.set(job, state=state, reason=reason, **values)
        self.note(job, state, reason)

    def set(self, job: int, **values: object) -> None:
        """Write plain values into the row of a job."""
        self.connection.execute(_SET, {"job": job, **values})

    def note(self, job: int, state: str, reason: str) -> None:
        """Write down that a job has become something."""
        self.connection.execute(_NOTE, {
            "job": job, "time": self.now, "state": state, "reason": reason})

    def give_ticket(self, job: int, reason: str, delay: float = 0.0) -> None:
        """Queue a job, for after a ``delay``; a ticket that it had before is worth nothing."""
        row = self.row(job)
        assert row is not None
        number = row["ticket"] + 1
        if delay > 0:
            self.change(job, states.WAITING, reason, held_by=states.FOR_TIME, ticket=number,
                        not_before=self.now + delay)
        else:
            self.change(job, states.QUEUED, reason, held_by=None, ticket=number, not_before=None)
        self.tickets[job] = Ticket(ticket_of(job, number), row["engine_queue"],
                                   engine_priority(row["level"], row["tag"]), delay)

    def next_id(self) -> int:
        """Return a number that no job, pipeline or schedule has."""
        return int(self.connection.execute(_NEXT_ID).scalar_one()) - 1


def ticket_of(job: int, number: int) -> str:
    """Return the text of a ticket, which nobody else's in the same database is like."""
    return f"dnne_ros-{job}.{number}"


def read_ticket(ticket: str) -> tuple[int, int]:
    """Return the job and the number of a ticket."""
    job, _, number = ticket.partition("-")[2].partition(".")
    return int(job), int(number)


def engine_queue(spec: JobSpec) -> str:
    """Return the engine's queue of a job."""
    return spec.queue + (GPU_QUEUE if spec.needs.gpu else "")


def add_job(books: Books, spec: JobSpec, reason: str = "submitted",
            takes_over: int | None = None) -> int:
    """Add a job, and return its number; that of an open one with the same ``dedupe`` key."""
    if spec.dedupe is not None and (known := _open_with(books, spec.dedupe)) is not None:
        return known
    waited_for = _awaited(books, spec)
    state, held_by = states.QUEUED, None
    if waited_for:
        state, held_by, reason = states.WAITING, states.FOR_JOBS, f"after {named([*waited_for])}"
    elif spec.delay > 0:
        state, held_by, reason = states.WAITING, states.FOR_TIME, _until(books, spec.delay)
    job, ticket = books.next_id(), int(not waited_for)
    tag = next_tag(books.connection, spec.queue, spec.level, spec.user)
    books.connection.execute(_ADD, {
        "id": job, "name": spec.name or spec.task.title, "spec": spec.encode(),
        "queue": spec.queue, "engine_queue": engine_queue(spec), "level": spec.level,
        "user": spec.user, "tag": tag, "dedupe": spec.dedupe, "state": state, "reason": reason,
        "held_by": held_by,
        "not_before": books.now + spec.delay if held_by == states.FOR_TIME else None,
        "attempt": 1, "starts": 0, "lost": 0, "ticket": ticket, "cancelling": False,
        "submitted": books.now, "seconds": 0.0, "pipeline": spec.pipeline, "stage": spec.stage,
        "sweep": spec.sweep, "takes_over": takes_over})
    books.note(job, state, reason)
    for other, whatever in waited_for.items():
        books.connection.execute(sa.insert(tables.dependencies).values(
            job=job, after=other, any=whatever))
    if ticket:
        books.tickets[job] = Ticket(ticket_of(job, ticket), engine_queue(spec),
                                    engine_priority(spec.level, tag), spec.delay)
    return job


def queue_first(books: Books, job: int, delay: float, reason: str) -> None:
    """Queue a job that has waited for others, and waits for none any more."""
    books.give_ticket(job, _until(books, delay) if delay > 0 else reason, delay)


def _until(books: Books, delay: float) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(books.now + delay))
    return f"until {at}"


def named(jobs: Sequence[int]) -> str:
    """Return ``job 3`` or ``jobs 3, 4``."""
    return f"job{'s' * (len(jobs) > 1)} {', '.join(map(str, jobs))}"


def _open_with(books: Books, key: str) -> int | None:
    table = tables.jobs
    return books.connection.execute(
        sa.select(table.c.id).where(table.c.dedupe == key, table.c.state.in_(states.OPEN))
    ).scalar()


def _awaited(books: Books, spec: JobSpec) -> dict[int, bool]:
    """Return the jobs to wait for, and whether any end of theirs will do."""
    problems, waited_for = [], {}
    for other in dict.fromkeys((*spec.after, *spec.after_any)):
        row = books.row(other)
        if row is None:
            problems.append(f"there is no job {other} to come after")
        elif row["state"] in states.OPEN:
            waited_for[other] = other not in spec.after
        elif other in spec.after and row["state"] != states.SUCCEEDED:
            problems.append(f"it is to come after the success of job {other}, which is "
                            f"{row['state']}: {row['reason']}")
    if problems:
        raise InputError(spec.name or spec.task.title, problems)
    return waited_for
