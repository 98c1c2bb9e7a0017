"""Files of a recording, read: all that there are, and what is said of those that there are not."""

import os
from contextlib import closing

import pytest

pytest.importorskip("mcap")
from mcap.records import Channel, Metadata

from dnne_ros.errors import InputError
from dnne_ros.recording.about import FORMAT, RUN
from dnne_ros.recording.chunk import Chunk
from dnne_ros.recording.encoding import encoded
from dnne_ros.recording.recording import Recording, is_recording
from dnne_ros.recording.shared_file import SharedFile, later_parts

LAST = 20
ABOUT = {"of": "output", "node": "a_1", "port": "out", "type": "INT"}


@pytest.fixture
def parts(tmp_path):
    """The files of a recording that went on behind several full ones."""
    path = tmp_path / "run.mcap"
    file = SharedFile(path, "run", lambda: encoded(Metadata(RUN, {"format": FORMAT})),
                      encoded(Channel(1, "/a_1/out", "cdr", ABOUT, 0)), 500)
    for number in range(1, LAST + 1):
        chunk = Chunk()
        chunk.add(1, number, 1000 + number, os.urandom(100))
        file.append(chunk.records())
    file.close()
    found = [path, *later_parts(path)]
    assert len(found) > 3
    return found


def numbers(recording):
    return [message.number for message in recording.items("a_1", "out")]


def test_all_files_are_read(parts):
    with closing(Recording(parts[0])) as recording:
        assert numbers(recording) == list(range(1, LAST + 1))
        assert recording.whole and not recording.damage


@pytest.mark.parametrize("lost", [1, 2, -1], ids=["second", "third", "last"])
def test_a_file_that_is_missing_is_said(parts, lost):
    parts[lost].unlink()
    before = parts[lost % len(parts) - 1]
    with closing(Recording(parts[0])) as recording:
        assert recording.damage == [f"{before}: it goes on in {parts[lost].name}, which is not "
                                    "beside it; it is read up to there"]
        read = numbers(recording)
    assert read == list(range(1, len(read) + 1)) and 0 < len(read) < LAST


def test_a_later_file_is_not_taken_for_the_first(parts):
    assert is_recording(parts[1])
    with pytest.raises(InputError, match=r"expected the first file of a recording, found one that "
                                         r"goes on behind run\.mcap"):
        Recording(parts[1])
