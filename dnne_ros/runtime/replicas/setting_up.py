"""Setting a replica up, which may be killed meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dnne_ros.errors import DnneError
from dnne_ros.runtime.replicas.replica import Replica, ReplicaGoneError

MOST_DEATHS = 3
"""So many replicas die over an item, or one after the other while they are set up; then it is the
item that is wrong, or the setup."""


async def set_up(make: Callable[[], Awaitable[Replica]],
                 died: Callable[[ReplicaGoneError], None]) -> Replica:
    """Return what ``make()`` does; one that is killed while it is set up says nothing of the next.

    ``died`` is told of each.  Raises what its setup raises, and `DnneError` for three deaths.
    """
    for _ in range(MOST_DEATHS):
        try:
            return await make()
        except ReplicaGoneError as gone:
            died(last := gone)
    raise DnneError(f"{MOST_DEATHS} replicas have died while they were set up; the last one "
                    f"{last}")
