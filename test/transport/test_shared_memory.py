import fcntl
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
         "SlotPool; p = SlotPool(); p.take(1000); print(p.beacon, flush=True); "
         "time.sleep(100_000)"],
        stdout=subprocess.PIPE, cwd=repository, text=True)
    child.stdout.readline()
    assert len(files_of(child.pid)) == 2
    sweep()
    assert len(files_of(child.pid)) == 2  # it is alive
    child.kill()
    child.wait()
    child.stdout.close()
    sweep()  # of two that sweep at a time, either may have been the one to find them
    assert not files_of(child.pid)
    assert (DIRECTORY / pool.beacon).exists()


NAME = "dnne_ros_1_{:016x}_1"


@pytest.fixture
def planted():
    """Return ``plant(make)``, which has ``make(path)`` put something there with a slot's name."""
    paths = []

    def plant(make):
        paths.append(DIRECTORY / NAME.format(len(paths) + os.getpid() * 1000))
        make(paths[-1])
        return paths[-1]

    yield plant
    for path in paths:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)


def link_to_nothing(path):
    path.symlink_to("/nowhere")


def link_to_a_file(path):
    path.symlink_to("/etc/passwd")


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, link_to_nothing, link_to_a_file])
def test_what_is_no_file_of_ours_is_neither_opened_nor_swept(planted, make):
    path = planted(make)
    sweep()
    assert os.path.lexists(path)
    assert not SlotReader().can_open(path.name)
    SlotPool().close()


def test_files_of_another_user_hold_nobody_up(planted, as_another_user):
    """He may put there what he likes: pipes, folders, files that all may read."""
    kinds = ["os.mkfifo(p, 0o666)", "os.mkdir(p, 0o777)",
             "os.close(os.open(p, os.O_CREAT | os.O_RDWR, 0o444))"]
    paths = [planted(lambda path, kind=kind: as_another_user(
        f"import os; os.umask(0); p = {str(path)!r}; {kind}")) for kind in kinds]
    sweep()
    assert all(path.exists() for path in paths)
    assert not any(SlotReader().can_open(path.name) for path in paths)


def test_nobody_finds_a_file_that_is_not_whole(monkeypatch):
    seen = []
    allocate = os.posix_fallocate
    monkeypatch.setattr(os, "posix_fallocate", lambda *arguments: (
        seen.append(set(os.listdir(DIRECTORY))), allocate(*arguments))[1])
    before = set(os.listdir(DIRECTORY))
    pool = SlotPool()
    assert not [name for name in seen[0] - before if "dnne_ros" in name]
    pool.close()


def test_what_a_producer_has_removed_is_let_go(monkeypatch):
    monkeypatch.setattr(shared_memory, "_LOOK_SECONDS", 0.0)
    reader, descriptors = SlotReader(), []
    for _ in range(4):
        pool = SlotPool()
        assert reader.can_open(pool.beacon)
        slot = pool.take(MIB)
        slot.write((b"message",))
        message = reader.open(slot.name)
        pool.close()
        assert copy_out(message, 7) == b"message"  # what is on its way can still be read
        del message
        descriptors.append(len(os.listdir("/proc/self/fd")))
    assert max(descriptors) == descriptors[0]


def test_a_reader_has_no_more_open_than_it_may(monkeypatch, pool):
    monkeypatch.setattr(shared_memory, "_MAPPED_BYTES", 4 * MIB)
    reader, slots = SlotReader(), [pool.take(MIB) for _ in range(8)]
    before = len(os.listdir("/proc/self/fd"))
    for number, slot in enumerate(slots):
        slot.write((bytes((number,)),))
    for _ in range(2):
        for number, slot in enumerate(slots):
            assert copy_out(reader.open(slot.name), 1) == bytes((number,))
            assert len(os.listdir("/proc/self/fd")) <= before + 4


def test_what_earlier_versions_were_killed_over_is_swept_away(pool):
    """They gave a slot its name when it was whole; a pool of theirs that lives is left alone."""
    dead, alive = "unnamed_dnne_ros_1_0000000000000000_", "unnamed_dnne_ros_1_1111111111111111_"
    other = DIRECTORY / "unnamed_dnne_ros_of_somebody"
    paths = [DIRECTORY / f"{name}{number}" for name in (dead, alive) for number in (1, 2)]
    try:
        for path in (*paths, other):
            path.write_bytes(b"")
        with paths[2].open("rb") as beacon:
            fcntl.flock(beacon, fcntl.LOCK_EX)
            sweep()
            assert [path.exists() for path in paths] == [False, False, True, True]
        sweep()
        assert not any(path.exists() for path in paths) and other.exists()
    finally:
        for path in (*paths, other):
            path.unlink(missing_ok=True)
