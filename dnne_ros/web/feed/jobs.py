"""The latest jobs of a store, where there is one."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from aiohttp import web

from dnne_ros.errors import DnneError

if TYPE_CHECKING:
    from dnne_ros.jobs.store.store import JobStore

_LOOK_SECONDS = 2.0
_MOST = 50


class Jobs:
    """Looks into a store now and then, in a thread of its own: a database may take its time."""

    def __init__(self, store: JobStore):
        """Show the jobs of ``store``, which is closed in the end."""
        self._store = store
        self.records: list[dict[str, Any]] = []
        """The latest jobs; another list when one has changed."""

    async def life(self, application: web.Application) -> AsyncIterator[None]:
        """Look as long as an application lives: its cleanup context."""
        looking = asyncio.create_task(self._look())
        yield
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        self._store.close()

    async def _look(self) -> None:
        import sqlalchemy as sa

        while True:
            try:
                found = await asyncio.to_thread(self._store.jobs, most=_MOST)
            except (DnneError, sa.exc.SQLAlchemyError):
                found = None  # out of reach for a while: what was seen last is shown on
            if found is not None:
                self.records = [job.as_dict() for job in found]
            await asyncio.sleep(_LOOK_SECONDS)


def jobs_that_there_are(where: str = "", folder: str = "") -> Jobs | None:
    """Return the jobs of a store; None where none was named and the user has none.

    To show a store is no reason to make one.  `InputError` for one that cannot be opened.
    """
    if not where:
        if importlib.util.find_spec("dbos") is None:
            return None
        from dnne_ros.jobs.store.store import default_folder

        if not (default_folder() / "jobs.sqlite").exists():
            return None
    from dnne_ros.jobs.commands.command import need_engine
    from dnne_ros.jobs.store.store import JobStore

    need_engine()
    return Jobs(JobStore(where, folder=folder))
