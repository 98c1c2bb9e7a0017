"""The durable engine, DBOS Transact; no other file knows it.

What it is asked for is small: keep *tickets* (texts) on named queues, hand each to one worker at a
time in the order of priorities, hand it out again when that worker is gone, and hold some back for
a while.  A ticket is added in the transaction of whoever adds it, so that a job and its ticket are
both there or neither.  What a job is, and what becomes of it, is not the engine's business.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

import sqlalchemy as sa
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    error as errors_of_engine,
)

from dnne_ros.jobs.store.bells import Bell

_APPLICATION = "dnne_ros"
_VERSION = "jobs-1"
"""Of what a ticket means, not of the package: an upgraded program takes up old tickets."""
_WORKFLOW = "dnne_ros.job"
WOKEN_SECONDS, UNWOKEN_SECONDS = 0.5, 0.03
"""How often all idle workers of a queue, taken together, look for a ticket: where a bell wakes
them besides, and where tickets come from machines that cannot ring it."""
_MOST_POLL_SECONDS = 5.0
_QUEUE_THREAD = "queue-worker-"
"""How the engine calls the thread of a queue."""
_REST_SECONDS = 10.0
"""How often its other threads look: for queues that are new, or its own, which we have none of."""
_UNLIMITED = 1_000_000
"""How often a ticket may be handed out again: what kills its workers is ours to find out."""

_run: Callable[[str], None] | None = None

logging.getLogger("dbos").setLevel(logging.ERROR)  # what is lost and found again is no warning
logging.getLogger("dbos").addFilter(lambda record: not (
    # A ticket that is worth nothing may be withdrawn while a worker finds that out.
    record.exc_info
    and isinstance(record.exc_info[1], errors_of_engine.DBOSAwaitedWorkflowCancelledError)))


@DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=_UNLIMITED)
def _serve_ticket(ticket: str) -> None:
    if _run is not None:
        _run(ticket)


def prepare(url: str) -> None:
    """Make the engine's tables in the database, or bring them up to date."""
    DBOS.migrate(url)


class Engine:
    """What everybody may do: add tickets, take them back, stop queues."""

    def __init__(self, database: sa.Engine, poll_seconds: float):
        """Use the tables of a prepared ``database``; its idle workers look so often."""
        self._database = database
        self._poll_seconds = poll_seconds
        self._client = DBOSClient(system_database_engine=database, application_name=_APPLICATION,
                                  serializer=DBOSPortableJSONSerializer())
        self._queues: set[str] = set()

    def add_queue(self, name: str) -> None:
        """Make a queue, if there is none of that name; not within a transaction of ours."""
        if name not in self._queues:
            self._client.register_queue(name, worker_concurrency=1,
                                        polling_interval_sec=self._poll_seconds,
                                        on_conflict="never_update")
            self._queues.add(name)

    def add(self, connection: sa.Connection, ticket: str, queue: str, priority: int,
            delay: float | None = None) -> None:
        """Put a new ticket on a queue, for after ``delay`` seconds, with what is being committed.

        The lowest ``priority``, from 1 to 2³¹−1, comes first; within one, the oldest.
        """
        options: dict[str, Any] = {
            "workflow_name": _WORKFLOW, "queue_name": queue, "workflow_id": ticket,
            "app_version": _VERSION, "priority": priority}
        if delay:
            options["delay_seconds"] = delay
        self._client.enqueue_in_transaction(connection, cast("EnqueueOptions", options), ticket)

    def withdraw(self, tickets: Sequence[str]) -> None:
        """Hand out some tickets no more."""
        if tickets:
            self._client.cancel_workflows(list(tickets))

    def forget(self, tickets: Sequence[str]) -> None:
        """Delete what is kept of some tickets."""
        if tickets:
            self._client.delete_workflows(list(tickets))

    def set_paused(self, queue: str, paused: bool) -> None:
        """Stop handing out a queue's tickets, or go on."""
        self.add_queue(queue)
        found = self._client.retrieve_queue(queue)
        if found is not None:
            found.set_worker_concurrency(0 if paused else 1)

    def share_polling(self, queue: str, idle_workers: int) -> None:
        """Let the idle workers of a queue look for tickets in turn, not all as often as one."""
        found = self._client.retrieve_queue(queue)
        wanted = min(_MOST_POLL_SECONDS, self._poll_seconds * max(1, idle_workers))
        if found is not None and abs(found.polling_interval_sec - wanted) > 0.01:
            found.set_polling_interval_sec(wanted)

    def recover(self, worker: str) -> dict[str, int]:
        """Hand out again what a dead worker had; returns how many tickets that is, by queue."""
        held = self._client.list_workflows(status="PENDING", executor_id=worker,
                                           application_name=_APPLICATION, load_input=False)
        by_queue: dict[str, list[str]] = {}
        for each in held:
            by_queue.setdefault(each.queue_name or "", []).append(each.workflow_id)
        for queue, tickets in by_queue.items():
            self._client.resume_workflows(tickets, queue_name=queue)
        return {queue: len(tickets) for queue, tickets in by_queue.items()}

    def close(self) -> None:
        """Let go of the database."""
        self._client.destroy()


class _Ends(list[threading.Event]):
    """The events that end the engine's threads; a thread pauses by waiting for its own.

    Their pauses are made ours, as the engine has no way to let a bell end that between two looks
    at a queue.  Should another version do that in another way, then queues are looked at as often
    as they say, and that is all.
    """

    def __init__(self, pause: Callable[[threading.Event, float | None], bool]):
        super().__init__()
        self._own_pause = pause

    def append(self, event: threading.Event) -> None:
        """Take an event whose thread is about to be started."""
        setattr(event, "wait", partial(self._own_pause, event))  # noqa: B010 - mypy minds the other
        super().append(event)


class EngineWorker:
    """A process that is handed tickets: one at a time from each of its queues."""

    def __init__(self, url: str, database: sa.Engine, worker: str, bells: Mapping[str, Bell],
                 run: Callable[[str], None]):
        """Call ``run`` with each ticket, in threads of the engine; ``worker`` is our lasting name.

        ``bells`` has that of each queue to serve.  ``run`` raises nothing: a ticket is done with
        when it returns.
        """
        self._bells = bells
        global _run
        _run = run
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            engine = DBOS(config=DBOSConfig(
                name=_APPLICATION, system_database_url=url, system_database_engine=database,
                application_version=_VERSION, executor_id=worker, run_migrations=False,
                serializer=DBOSPortableJSONSerializer(), log_level="ERROR"))
        engine.background_thread_stop_events = self._ends = _Ends(self._pause)
        DBOS.listen_queues(list(bells))
        DBOS.launch()

    def _pause(self, event: threading.Event, timeout: float | None = None) -> bool:
        bell = self._bells.get(threading.current_thread().name.removeprefix(_QUEUE_THREAD))
        if bell is not None and timeout is not None:
            bell.wait(timeout)
            return event.is_set()
        return threading.Event.wait(event, max(_REST_SECONDS, timeout or 0.0))

    def stop(self) -> None:
        """Take no more tickets; those that are being served are nobody's any more."""
        for event in self._ends:
            event.set()
        for bell in self._bells.values():
            bell.wake()
        DBOS.destroy()
