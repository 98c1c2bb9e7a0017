"""Counts and times of jobs, by queue, worker and stage."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from dnne_ros.jobs.description import states
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.store import JobStore

_MINUTE = 60.0


def statistics(store: JobStore) -> dict[str, Any]:
    """Return figures of all jobs, and by ``queue``, ``worker`` and ``stage``.

    Each has `summary`'s figures; ``workers`` are those that there are now, with what each has
    served and runs.
    """
    table = tables.jobs
    with store.database.connect() as connection:
        rows = connection.execute(sa.select(
            table.c.state, table.c.queue, table.c.worker, table.c.stage, table.c.attempt,
            table.c.seconds, table.c.ended)).mappings().all()
        workers = connection.execute(sa.select(
            tables.workers.c.id, tables.workers.c.served, tables.workers.c.beat)).all()
        running = {row.worker: row.id for row in connection.execute(
            sa.select(table.c.worker, table.c.id).where(table.c.state == states.RUNNING))}
    now = store.clock()
    return {
        **summary(rows, now),
        **{by: {value: summary((row for row in rows if row[by] == value), now)
                for value in sorted({row[by] for row in rows if row[by] is not None})}
           for by in ("queue", "worker", "stage")},
        "workers": [{"id": name, "served": served, "runs": running.get(name),
                     "silent_s": round(max(0.0, now - beat), 1)}
                    for name, served, beat in workers]}


def summary(rows: Iterable[Any], now: float) -> dict[str, Any]:
    """Return figures of some rows.

    ``pending``, ``running``, ``processed`` (ended by themselves), ``failed`` (dead ones too),
    ``cancelled``, ``retries``, ``success_rate`` of those processed or None, ``mean_s`` and
    ``total_s`` of running, and ``per_minute``: those that ended within the last minute.
    """
    found = list(rows)
    count = {state: sum(row["state"] == state for row in found) for state in states.STATES}
    failed = count[states.FAILED] + count[states.DEAD]
    processed = count[states.SUCCEEDED] + failed
    total = sum(row["seconds"] for row in found)
    ended = [row for row in found if row["ended"] is not None]
    return {
        "pending": count[states.QUEUED] + count[states.WAITING],
        "running": count[states.RUNNING], "processed": processed, "failed": failed,
        "cancelled": count[states.CANCELLED],
        "retries": sum(row["attempt"] - 1 for row in found),
        "success_rate": count[states.SUCCEEDED] / processed if processed else None,
        "mean_s": sum(row["seconds"] for row in ended) / len(ended) if ended else None,
        "total_s": total,
        "per_minute": sum(row["ended"] > now - _MINUTE for row in ended)}
