"""A worker: a process that is handed jobs, one at a time of each of its queues, and runs them.

Its pool talks with it through a socket: ``finish`` lets it end the job that it has, ``leave`` has
it give the job back, and so has the end of the socket, when the pool is gone.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from dnne_ros import strict_json
from dnne_ros.jobs.description import states
from dnne_ros.jobs.description.needs import Capacity
from dnne_ros.jobs.pipelines.study import load_sampler
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.bells import Bell, ring
from dnne_ros.jobs.store.engine import EngineWorker
from dnne_ros.jobs.store.schedules import submit_due
from dnne_ros.jobs.store.store import JobStore, StoreError
from dnne_ros.jobs.store.submitting import GPU_QUEUE, engine_queue
from dnne_ros.jobs.work.ending import finish
from dnne_ros.jobs.work.notifying import Notifier
from dnne_ros.jobs.work.processes import born, is_alive, this_host
from dnne_ros.jobs.work.running import run_claim
from dnne_ros.jobs.work.starting import Claim, release_waiting, start_job, take_next
from dnne_ros.jobs.work.words import FINISH, LEAVE
from dnne_ros.runtime.coordination.fork_server import CHANNEL
from dnne_ros.runtime.coordination.parent_death import die_with_parent

_TICK_SECONDS, _MOST_TICK_SECONDS = 1.0, 5.0
_TICKS_PER_SECOND = 10.0
"""Of all workers together: each of fifty looks after the others less often than one of five."""
DEAD_SECONDS = 30.0
"""After so long without a sign of life a worker of another machine counts as gone."""
_ALONE_SECONDS = 20.0
"""A worker that cannot reach the store for so long ends its jobs: others will take them up."""
_PAUSE_SECONDS = 1.0


class Worker:
    """What a worker does; `serve` is all of its life."""

    def __init__(self, store: JobStore, queues: Sequence[str], gpus: Sequence[str],
                 channel: socket.socket):
        """Serve some queues of a store, with the GPUs of those ids."""
        self._store = store
        self._queues = [*queues, *(queue + GPU_QUEUE for queue in queues if gpus)]
        self._has_gpus = bool(gpus)
        self._channel = channel
        self._host = this_host()
        self.id = f"{os.uname().nodename}-{os.getpid()}-{secrets.token_hex(3)}"
        self._capacity = Capacity.of_this_machine(gpus)
        self._running: set[int] = set()
        self._void: list[str] = []  # tickets that the engine may still have
        self._tick_seconds = _TICK_SECONDS
        self._asked = b""
        self._beaten = time.monotonic()
        self._lock = threading.Lock()
        self._serving = 0
        self._done = threading.Event()  # a ticket has been served
        self._left = threading.Event()

    def serve(self) -> None:
        """Run jobs until told to leave."""
        for queue in self._queues:
            self._store.engine.add_queue(queue)
        self._bells = {queue: Bell(self._store.folder, queue) for queue in self._queues}
        for bell in self._bells.values():
            bell.wake()  # what is there already is looked at at once
        self._register()
        self._notifier = Notifier(self._store)
        engine = EngineWorker(self._store.url, self._store.database, self.id, self._bells,
                              self._run)
        try:
            while not self._asked:
                self._tick()
                self._listen(self._tick_seconds)
            while self._is_serving():
                self._tick()
                self._done.wait(self._tick_seconds)
                self._done.clear()
        finally:
            engine.stop()
            self._notifier.stop(finish=self._asked == FINISH, enough=self._must_leave)
            # What it was handed in the meantime, and has not begun.
            hand_out_again(self._store, self.id)
            self._left.set()
            with self._store.turn() as books:
                books.connection.execute(
                    sa.delete(tables.workers).where(tables.workers.c.id == self.id))

    def _listen(self, seconds: float) -> None:
        self._channel.settimeout(seconds)
        try:
            self._asked = self._channel.recv(1) or LEAVE
        except TimeoutError:
            return

    def _register(self) -> None:
        with self._store.turn() as books:
            books.connection.execute(sa.insert(tables.workers).values(
                id=self.id, host=self._host, pid=os.getpid(), born=born(os.getpid()),
                beat=books.now, started=books.now, queues=strict_json.dumps(self._queues),
                capacity=strict_json.dumps(vars(self._capacity)), served=0))

    def _is_serving(self) -> bool:
        with self._lock:
            return self._serving > 0

    def _run(self, ticket: str) -> None:
        """Run the job of a ticket; nothing is raised, as the ticket is used up."""
        with self._lock:
            begins = not self._asked
            self._serving += begins
        if not begins:
            self._left.wait()  # until then the ticket is ours, and then it is handed back
            return
        try:
            self._run_job(ticket)
        except Exception:
            print(f"{self.id}, {ticket}: {traceback.format_exc()}", file=sys.stderr, flush=True)
            os._exit(1)  # what is not noted is done again, by others
        finally:
            with self._lock:
                self._serving -= 1
            self._done.set()

    def _run_job(self, ticket: str) -> None:
        with self._store.turn() as books:
            claim = start_job(books, ticket, self.id, self._host, self._capacity)
        if claim is None:
            return
        queue = engine_queue(claim.spec)
        self._bells[queue].busy = True
        try:
            while claim is not None:
                claim = self._run_claim(claim, queue)
        finally:
            self._bells[queue].busy = False
            self._bells[queue].wake()

    def _run_claim(self, claim: Claim, queue: str) -> Claim | None:
        """Run a job to its end; returns the next, which is booked with the same transaction."""
        following: Claim | None = None
        void: list[str] = []
        self._running.add(claim.job)
        try:
            outcome = run_claim(claim, self._store.files(claim.job), self._has_gpus,
                                lambda: self._wanted_end(claim.job))
            if claim.spec.sweep is not None:
                load_sampler(self._store, claim.spec.sweep)
            with self._store.turn() as books:
                finish(books, claim.job, claim.start, outcome)
                release_waiting(books, self._host, self._capacity)
                if not self._asked:
                    following, void = take_next(books, queue, self.id, self._host, self._capacity)
        finally:
            self._running.discard(claim.job)
        self._void += void
        self._notifier.look()
        return following

    def _wanted_end(self, job: int) -> str:
        """Return why a running job is to end now, or nothing."""
        if self._must_leave() or time.monotonic() - self._beaten > _ALONE_SECONDS:
            return "give back"
        try:
            return "cancel" if self._store.is_cancelling(job) else ""
        except sa.exc.SQLAlchemyError:  # out of reach for a moment, or for too long: see above
            return ""

    def _must_leave(self) -> bool:
        """Tell whether it is to leave at once, also if it was first to finish."""
        if self._asked == FINISH and self._has_word():
            self._listen(0.0)
        return self._asked == LEAVE

    def _has_word(self) -> bool:
        try:
            self._channel.settimeout(0.0)
            return len(self._channel.recv(1, socket.MSG_PEEK)) >= 0
        except BlockingIOError:
            return False

    def _tick(self) -> None:
        """Do what is due time and again: a sign of life, dead neighbours, schedules, figures."""
        try:
            with self._store.turn() as books:
                books.connection.execute(
                    sa.update(tables.workers).where(tables.workers.c.id == self.id)
                    .values(beat=books.now))
                release_waiting(books, self._host, self._capacity)
                submit_due(books)
            self._beaten = time.monotonic()
            void, self._void = self._void, []
            self._store.engine.withdraw(void)
            for job in list(self._running):
                if figures := self._store.files(job).live():
                    self._store.note_progress(job, figures)
            recover_dead(self._store, self._host)
            self._share_polling()
        except (StoreError, sa.exc.SQLAlchemyError) as error:
            print(f"{self.id}: {error}", file=sys.stderr, flush=True)

    def _share_polling(self) -> None:
        """Let all idle workers together look for tickets as often as one alone would."""
        with self._store.database.connect() as connection:
            serving = connection.execute(sa.select(tables.workers.c.queues)).scalars().all()
            busy = connection.execute(
                sa.select(tables.jobs.c.engine_queue, sa.func.count())
                .where(tables.jobs.c.state == states.RUNNING)
                .group_by(tables.jobs.c.engine_queue)).all()
        self._tick_seconds = min(_MOST_TICK_SECONDS,
                                 max(_TICK_SECONDS, len(serving) / _TICKS_PER_SECOND))
        running: Mapping[str, int] = dict(tuple(row) for row in busy)
        for queue in self._queues:
            workers = sum(queue in json.loads(text) for text in serving)
            self._store.engine.share_polling(queue, workers - running.get(queue, 0))


def recover_dead(store: JobStore, host: str) -> list[str]:
    """Queue the jobs of workers that are gone; returns these.

    Of this machine the kernel knows which live.  Of others, those count as gone that have given
    no sign of life for `DEAD_SECONDS`.
    """
    table = tables.workers
    with store.database.connect() as connection:
        rows = connection.execute(sa.select(
            table.c.id, table.c.host, table.c.pid, table.c.born, table.c.beat)).all()
    now = store.clock()
    gone = [worker for worker, where, pid, start, beat in rows
            if (not is_alive(pid, start) if where == host else beat < now - DEAD_SECONDS)]
    for worker in gone:
        with store.turn() as books:
            jobs = tables.jobs
            left = books.connection.execute(sa.select(jobs.c.id).where(
                jobs.c.worker == worker, jobs.c.state == states.RUNNING)).scalars().all()
            for job in left:
                books.connection.execute(
                    sa.delete(tables.leases).where(tables.leases.c.job == job))
                books.connection.execute(
                    sa.update(jobs).where(jobs.c.id == job).values(lost=jobs.c.lost + 1))
                books.give_ticket(job, f"its worker {worker} is gone")
        hand_out_again(store, worker)
        # Last: if we die before, the next one does it again.
        with store.turn() as books:
            books.connection.execute(sa.delete(table).where(table.c.id == worker))
    return gone


def hand_out_again(store: JobStore, worker: str) -> None:
    """Let others have the tickets that a worker was handed and has not begun."""
    for queue, tickets in store.engine.recover(worker).items():
        ring(store.folder, queue, tickets)


def main() -> None:
    """Be the worker that `sys.argv` describes, in a fork of the pool's server."""
    asked: dict[str, Any] = json.loads(sys.argv[1])
    die_with_parent(signal.SIGTERM)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    channel = socket.socket(fileno=CHANNEL)
    with JobStore(asked["store"], folder=asked["folder"]) as store:
        Worker(store, asked["queues"], asked["gpus"], channel).serve()
