"""What watchers of machines get of a store."""

import socket
import urllib.request

import pytest
from job_stores import job

from dnne_ros.errors import InputError
from dnne_ros.jobs.store.statistics import statistics
from dnne_ros.jobs.work.exporting import metrics_served, statuses


def test_metrics_are_what_statistics_count(store, hands):
    pytest.importorskip("prometheus_client", reason="prometheus-client is not installed")
    hands.run(store.submit(job()), 1)
    store.submit(job(queue='odd"name'))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"--metrics 127.0.0.1:{port}: Address already"), \
                metrics_served(store, str(port)):
            pass
    with metrics_served(store, "0") as url, \
            urllib.request.urlopen(url) as answer:
        lines = answer.read().decode().splitlines()
    assert 'dnne_ros_jobs{count="failed",queue="default"} 1.0' in lines
    assert 'dnne_ros_jobs{count="pending",queue="odd\\"name"} 1.0' in lines
    assert 'dnne_ros_jobs_workers{state="idle"} 0.0' in lines


def test_diagnostics_warn_of_jobs_that_no_worker_will_take(store, hands):
    claim = hands.start(store.submit(job()))
    found, = statuses(statistics(store))
    assert (found["name"], found["level"]) == ("/dnne_ros/jobs: queue default", 0)
    assert found["message"] == "1 running, 0 pending" and found["values"]["running"] == 1
    hands.end(claim)
    store.submit(job())
    found, = statuses(statistics(store))
    assert (found["level"], found["message"]) == (1, "no workers")
