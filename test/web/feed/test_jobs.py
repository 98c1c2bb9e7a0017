"""Jobs on the page: of a store that there is, and none is made for being looked at."""

import asyncio
from importlib.util import find_spec

import pytest

if find_spec("dbos") is None:
    pytest.skip("needs the extra jobs", allow_module_level=True)

from job_fixtures import empty_store, kit, new_store
from job_stores import job

from dnne_ros.jobs.store.store import JobStore
from dnne_ros.web.feed.jobs import Jobs, jobs_that_there_are

__all__ = ["empty_store", "kit", "new_store"]


def test_no_store_is_made_for_being_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert jobs_that_there_are() is None and not list(tmp_path.iterdir())


def test_jobs_are_seen(new_store):
    jobs = jobs_that_there_are(str(new_store))
    assert isinstance(jobs, Jobs)
    with JobStore(new_store) as store:
        number = store.submit(job("hang"))

    async def look():
        life = jobs.life(None)
        await anext(life)
        while not jobs.records:
            await asyncio.sleep(0.01)
        async for _ in life:
            pass
        return jobs.records

    record, = asyncio.run(look())
    assert (record["id"], record["state"]) == (number, "queued")
