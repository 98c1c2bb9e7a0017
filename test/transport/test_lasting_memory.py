"""Memory that outlives its process, and who removes it."""

import os
import secrets

import pytest

from dnne_ros.errors import PeerError
from dnne_ros.transport import lasting_memory
from dnne_ros.transport.lasting_counts import LastingCounts
from dnne_ros.transport.lasting_memory import (
    LastingMemory,
    RunMemory,
    memory_name,
    sweep_lasting_memory,
)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.setattr(lasting_memory, "_SHARED_MEMORY", tmp_path)
    return tmp_path


def die(memory):
    """Leave what a process that is killed leaves."""
    os.close(memory._file)


def test_who_takes_the_place_goes_on_with_the_counts(directory):
    counts = LastingCounts("a1", "node.input.counts")
    assert (counts.received, counts.duplicated, counts.had) == (0, 0, 0)
    counts.note(number=9, received=7, duplicated=2)
    counts.note(number=8, received=8, duplicated=2)  # of a smaller priority
    die(counts._memory)
    again = LastingCounts("a1", "node.input.counts")
    assert (again.received, again.duplicated, again.had) == (8, 2, 9)
    again.close()
    assert list(directory.iterdir()) == []


def test_a_run_of_which_nobody_lives_for_a_moment_is_not_swept(directory):
    run_id = secrets.token_hex(8)
    run = RunMemory(run_id)
    die(LastingMemory(memory_name(run_id), "node", 8))
    die(LastingMemory(memory_name("another"), "node", 8))
    assert sweep_lasting_memory() == 1
    assert len(list(directory.iterdir())) == 2
    run.close()
    assert list(directory.iterdir()) == []


def test_memory_that_is_swept_while_it_is_opened_is_made_again(directory, monkeypatch):
    lock, swept = lasting_memory.fcntl.flock, []

    def sweep_first(file, how):
        if not swept:
            swept.extend(directory.iterdir())
            swept[0].unlink()
        lock(file, how)
    monkeypatch.setattr(lasting_memory.fcntl, "flock", sweep_first)
    memory = LastingMemory("a1", "node", 8)
    assert list(directory.iterdir()) == swept
    memory.close()
    assert list(directory.iterdir()) == []


def test_without_room_the_run_does_not_begin(directory, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")
    monkeypatch.setattr(lasting_memory.os, "posix_fallocate", full)
    with pytest.raises(PeerError, match="no memory that outlives a process"):
        RunMemory("a run")
    assert [path.stat().st_size for path in directory.iterdir()] == [0]
    assert sweep_lasting_memory() == 1
