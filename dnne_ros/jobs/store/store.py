"""A store of jobs: what a program or a command does with them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import fcntl
import getpass
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from dnne_ros.durable_files import make_folder, open_lock
from dnne_ros.errors import DnneError, InputError
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.folder import JobFolder
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.bells import ring
from dnne_ros.jobs.store.records import Change, Job, job_of, spec_of

if TYPE_CHECKING:
    from dnne_ros.jobs.store.engine import Engine
    from dnne_ros.jobs.store.submitting import Books

_LOOK_SECONDS = 0.1
_FULL = ("disk is full", "No space left", "disk I/O error")


class StoreError(DnneError):
    """The store cannot be written: the disk is full, or the database is out of reach."""


def default_folder() -> Path:
    """Return where a user's jobs are: by the XDG base directories, ``~/.local/state``."""
    state = os.environ.get("XDG_STATE_HOME", "")
    base = Path(state) if Path(state).is_absolute() else Path.home() / ".local" / "state"
    return base / "dnne_ros" / "jobs"


class JobStore:
    """Jobs, in a folder with an SQLite database, or on a PostgreSQL server.

    May be used by any number of programs at once.  ``clock`` gives seconds since 1970.
    """

    def __init__(self, where: str | Path = "", *, folder: str | Path = "",
                 clock: Callable[[], float] = time.time):
        """Open a store, or make it: a folder (default: `default_folder`) or ``postgresql://…``.

        ``folder``: where the files of jobs on a server are, for all machines the same shared one
        if jobs are to go on from a checkpoint of another machine.  `InputError` if there is
        something else, or the store of a newer program.
        """
        text = str(where)
        self.is_server = text.startswith(("postgresql://", "postgres://"))
        own = folder or ("" if self.is_server else text)
        self.folder = (Path(own) if own else default_folder()).expanduser().absolute()
        self.clock = clock
        self.url = text if self.is_server else tables.folder_url(self.folder)
        self.named = _without_password(text) if self.is_server else str(self.folder)
        if not self.is_server and (fault := tables.sqlite_fault()):
            raise InputError(self.named, [fault])
        try:
            self._make()
            self.database = tables.open_database(self.url)
            tables.bring_up_to_date(self.database, self.named)
        except (OSError, ValueError, sa.exc.SQLAlchemyError) as error:
            raise InputError(self.named, [f"cannot be opened as a store of jobs: "
                                          f"{_first_line(error)}"]) from None
        self._engine: Engine | None = None

    def __enter__(self) -> JobStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """The durable engine; it is loaded when it is first needed, as it is large."""
        if self._engine is None:
            from dnne_ros.jobs.store.engine import UNWOKEN_SECONDS, WOKEN_SECONDS, Engine

            self._engine = Engine(self.database,
                                  UNWOKEN_SECONDS if self.is_server else WOKEN_SECONDS)
        return self._engine

    def _make(self) -> None:
        make_folder(self.folder)
        if not self.is_server and (self.folder / "jobs.sqlite").exists() \
                and (self.folder / ".made").exists():
            return
        lock = open_lock(self.folder / ".lock")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            from dnne_ros.jobs.store.engine import prepare

            database = tables.open_database(self.url)
            tables.make_tables(database)
            database.dispose()
            prepare(self.url)
            (self.folder / ".made").touch()
        finally:
            os.close(lock)

    @contextlib.contextmanager
    def turn(self) -> Iterator[Books]:
        """Give a transaction at the store, then wake workers for what it has queued.

        `StoreError` if it cannot be kept.
        """
        from dnne_ros.jobs.store.submitting import Books

        engine = self.engine
        try:
            with tables.turn(self.database) as connection:
                books = Books(connection, engine, self.clock())
                yield books
                books.hand_in()
        except sa.exc.DBAPIError as error:
            full = any(words in str(error.orig) for words in _FULL)
            raise StoreError(f"{self.named}: {'the disk is full' if full else 'cannot be written'}"
                             f": {_first_line(error)}") from None
        for queue in books.rings:
            ring(self.folder, queue)

    def submit(self, spec: JobSpec) -> int:
        """Add a job and return its number; it is on the disk then.

        With a ``dedupe`` key that an open job has, that job's number.  `InputError` if it is to
        come after jobs that are not there or have failed.
        """
        from dnne_ros.jobs.store.submitting import add_job, engine_queue

        spec = dataclasses.replace(spec, user=spec.user or getpass.getuser())
        self.engine.add_queue(engine_queue(spec))
        with self.turn() as books:
            return add_job(books, spec)

    def job(self, number: int) -> Job:
        """Return a job; `InputError` if there is none of that number."""
        with self.database.connect() as connection:
            row = connection.execute(
                sa.select(tables.jobs).where(tables.jobs.c.id == number)).mappings().first()
        if row is None:
            raise InputError(self.named, [f"there is no job {number}"])
        return job_of(row, self.clock())

    def spec(self, number: int) -> JobSpec:
        """Return what a job was asked for."""
        self.job(number)
        with self.database.connect() as connection:
            return spec_of(connection.execute(
                sa.select(tables.jobs.c.spec).where(tables.jobs.c.id == number)).scalar_one())

    def jobs(self, wanted: Sequence[str] = (), most: int | None = None,
             **belonging: int) -> list[Job]:
        """Return the latest ``most`` jobs in some states (default: all), in the order of numbers.

        ``belonging``: those of a ``pipeline`` or a ``sweep``.
        """
        table = tables.jobs
        query = sa.select(table).order_by(table.c.id.desc())
        if wanted:
            query = query.where(table.c.state.in_(wanted))
        for column, value in belonging.items():
            query = query.where(table.c[column] == value)
        if most is not None:
            query = query.limit(most)
        with self.database.connect() as connection:
            rows = connection.execute(query).mappings().all()
        now = self.clock()
        return [job_of(row, now) for row in reversed(rows)]

    def changes(self, number: int) -> list[Change]:
        """Return how a job has changed, oldest first."""
        table = tables.changes
        with self.database.connect() as connection:
            rows = connection.execute(
                sa.select(table.c.time, table.c.state, table.c.reason)
                .where(table.c.job == number).order_by(table.c.number)).all()
        return [Change(*row) for row in rows]

    def files(self, number: int) -> JobFolder:
        """Return the folder of a job; it is there once the job has been started."""
        return JobFolder(self.folder / "jobs", number)

    def open_count(self, queues: Sequence[str] = ()) -> int:
        """Return how many jobs have still to end, of all queues or some."""
        table = tables.jobs
        query = sa.select(sa.func.count()).select_from(table).where(
            table.c.state.in_(states.OPEN))
        if queues:
            query = query.where(table.c.queue.in_(queues))
        with self.database.connect() as connection:
            return connection.execute(query).scalar_one()

    def is_cancelling(self, number: int) -> bool:
        """Tell whether a running job is to be ended."""
        with self.database.connect() as connection:
            return bool(connection.execute(
                sa.select(tables.jobs.c.cancelling).where(tables.jobs.c.id == number)).scalar())

    def note_progress(self, number: int, figures: dict[str, Any]) -> None:
        """Keep the live figures of a running job."""
        with self.database.begin() as connection:
            connection.execute(sa.update(tables.jobs).where(tables.jobs.c.id == number)
                               .values(progress=json.dumps(figures)))

    def wait(self, number: int, seen: Callable[[Job], None] = lambda job: None) -> Job:
        """Wait until a job has ended, or the one that took over from it; returns that one.

        ``seen`` is called with each job that was looked at, ten times a second.
        """
        while True:
            job = self.job(number)
            seen(job)
            if not job.is_open:
                successor = self.successor(number)
                if successor is None:
                    return job
                number = successor
            time.sleep(_LOOK_SECONDS)

    async def watch(self, number: int) -> AsyncIterator[Job]:
        """Give a job each time that it has changed, its live figures included, and at its end."""
        last = None
        while last is None or last.is_open:
            found = await asyncio.to_thread(self.job, number)
            if found != last:
                last = found
                yield found
            else:
                await asyncio.sleep(_LOOK_SECONDS)

    def successor(self, number: int) -> int | None:
        """Return the job that took over from one, or None."""
        with self.database.connect() as connection:
            return connection.execute(sa.select(tables.jobs.c.id)
                                      .where(tables.jobs.c.takes_over == number)).scalar()

    def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            self._engine.close()
        self.database.dispose()


def _without_password(url: str) -> str:
    """Return what of a URL may be shown: errors are, and answers to other programs."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):
        return url.partition("://")[0] + "://…"


def _first_line(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).partition("\n")[0] or type(cause).__name__
