"""Turns of users: at equal priority, each has as many jobs started as the others.

Start-time fair queueing (Goyal, Vin and Cheng, 1996) with jobs of equal weight: a job's tag is one
more than that of its user's last job, and at least that of the job that was started last.  The one
with the lowest tag comes next; of one user they keep their order.
"""

from __future__ import annotations

import sqlalchemy as sa

from dnne_ros.jobs import tables

_TAGS = 200_000_000


def next_tag(connection: sa.Connection, queue: str, level: int, user: str) -> int:
    """Return the tag of a new job."""
    jobs, turns = tables.jobs, tables.turns
    served = sa.select(turns.c.served).where(turns.c.queue == queue, turns.c.level == level)
    last = sa.select(sa.func.max(jobs.c.tag)).where(
        jobs.c.queue == queue, jobs.c.level == level, jobs.c.user == user)
    found = connection.execute(sa.select(served.scalar_subquery(), last.scalar_subquery())).one()
    return max(found[0] or 0, found[1] or 0) + 1


def note_start(connection: sa.Connection, queue: str, level: int, tag: int) -> None:
    """Note that a job of this tag was started."""
    turns = tables.turns
    changed = connection.execute(
        sa.update(turns).where(turns.c.queue == queue, turns.c.level == level)
        .values(served=sa.case((turns.c.served < tag, tag), else_=turns.c.served)))
    if not changed.rowcount:
        connection.execute(sa.insert(turns).values(queue=queue, level=level, served=tag))


def engine_priority(level: int, tag: int) -> int:
    """Return the engine's priority: first by level, then by turn."""
    return 1 + level * _TAGS + min(tag, _TAGS - 1)
