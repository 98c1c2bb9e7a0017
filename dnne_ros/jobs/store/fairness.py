"""Turns of users: at equal priority, each has as many jobs started as the others.

Start-time fair queueing (Goyal, Vin and Cheng, 1996) with jobs of equal weight: a job's tag is one
more than that of its user's last job, and at least that of the job that was started last.  The one
with the lowest tag comes next; of one user they keep their order.
"""

from __future__ import annotations

import sqlalchemy as sa

from dnne_ros.jobs.store import tables

_TAGS = 200_000_000
# Made once: to build it takes longer than to run it.
_LATEST = sa.select(
    sa.select(tables.turns.c.served).where(
        tables.turns.c.queue == sa.bindparam("queue"),
        tables.turns.c.level == sa.bindparam("level")).scalar_subquery(),
    sa.select(sa.func.max(tables.jobs.c.tag)).where(
        tables.jobs.c.queue == sa.bindparam("queue"),
        tables.jobs.c.level == sa.bindparam("level"),
        tables.jobs.c.user == sa.bindparam("user")).scalar_subquery())
"""The tag that was served last, and that of a user's last job."""
_SERVED = sa.update(tables.turns).where(
    tables.turns.c.queue == sa.bindparam("of"), tables.turns.c.level == sa.bindparam("at")).values(
    served=sa.case((tables.turns.c.served < sa.bindparam("tag"), sa.bindparam("tag")),
                   else_=tables.turns.c.served))


def next_tag(connection: sa.Connection, queue: str, level: int, user: str) -> int:
    """Return the tag of a new job."""
    served, last = connection.execute(
        _LATEST, {"queue": queue, "level": level, "user": user}).one()
    return max(served or 0, last or 0) + 1


def note_start(connection: sa.Connection, queue: str, level: int, tag: int) -> None:
    """Note that a job of this tag was started."""
    changed = connection.execute(_SERVED, {"of": queue, "at": level, "tag": tag})
    if not changed.rowcount:
        connection.execute(sa.insert(tables.turns),
                           {"queue": queue, "level": level, "served": tag})


def engine_priority(level: int, tag: int) -> int:
    """Return the engine's priority: first by level, then by turn."""
    return 1 + level * _TAGS + min(tag, _TAGS - 1)
