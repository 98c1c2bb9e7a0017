import os
import subprocess
import sys

import numpy as np
import pytest

from dnne_ros.transport import shared_memory
from dnne_ros.transport.shared_memory import (
    DIRECTORY,
    SlotPool,
    SlotReader,
    copy_out,
    parse_place,
    sweep,
)

pytestmark = pytest.mark.skipif(not DIRECTORY.is_dir(), reason="this system has no /dev/shm")
MIB = 2**20


@pytest.fixture
def pool():
    pool = SlotPool()
    yield pool
    pool.close()


def files_of(pid):
    return [path for path in DIRECTORY.iterdir() if path.name.startswith(f"dnne_ros_{pid}_")]


def test_a_message_in_parts_comes_out_whole_and_writable(pool):
    values = np.random.default_rng(1).random(10_000)
    slot, reader = pool.take(4 + values.nbytes), SlotReader()
    slot.write((b"head", values.data.cast("B")))
    name, size = parse_place(slot.place)
    assert (name, size) == (slot.name, 4 + values.nbytes)
    message = copy_out(reader.open(name), size)
    assert bytes(message[:4]) == b"head"
    found = np.frombuffer(message, np.float64, offset=4)
    assert np.array_equal(found, values) and found.flags.writeable and found.flags.aligned


def test_slots_are_used_again(pool):
    first = pool.take(MIB)
    second = pool.take(MIB)
    assert first.name != second.name
    first.release()
    assert pool.take(MIB - 100) is first
    assert pool.take(10 * MIB).size >= 10 * MIB


def test_what_was_written_stays_readable_when_its_owner_removes_it(pool):
    slot = pool.take(100)
    slot.write((b"x" * 100,))
    memory = SlotReader().open(slot.name)
    pool.close()
    assert bytes(copy_out(memory, 100)) == b"x" * 100
    assert not files_of(os.getpid())


def test_without_room_there_is_no_slot(pool, monkeypatch):
    def no_space(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_space)
    assert pool.take(MIB) is None
    assert SlotPool().beacon == ""


def test_without_shared_memory_nothing_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_memory, "DIRECTORY", tmp_path / "absent")
    pool = SlotPool()
    assert pool.beacon == "" and pool.take(10) is None and sweep() == 0
    pool.close()


@pytest.mark.parametrize("name", [
    "", "../etc/passwd", "dnne_ros_1_0_1", "dnne_ros_1_0000000000000000_1/../x", "x" * 300])
def test_only_slots_are_opened(name):
    with pytest.raises(ValueError):
        SlotReader().open(name)
    assert not SlotReader().can_open(name)


@pytest.mark.parametrize("place", [b"", b"1234567", bytes(8) + "ä".encode()])
def test_what_is_no_place(place):
    with pytest.raises(ValueError):
        parse_place(place)


def test_a_slot_that_is_said_to_be_longer_than_it_is(pool):
    slot = pool.take(100)
    with pytest.raises(ValueError, match="holds none"):
        copy_out(SlotReader().open(slot.name), slot.size + 1)


def test_what_a_killed_process_leaves_behind_is_swept_away_and_nothing_else(pool, repository):
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; from dnne_ros.transport.shared_memory import "
         "SlotPool; p = SlotPool(); p.take(1000); print(p.beacon, flush=True); time.sleep(60)"],
        stdout=subprocess.PIPE, cwd=repository, text=True)
    child.stdout.readline()
    assert len(files_of(child.pid)) == 2
    sweep()
    assert len(files_of(child.pid)) == 2  # it is alive
    child.kill()
    child.wait()
    child.stdout.close()
    assert sweep() >= 2
    assert not files_of(child.pid)
    assert (DIRECTORY / pool.beacon).exists()
