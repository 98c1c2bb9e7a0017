"""Which of the workers that run now could ever give a job what it needs."""

from __future__ import annotations

import json

import sqlalchemy as sa

from dnne_ros.jobs.description.needs import Capacity
from dnne_ros.jobs.description.spec import JobSpec
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.store.submitting import engine_queue


def possible(store: JobStore, spec: JobSpec) -> str:
    """Return why no worker that runs now could ever take up the job; nothing if one could."""
    with store.database.connect() as connection:
        rows = connection.execute(sa.select(tables.workers.c.queues, tables.workers.c.capacity))
        serving = [Capacity.from_json(json.loads(capacity)) for queues, capacity in rows
                   if engine_queue(spec) in json.loads(queues)]
    if not serving:
        return f"no worker serves the queue {spec.queue}" + (
            " with GPUs" if spec.needs.gpu else "")
    lacking = [capacity.lacks(spec.needs) for capacity in serving]
    return f"no worker can give it {lacking[0]}" if all(lacking) else ""
