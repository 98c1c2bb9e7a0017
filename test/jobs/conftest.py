"""Stores for tests, and a package that registers functions as jobs."""

import os
import shutil
import sys
from importlib.util import find_spec

import pytest
from job_stores import Clock, Hands, write_kit

if find_spec("dbos") is None:  # the extra jobs
    collect_ignore_glob = ["test_*.py"]
else:
    from dnne_ros.jobs.store.tables import sqlite_fault

    if sqlite_fault():
        collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def kit(tmp_path_factory):
    """Return the folder of an installed package that registers functions; it is on the path."""
    folder = tmp_path_factory.mktemp("kit")
    write_kit(folder)
    sys.path.append(str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """Return a store's folder with nothing in it, to be copied: to make the tables takes long."""
    from dnne_ros.jobs.store.store import JobStore

    folder = tmp_path_factory.mktemp("empty")
    JobStore(folder).close()
    return folder


@pytest.fixture
def new_store(empty_store, tmp_path, kit):
    """Return the folder of a store of one's own."""
    return shutil.copytree(empty_store, tmp_path / "store")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(new_store, clock):
    """Give a store whose time stands still."""
    from dnne_ros.jobs.store.store import JobStore

    with JobStore(new_store, clock=clock) as opened:
        yield opened


@pytest.fixture
def hands(store):
    """Return a worker without its process."""
    return Hands(store)


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
