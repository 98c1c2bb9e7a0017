"""A store's counters for those who watch machines: Prometheus metrics, and ROS diagnostics."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa

from dnne_ros.errors import InputError
from dnne_ros.jobs.store.statistics import statistics
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.processes import python_path

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric
    from prometheus_client.registry import Collector

_DIAGNOSTICS = "/diagnostics"
_PERIOD_SECONDS = 1.0
_COUNTS = ("pending", "running", "processed", "failed", "cancelled", "retries")


@contextmanager
def metrics_served(store: JobStore, where: str) -> Iterator[None]:
    """Serve Prometheus metrics at ``[HOST:]PORT``, this machine's alone unless HOST says more.

    `InputError` if the port is taken or is none, or the extra is missing.
    """
    host, _, port = where.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise InputError("arguments", [f"--metrics: expected [HOST:]PORT, found {where!r:.60}"])
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError:
        raise InputError("arguments", ["--metrics: prometheus-client is not installed: pip "
                                       "install 'dnne_ros[metrics]'"]) from None
    registry = CollectorRegistry()
    registry.register(cast("Collector", _Collector(store)))  # which is a class of the extra
    try:
        server, thread = start_http_server(int(port), host or "127.0.0.1", registry)
    except OSError as error:
        raise InputError("arguments", [f"--metrics {where}: {error.strerror or error}"]) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Collector:
    """What a scrape is given: the figures of `statistics`, by queue."""

    def __init__(self, store: JobStore):
        self._store = store

    def describe(self) -> list[Metric]:
        """Return nothing: to register it needs no look at the store."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        from prometheus_client.core import GaugeMetricFamily

        found = statistics(self._store)
        # All of them may sink: who forgets old jobs forgets their figures.
        counts = GaugeMetricFamily("dnne_ros_jobs", "Jobs of a store, as `jobs stats` counts them",
                                   labels=("queue", "count"))
        seconds = GaugeMetricFamily(
            "dnne_ros_jobs_running_seconds", "How long jobs have run, all tries together",
            labels=("queue",))
        for queue, figures in found["queue"].items():
            for count in _COUNTS:
                counts.add_metric((queue, count), figures[count])
            seconds.add_metric((queue,), figures["total_s"])
        yield counts
        yield seconds
        workers = GaugeMetricFamily("dnne_ros_jobs_workers", "Workers that there are",
                                    labels=("state",))
        busy = sum(worker["runs"] is not None for worker in found["workers"])
        workers.add_metric(("busy",), busy)
        workers.add_metric(("idle",), len(found["workers"]) - busy)
        yield workers


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
