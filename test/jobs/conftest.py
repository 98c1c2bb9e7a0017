"""Stores for tests, and a package that registers functions as jobs."""

import os
from importlib.util import find_spec

import pytest
from job_fixtures import clock, empty_store, hands, kit, new_store, store

__all__ = ["clock", "empty_store", "hands", "kit", "new_store", "store"]

if find_spec("dbos") is None:  # the extra jobs
    collect_ignore_glob = ["test_*.py"]
else:
    from dnne_ros.jobs.store.tables import sqlite_fault

    if sqlite_fault():
        collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def jobs_command(start_command, tmp_path, repository, kit):
    """Start `dnne-ros jobs …`; returns a `Command`.  What is left at the end is killed."""
    started = []

    def start(*words, store, folder=tmp_path):
        started.append(start_command(
            "dnne_ros", "jobs", *words, "--store", store, separate=True, folder=folder,
            environment={"PYTHONPATH": os.pathsep.join((str(repository), str(kit)))}))
        return started[-1]

    yield start
    for each in started:
        each.kill()
