"""Fixtures of stores of jobs, for the rooms that have to do with them."""

import shutil
import sys

import pytest
from job_stores import Clock, Hands, write_kit


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
