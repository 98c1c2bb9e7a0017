"""Who is told when a job ends or a try of it fails: a command, or the ROS topic.

What is to be told is written down with the transaction in which it happens, and told later, by a
worker; so it is told at least once, and whoever is told can hold up nobody.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from dnne_ros import strict_json
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.records import job_of
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import Books

ENDED, TRY_FAILED = "ended", "try failed"
LEASE_SECONDS = 60.0
"""For so long a notice is left to the worker that has taken it; then another one tells it."""
_MOST_TRIES = 3


@dataclass(frozen=True)
class Notice:
    """``words`` is whom to tell, ``text`` what, ``tries`` how often that was begun."""

    number: int
    job: int
    words: Sequence[str]
    text: str
    tries: int


def set_hook(store: JobStore, words: Sequence[str]) -> None:
    """Let a command be told of all jobs of a store, or the topic; without words, nobody."""
    with store.turn() as books:
        books.connection.execute(sa.delete(tables.hooks))
        if words:
            books.connection.execute(sa.insert(tables.hooks).values(
                id=1, words=strict_json.dumps(list(words))))


def hook(store: JobStore) -> list[str]:
    """Return who is told of all jobs of a store."""
    with store.database.connect() as connection:
        found = connection.execute(sa.select(tables.hooks.c.words)).scalar()
    words: list[str] = json.loads(found) if found else []
    return words


def note_event(books: Books, job: int, spec: JobSpec, event: str) -> None:
    """Write down that a job has ended, or a try of it failed, for all who want to know."""
    common = books.connection.execute(sa.select(tables.hooks.c.words)).scalar()
    wanted = [strict_json.dumps(list(spec.notify))] if spec.notify else []
    row = books.row(job) if wanted or common else None
    if row is None:
        return
    record = strict_json.dumps({"event": event, **job_of(row, books.now).as_dict()})
    for words in {*wanted, *([common] if common else [])}:
        books.connection.execute(sa.insert(tables.notices).values(
            job=job, words=words, text=record, free_at=books.now, tries=0))


def take_notice(books: Books) -> Notice | None:
    """Take what is to be told next; None if there is nothing."""
    table = tables.notices
    row = books.connection.execute(
        sa.select(table).where(table.c.free_at <= books.now).order_by(table.c.number).limit(1)
    ).mappings().first()
    if row is None:
        return None
    books.connection.execute(
        sa.update(table).where(table.c.number == row["number"])
        .values(free_at=books.now + LEASE_SECONDS, tries=row["tries"] + 1))
    return Notice(row["number"], row["job"], json.loads(row["words"]), row["text"],
                  row["tries"] + 1)


def close_notice(books: Books, notice: Notice, told: bool) -> None:
    """Forget what was told, or could not be told the third time."""
    if told or notice.tries >= _MOST_TRIES:
        books.connection.execute(
            sa.delete(tables.notices).where(tables.notices.c.number == notice.number))


def has_notices(store: JobStore) -> bool:
    """Tell whether something is to be told now; cheaper than to take it."""
    table = tables.notices
    with store.database.connect() as connection:
        return connection.execute(sa.select(table.c.number).where(
            table.c.free_at <= store.clock()).limit(1)).first() is not None
