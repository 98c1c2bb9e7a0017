"""Files of a recording, read: all that there are, and what is said of those that there are not."""

import os
from contextlib import closing

import pytest

pytest.importorskip("mcap")
from mcap.records import Attachment, Channel, Metadata

from dnne_ros.errors import InputError
from dnne_ros.recording.about import CHECKPOINT, FORMAT, RUN, WORKFLOW
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


@pytest.mark.parametrize("spoilt", [None, WORKFLOW, CHECKPOINT + "node_3/model"])
def test_an_attachment_that_is_damaged_is_said_and_not_used(tmp_path, spoilt):
    path = tmp_path / "run.mcap"
    attached = {WORKFLOW: b"{}", CHECKPOINT + "node_3/model": b"weights"}
    file = SharedFile(path, "run", lambda: b"".join((
        encoded(Metadata(RUN, {"format": FORMAT})),
        *(encoded(Attachment(1, 1, name, "text/plain", data)) for name, data in attached.items()),
    )), encoded(Channel(1, "/a_1/out", "cdr", ABOUT, 0)), 500)
    chunk = Chunk()
    chunk.add(1, 1, 1001, b"item")
    file.append(chunk.records())
    file.close()
    data = path.read_bytes()
    if spoilt is not None:
        at = data.index(attached[spoilt])
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1:])
    with closing(Recording(path)) as recording:
        assert recording.whole and numbers(recording) == [1]
        assert recording.damage == ([] if spoilt is None else [
            f"{path}: attachment {spoilt!r} is damaged: it is not used"])
        assert recording.workflow == (None if spoilt == WORKFLOW else b"{}")
        if spoilt in (None, WORKFLOW):
            assert recording.checkpoint() == {"node_3/model": b"weights"}
        else:
            with pytest.raises(InputError, match=r"run\.mcap: expected the whole checkpoint"):
                recording.checkpoint()
