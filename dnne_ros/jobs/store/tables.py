"""The tables of a store, beside those of the engine in the same database."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event

from dnne_ros.errors import InputError

VERSION = 2
"""Of the tables; a store with a higher one was made by a newer program."""
_BUSY_MILLISECONDS = 60_000
_UPGRADES = {
    1: ("CREATE INDEX dnne_jobs_next ON dnne_jobs "
        "(engine_queue, state, held_by, level, tag, id)",)}
"""What makes of a store of some version one of the next, beside tables that are missing."""

metadata = sa.MetaData()

store = sa.Table(
    "dnne_store", metadata,
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("next_job", sa.Integer, nullable=False))

jobs = sa.Table(
    "dnne_jobs", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("queue", sa.Text, nullable=False),
    sa.Column("engine_queue", sa.Text, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("user", sa.Text, nullable=False),
    sa.Column("tag", sa.Integer, nullable=False),  # the turn of its user: see fairness.py
    sa.Column("dedupe", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("held_by", sa.Text),  # what it waits for: jobs, time, resources
    sa.Column("not_before", sa.Float),
    sa.Column("attempt", sa.Integer, nullable=False),  # tries that count, the present one included
    sa.Column("starts", sa.Integer, nullable=False),  # processes that were started for it
    sa.Column("lost", sa.Integer, nullable=False),  # workers that died with it
    sa.Column("ticket", sa.Integer, nullable=False),  # the number of its ticket that is valid
    sa.Column("cancelling", sa.Boolean, nullable=False),
    sa.Column("submitted", sa.Float, nullable=False),
    sa.Column("started", sa.Float),
    sa.Column("ended", sa.Float),
    sa.Column("seconds", sa.Float, nullable=False),  # of running, all tries together
    sa.Column("worker", sa.Text),
    sa.Column("exit_code", sa.Integer),
    sa.Column("progress", sa.Text),
    sa.Column("figures", sa.Text),  # what its report says, for conditions and tables
    sa.Column("pipeline", sa.Integer),
    sa.Column("stage", sa.Text),
    sa.Column("sweep", sa.Integer),
    sa.Column("takes_over", sa.Integer),  # the job that this one replaces
    sa.Index("dnne_jobs_state", "state", "id"),
    sa.Index("dnne_jobs_next", "engine_queue", "state", "held_by", "level", "tag", "id"),
    sa.Index("dnne_jobs_turns", "queue", "level", "user", "tag"),
    sa.Index("dnne_jobs_dedupe", "dedupe"),
    sa.Index("dnne_jobs_pipeline", "pipeline"),
    sa.Index("dnne_jobs_sweep", "sweep"),
    sa.Index("dnne_jobs_worker", "worker"))

changes = sa.Table(
    "dnne_changes", metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("job", sa.Integer, nullable=False),
    sa.Column("time", sa.Float, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("dnne_changes_job", "job", "number"))

dependencies = sa.Table(
    "dnne_dependencies", metadata,
    sa.Column("job", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("after", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("any", sa.Boolean, nullable=False),
    sa.Index("dnne_dependencies_after", "after"))

leases = sa.Table(
    "dnne_leases", metadata,
    sa.Column("job", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("granted", sa.Text, nullable=False))

workers = sa.Table(
    "dnne_workers", metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("born", sa.Integer, nullable=False),  # the kernel's start time of that process
    sa.Column("beat", sa.Float, nullable=False),
    sa.Column("started", sa.Float, nullable=False),
    sa.Column("queues", sa.Text, nullable=False),
    sa.Column("capacity", sa.Text, nullable=False),
    sa.Column("served", sa.Integer, nullable=False))

queues = sa.Table(
    "dnne_queues", metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("paused", sa.Boolean, nullable=False))

turns = sa.Table(
    "dnne_turns", metadata,
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("served", sa.Integer, nullable=False))

quotas = sa.Table(
    "dnne_quotas", metadata,
    sa.Column("user", sa.Text, primary_key=True),
    sa.Column("most", sa.Integer, nullable=False))

sweeps = sa.Table(
    "dnne_sweeps", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("metric", sa.Text, nullable=False),
    sa.Column("minimize", sa.Boolean, nullable=False),
    sa.Column("study", sa.Text),  # what is proposed one after the other; NULL if all was at once
    sa.Column("asked", sa.Integer, nullable=False))

hooks = sa.Table(
    "dnne_hooks", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("words", sa.Text, nullable=False))

notices = sa.Table(
    "dnne_notices", metadata,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("job", sa.Integer, nullable=False),
    sa.Column("words", sa.Text, nullable=False),  # whom to tell
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("free_at", sa.Float, nullable=False),  # until then a worker tells it
    sa.Column("tries", sa.Integer, nullable=False))

schedules = sa.Table(
    "dnne_schedules", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("cron", sa.Text, nullable=False),
    sa.Column("spec", sa.Text, nullable=False),
    sa.Column("next", sa.Float, nullable=False))

pipelines = sa.Table(
    "dnne_pipelines", metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("course", sa.Text, nullable=False),
    sa.Column("submitted", sa.Float, nullable=False),
    sa.Column("ended", sa.Float))


_LOCK = sa.update(store).values(turn=store.c.turn + 1)


def open_database(url: str) -> sa.Engine:
    """Return the database of a URL; what is committed to SQLite is on the disk."""
    if not url.startswith("sqlite"):
        return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1),
                                pool_pre_ping=True)
    database = sa.create_engine(url)

    @event.listens_for(database, "connect")
    def set_up(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
        connection.execute("PRAGMA journal_mode=WAL")  # readers do not hold up who writes
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    return database


def make_tables(database: sa.Engine) -> None:
    """Make what is missing."""
    metadata.create_all(database)
    with database.begin() as connection:
        # The first of several that are here at once; it is called under a lock.
        if connection.execute(sa.select(store.c.version)).first() is None:
            connection.execute(sa.insert(store).values(version=VERSION, turn=0, next_job=1))


def _upgrade(database: sa.Engine) -> None:
    """Make a store of an earlier version one of this; who was first has done it for all."""
    with turn(database) as connection:
        found = connection.execute(sa.select(store.c.version)).scalar_one()
        metadata.create_all(connection)
        for version in range(found, VERSION):
            for statement in _UPGRADES[version]:
                connection.execute(sa.text(statement))
        connection.execute(sa.update(store).values(version=VERSION))


def bring_up_to_date(database: sa.Engine, named: str) -> None:
    """Bring an older store up to date; `InputError` for one that a newer program has made."""
    with database.connect() as connection:
        found = connection.execute(sa.select(store.c.version)).scalar_one()
    if found < VERSION:
        _upgrade(database)
    if found > VERSION:
        raise InputError(named, [f"a store of version {found}, from a newer dnne_ros; this one "
                                 f"reads up to version {VERSION}"])


@contextlib.contextmanager
def turn(database: sa.Engine) -> Iterator[sa.Connection]:
    """Give a transaction that no other of this kind overlaps with.

    Its first word is a change of the one row of the store: that is the lock of SQLite's writers
    and, in PostgreSQL, that of a row.  So whoever decides something has seen what others decided.
    """
    with database.begin() as connection:
        connection.execute(_LOCK)
        yield connection


def sqlite_fault(python: tuple[int, ...] = sys.version_info[:2],
                 sqlite: tuple[int, ...] = sqlite3.sqlite_version_info) -> str:
    """Return why the engine cannot keep its tables in this SQLite; "" if it can.

    With Python 3.12 and newer, DBOS has SQLite tell the time in milliseconds.
    """
    if python < (3, 12) or sqlite >= (3, 42):
        return ""
    return (f"expected SQLite 3.42 or newer with Python {'.'.join(map(str, python))}, found "
            f"{'.'.join(map(str, sqlite))}: take an older Python, or --store postgresql://…")


def folder_url(folder: Path) -> str:
    """Return the URL of the database in a store's folder."""
    return f"sqlite:///{folder / 'jobs.sqlite'}"
