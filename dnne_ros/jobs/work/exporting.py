"""A store's counters for those who watch machines: Prometheus metrics, and ROS diagnostics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from dnne_ros.jobs.store.statistics import statistics
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.processes import python_path
from dnne_ros.metrics.samples import Samples
from dnne_ros.metrics.serving import Address, prometheus_metrics, served

_DIAGNOSTICS = "/diagnostics"
_PERIOD_SECONDS = 1.0
_COUNTS = ("pending", "running", "processed", "failed", "cancelled", "retries")


def metrics_served(store: JobStore, where: str) -> AbstractContextManager[str]:
    """Serve Prometheus metrics of a store at ``[HOST:]PORT``; gives the URL.

    `InputError` if the port is taken or is none, or the extra is missing.
    """
    return served(lambda: prometheus_metrics(job_samples(statistics(store))),
                  Address.parse(where))


def job_samples(found: Mapping[str, Any]) -> Samples:
    """Return the figures of `statistics`, by queue, as metrics."""
    samples = Samples()
    for queue, figures in found["queue"].items():
        for count in _COUNTS:
            samples.put("jobs", (queue, count), figures[count])
        samples.put("jobs_running_seconds", (queue,), figures["total_s"])
    busy = sum(worker["runs"] is not None for worker in found["workers"])
    samples.put("jobs_workers", ("busy",), busy)
    samples.put("jobs_workers", ("idle",), len(found["workers"]) - busy)
    return samples


@contextmanager
def diagnosed(store: JobStore) -> Iterator[None]:
    """Say on ``/diagnostics`` once a second how each queue does, by a process that knows ROS."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dnne_ros.runtime.line_publisher", _DIAGNOSTICS],
        stdin=subprocess.PIPE, start_new_session=True,  # it ends with its input, not by Ctrl-C
        env={**os.environ, "PYTHONPATH": python_path()})
    ending = threading.Event()
    thread = threading.Thread(target=_feed, args=(store, process, ending), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
        process.wait()


def _feed(store: JobStore, process: subprocess.Popen[bytes], ending: threading.Event) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as lines:
        while not ending.is_set():
            with suppress(sa.exc.SQLAlchemyError):  # out of reach for a moment
                lines.write(json.dumps(statuses(statistics(store))).encode() + b"\n")
                lines.flush()
            ending.wait(_PERIOD_SECONDS)


def statuses(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a status for each queue of some statistics: a WARN while jobs wait for no worker."""
    idle = not found["workers"]
    return [{"name": f"/dnne_ros/jobs: queue {queue}",
             "level": 1 if idle and figures["pending"] else 0,
             "message": "no workers" if idle and figures["pending"] else
             f"{figures['running']} running, {figures['pending']} pending",
             "values": {count: figures[count] for count in _COUNTS}}
            for queue, figures in found["queue"].items()]
