"""A file to which several processes write: whole whatever becomes of them, and read by others."""

import errno
import io
import os

import pytest

pytest.importorskip("mcap")
from mcap.reader import make_reader
from mcap.records import Channel, Metadata

from dnne_ros.recording.chunk import Chunk
from dnne_ros.recording.encoding import encoded
from dnne_ros.recording.scan import scan
from dnne_ros.recording.shared_file import (
    SharedFile,
    finish_left_over,
    later_parts,
    ledger_of,
)


def channel(id):
    return encoded(Channel(id, f"/topic_{id}", "", {}, 0))


def chunk(channel, *numbers, data=b"x" * 10):
    made = Chunk()
    for number in numbers:
        made.add(channel, number, 1000 + number, data)
    return made.records()


def opened(path, id, run="run", split=None):
    """The file as a process sees it that writes to the channel ``id``."""
    about = encoded(Metadata("about", {"run": run}))
    return SharedFile(path, run, lambda: about, channel(id), split)


def messages(path):
    """What the library reads: (channel, number) in the order of the file."""
    reader = make_reader(io.BytesIO(path.read_bytes()), validate_crcs=True)
    return [(found.topic, message.sequence)
            for _, found, message in reader.iter_messages(log_time_order=False)]


def test_processes_write_in_turn(tmp_path):
    path = tmp_path / "a.mcap"
    one, other = opened(path, 1), opened(path, 2)
    one.append(chunk(1, 1, 2))
    other.append(chunk(2, 1))
    one.append(chunk(1, 3))
    one.close()
    assert ledger_of(path).exists()
    other.close()
    assert not ledger_of(path).exists()
    assert messages(path) == [("/topic_1", 1), ("/topic_1", 2), ("/topic_2", 1), ("/topic_1", 3)]
    reader = make_reader(io.BytesIO(path.read_bytes()))
    summary = reader.get_summary()
    assert summary.statistics.message_count == 4
    assert summary.statistics.channel_message_counts == {1: 3, 2: 1}
    assert [each.name for each in reader.iter_metadata()] == ["about"]


def test_what_a_killed_process_has_begun_is_cut_off(tmp_path):
    path = tmp_path / "a.mcap"
    one, killed = opened(path, 1), opened(path, 2)
    killed.append(chunk(2, 1))
    with path.open("ab") as file:
        file.write(b"".join(chunk(2, 2))[:-5])  # it dies before the last bytes are there
    killed._close_all()
    one.append(chunk(1, 1))
    one.close()
    finish_left_over(path)
    assert messages(path) == [("/topic_2", 1), ("/topic_1", 1)]
    assert not ledger_of(path).exists()
    finish_left_over(path)  # there is nothing left to do
    assert messages(path) == [("/topic_2", 1), ("/topic_1", 1)]


def test_a_full_file_is_finished_and_another_goes_on(tmp_path):
    path = tmp_path / "a.mcap"
    one, other = opened(path, 1, split=1000), opened(path, 2, split=1000)
    for number in range(1, 40):
        for file, id in ((one, 1), (other, 2)):
            file.append(chunk(id, number, data=os.urandom(100)))
    one.close()
    other.close()
    parts = [path, *later_parts(path)]
    assert len(parts) > 3
    found = [each for part in parts for each in messages(part)]
    assert found == [(f"/topic_{id}", number) for number in range(1, 40) for id in (1, 2)]
    opened(path, 1).close()  # another run takes its place, with its parts
    assert later_parts(path) == []
    assert messages(path) == []


def test_a_file_that_is_no_part_is_left_alone(tmp_path):
    (tmp_path / "a_1.mcap").write_bytes(b"somebody's")
    one = opened(tmp_path / "a.mcap", 1, split=300)
    one.append(chunk(1, 1, data=os.urandom(300)))
    with pytest.raises(OSError, match="is no part of a recording"):
        one.append(chunk(1, 2))
    one.close()
    assert (tmp_path / "a_1.mcap").read_bytes() == b"somebody's"


def test_another_run_is_refused(tmp_path):
    path = tmp_path / "a.mcap"
    one = opened(path, 1, "one")
    one.append(chunk(1, 1))
    with pytest.raises(OSError, match="another run records into it"):
        opened(path, 1, "other")
    finish_left_over(path)  # as the refused one does
    one.append(chunk(1, 2))
    one.close()
    assert messages(path) == [("/topic_1", 1), ("/topic_1", 2)]


def test_another_run_is_refused_also_where_the_first_file_is_full(tmp_path):
    path = tmp_path / "a.mcap"
    one = opened(path, 1, "one", split=300)
    one.append(chunk(1, 1, data=os.urandom(300)))
    one.append(chunk(1, 2))
    with pytest.raises(OSError, match="another run records into it"):
        opened(path, 1, "other")
    one.close()
    assert messages(path) == [("/topic_1", 1)]
    assert messages(tmp_path / "a_1.mcap") == [("/topic_1", 2)]


def test_who_wrote_to_an_earlier_file_finishes_the_last(tmp_path):
    path = tmp_path / "a.mcap"
    early, other = opened(path, 1, split=300), opened(path, 2, split=300)
    early.append(chunk(1, 1, data=os.urandom(300)))
    other.append(chunk(2, 1))
    other.close()
    early.close()
    assert messages(path) == [("/topic_1", 1)]
    assert messages(tmp_path / "a_1.mcap") == [("/topic_2", 1)]


@pytest.mark.parametrize("damage", [b"", b"\0" * 85, bytes(range(84)), None],
                         ids=["empty", "zeros", "others", "one bit"])
def test_a_damaged_ledger_takes_nothing_of_a_recording(tmp_path, damage):
    path = tmp_path / "a.mcap"
    one = opened(path, 1)
    one.append(chunk(1, 1))
    if damage is None:
        entry = bytearray(ledger_of(path).read_bytes())
        entry[64] ^= 1  # up to where it is whole
        damage = bytes(entry)
    ledger_of(path).write_bytes(damage)
    before = path.read_bytes()
    with pytest.raises(OSError, match="is damaged, or of another run") as caught:
        one.append(chunk(1, 2))
    assert caught.value.filename == str(ledger_of(path))
    with pytest.raises(OSError, match="is damaged"):
        one.close()
    finish_left_over(path)
    assert path.read_bytes() == before
    again = opened(path, 1)  # another run begins anew
    again.close()
    assert messages(path) == [] and not ledger_of(path).exists()


def test_processes_without_the_name_of_a_run_write_to_one_file(tmp_path):
    """Of a package, say, that somebody starts by hand; the next time it is another run."""
    path = tmp_path / "a.mcap"
    for _ in range(2):
        one, other = opened(path, 1, ""), opened(path, 2, "")
        one.append(chunk(1, 1))
        other.append(chunk(2, 1))
        one._close_all()  # as a kill does
        other._close_all()
    finish_left_over(path)
    assert messages(path) == [("/topic_1", 1), ("/topic_2", 1)]


def test_a_process_that_comes_again_goes_on_with_the_file_of_its_run(tmp_path):
    path = tmp_path / "a.mcap"
    one = opened(path, 1)
    one.append(chunk(1, 1))
    one._close_all()
    again = opened(path, 1)
    again.append(chunk(1, 2))
    again._close_all()
    finish_left_over(path)
    assert messages(path) == [("/topic_1", 1), ("/topic_1", 2)]


def test_what_somebody_else_has_written_is_told(tmp_path):
    path = tmp_path / "a.mcap"
    one = opened(path, 1)
    one.append(chunk(1, 1))
    path.write_bytes(b"something else" * 99)
    with pytest.raises(OSError, match="it is no MCAP file"):
        one.close()


def test_a_full_disk_leaves_what_was_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.mcap"
    one = opened(path, 1)
    one.append(chunk(1, 1))
    write, calls = os.pwritev, []

    def fill(file, pieces, at):
        calls.append(at)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(file, [pieces[0][:5]], at)

    monkeypatch.setattr(os, "pwritev", fill)
    with pytest.raises(OSError, match="No space left") as caught:
        one.append(chunk(1, 2))
    assert caught.value.filename == str(path)
    monkeypatch.undo()
    one.close()
    assert messages(path) == [("/topic_1", 1)]


def test_what_is_cut_off_anywhere_is_read_as_far_as_it_is_whole(tmp_path):
    path = tmp_path / "a.mcap"
    one = opened(path, 1)
    ends = []
    for number in (1, 2, 3):
        one.append(chunk(1, number))
        ends.append(path.stat().st_size)
    one.close()
    data = path.read_bytes()
    for length in range(8, len(data), 7):
        (tmp_path / "cut").write_bytes(data[:length])
        with (tmp_path / "cut").open("rb") as file:
            found = scan("cut", file.fileno())
        assert sum(length >= end for end in ends) <= len(found.chunks) <= 3
        assert bool(found.damage) == (not found.finished)
        assert bool(found.remark) == found.finished
    with path.open("rb") as file:
        whole = scan("a", file.fileno())
    assert not (whole.damage or whole.remark)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04 no such file", b"\x89MCAP0\r"])
def test_no_mcap_file_is_told(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    with (tmp_path / "a").open("rb") as file, pytest.raises(ValueError, match="no MCAP file"):
        scan("a", file.fileno())
