import fcntl
import os

import pytest

from dnne_ros.transport.own_files import is_locked, open_own


def test_what_is_no_regular_file_is_refused_and_waits_for_nobody(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    for name in ("pipe", "folder", "link"):
        with pytest.raises(OSError):
            open_own(tmp_path / name)
        assert is_locked(tmp_path / name), name  # not ours to say
    with pytest.raises(FileNotFoundError):
        open_own(tmp_path / "nothing")
    assert not is_locked(tmp_path / "nothing")


def test_only_its_owner_reads_a_file_that_is_made(tmp_path):
    file = open_own(tmp_path / "new", os.O_RDWR | os.O_CREAT)
    try:
        assert os.fstat(file).st_mode & 0o777 == 0o600
        assert not is_locked(tmp_path / "new")
        fcntl.flock(file, fcntl.LOCK_SH)
        assert is_locked(tmp_path / "new")
    finally:
        os.close(file)
    assert not is_locked(tmp_path / "new")
