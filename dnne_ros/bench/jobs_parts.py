"""What `bench jobs` measures of our own store; each case is one process with a new store."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from dnne_ros.bench.jobs_peers import process_start
from dnne_ros.bench.postgres import own_server
from dnne_ros.errors import DnneError
from dnne_ros.jobs.description.spec import JobSpec, Task
from dnne_ros.jobs.pipelines.pipeline import Pipeline
from dnne_ros.jobs.pipelines.pipeline_file import Plan, Stage
from dnne_ros.jobs.store.records import Job
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.pool import WorkerPool

_STAGES = 10
_LISTED = 20
_RUN = 10
_PATIENCE = 600.0
_NOTHING = JobSpec(Task(function="nothing"))


def one_by_one(folder: Path, jobs: str, url: str = "") -> dict[str, float]:
    """Submit a job when the one before is over; then a pipeline of ten stages."""
    with JobStore(url or folder / "store", folder=folder / "store") as store:
        pool = _idle_pool(store)
        accepted, ended = [], []
        for _ in range(int(jobs)):
            time.sleep(0.1)  # until the worker looks for work again
            started = time.perf_counter()
            number = store.submit(_NOTHING)
            accepted.append(time.perf_counter() - started)
            ended.append(_ended(store, number))
        pipeline = _pipeline(store)
        pool.stop()
    process = median(process_start() for _ in range(10))
    whole = median((job.ended or 0.0) - job.submitted for job in ended)
    return {
        "accepted_ms": 1e3 * median(accepted), "dispatched_ms": 1e3 * median(map(_waited, ended)),
        "process_ms": 1e3 * process, "overhead_ms": 1e3 * (whole - process),
        "next_stage_ms": pipeline}


def on_a_server(folder: Path, jobs: str) -> dict[str, float]:
    """Do the same with a store on a PostgreSQL server."""
    with own_server() as url:
        return one_by_one(folder, jobs, url)


def long_queue(folder: Path, jobs: str) -> dict[str, float]:
    """List the latest ten of so many queued jobs, and run ten: how long is it between two?"""
    with JobStore(folder / "store") as store:
        _queue(store, int(jobs))
        listed = [_seconds(lambda: store.jobs(most=10)) for _ in range(_LISTED)]
        pool = WorkerPool(store)
        pool.start(1)
        _until(lambda: len(store.jobs(("succeeded",), most=_RUN)) == _RUN, "jobs")
        pool.stop(graceful=False)
        ended = store.jobs(("succeeded",))
        between = [_begun(store, after) - (before.ended or 0.0)
                   for before, after in pairwise(ended)]
    return {"list_ms": 1e3 * median(listed), "dispatched_ms": 1e3 * median(between)}


def many_workers(folder: Path, workers: str) -> dict[str, float]:
    """Start so many workers, and let them do four jobs each."""
    wanted = int(workers)
    with JobStore(folder / "store") as store:
        started = time.perf_counter()
        pool = WorkerPool(store)
        pool.start(wanted)
        _until(lambda: _workers(store) >= wanted, "workers")
        up = time.perf_counter() - started
        for _ in range(4 * wanted):
            store.submit(_NOTHING)
        started = time.perf_counter()
        if not pool.wait_until_complete(_PATIENCE):
            raise DnneError("the jobs have not ended")
        seconds = time.perf_counter() - started
        pool.stop()
    return {"up_s": up, "jobs_per_s": 4 * wanted / seconds}


def _workers(store: JobStore) -> int:
    import sqlalchemy as sa

    from dnne_ros.jobs.store import tables

    with store.database.connect() as connection:
        return connection.execute(
            sa.select(sa.func.count()).select_from(tables.workers)).scalar_one()


def _queue(store: JobStore, jobs: int) -> None:
    """Put many jobs on the queue in few transactions: how long that takes is not the point."""
    from dnne_ros.jobs.store.submitting import add_job

    store.engine.add_queue(_NOTHING.queue)
    for first in range(0, jobs, 500):
        with store.turn() as books:
            for _ in range(first, min(first + 500, jobs)):
                add_job(books, _NOTHING)


def _pipeline(store: JobStore) -> float:
    """Return the time from the end of a stage to the start of the next one's process, in ms."""
    stages = {f"s{index}": Stage(JobSpec(_NOTHING.task), passed=f"s{index + 1}")
              for index in range(_STAGES)}
    number = Pipeline(Plan("ten", {**stages, f"s{_STAGES}": Stage(_NOTHING)})).submit(store)
    _until(lambda: len(store.jobs(("succeeded",), pipeline=number)) == _STAGES + 1, "stages")
    return 1e3 * median(_begun(store, after) - (before.ended or 0.0)
                        for before, after in pairwise(store.jobs(pipeline=number)))


def _begun(store: JobStore, job: Job) -> float:
    """Return when a job's process was about to be started, in seconds since 1970.

    Its log has a line of that moment, and then none, as the function prints nothing.
    """
    return store.files(job.id).log.stat().st_mtime


def _idle_pool(store: JobStore) -> WorkerPool:
    """Start a worker that has run a job and waits for the next."""
    pool = WorkerPool(store)
    pool.start(1)
    _ended(store, store.submit(_NOTHING))
    return pool


def _ended(store: JobStore, number: int) -> Job:
    _until(lambda: not store.job(number).is_open, f"job {number}")
    return store.job(number)


def _waited(job: Job) -> float:
    return (job.started or 0.0) - job.submitted


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise DnneError(f"{what}: not within {_PATIENCE:g} s")
        time.sleep(0.005)
