"""A file is there whole or not at all, and no link is followed on the way to it."""

import os
import stat

import pytest
from torch import device
from torch.nn import Linear

from dnne_ros.durable_files import Folder, make_folder, open_lock, read_file, write_file
from dnne_ros.errors import InputError, Problems
from dnne_ros.graph.graph import Graph
from dnne_ros.learning.torch_files import read_torch_file
from dnne_ros.parameter_files.reading import read_parameter_file
from dnne_ros.perception.networks import frozen
from dnne_ros.placement.placement_file import PlacementFile
from dnne_ros.supervised.idx import read_idx
from dnne_ros.supervised.table import read_table


def test_a_file_is_written_and_replaced_with_the_rights_that_the_user_wants(tmp_path):
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "f", b"one")
        write_file(tmp_path / "f", b"two")
    finally:
        os.umask(before)
    assert (tmp_path / "f").read_bytes() == b"two"
    assert stat.S_IMODE((tmp_path / "f").stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["f"]


def test_a_name_as_long_as_names_may_be(tmp_path):
    write_file(tmp_path / ("x" * 255), b"whole")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"whole"


@pytest.mark.parametrize("content", [b"precious", None], ids=["link", "link to nothing"])
def test_a_link_is_replaced_and_never_followed(tmp_path, content):
    elsewhere = tmp_path / "elsewhere"
    if content is not None:
        elsewhere.write_bytes(content)
    (tmp_path / "f").symlink_to(elsewhere)
    write_file(tmp_path / "f", b"ours")
    assert not (tmp_path / "f").is_symlink() and (tmp_path / "f").read_bytes() == b"ours"
    assert (elsewhere.read_bytes() if elsewhere.exists() else None) == content


def test_what_is_no_file_is_not_made_one(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "link", "folder"):
        with pytest.raises(OSError, match="is not a regular file") as caught:
            write_file(tmp_path / name, b"x")
        assert caught.value.filename == str(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["folder", "link", "pipe"]


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(OSError) as caught:
        write_file(tmp_path / "absent" / "f", b"")
    assert caught.value.filename == str(tmp_path / "absent")


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        read_file(tmp_path / "pipe")
    with pytest.raises(OSError, match="is not a regular file"):
        open_lock(tmp_path / "pipe")


@pytest.mark.parametrize("read", [
    lambda path: PlacementFile(path, Graph("g", "", "g", {}, (), {}), Problems("g")),
    read_parameter_file, lambda path: read_table(path, ",", False), read_idx, read_torch_file,
    lambda path: frozen(lambda: Linear(1, 1), 0, str(path), device("cpu")),
    lambda path: frozen(lambda: Linear(1, 1), 0, f"{path}.pt", device("cpu"))],
    ids=["placement", "parameters", "table", "digits", "torch", "weights", "weights of torch"])
def test_what_a_user_names_is_not_waited_for_if_it_is_a_pipe(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.pt")
    with pytest.raises((OSError, ValueError, InputError), match="is not a regular file"):
        read(tmp_path / "pipe")


def test_a_lock_is_never_made_elsewhere_and_leaves_a_file_as_it_is(tmp_path):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError, match="is a symbolic link"):
        open_lock(tmp_path / "link")
    os.close(open_lock(tmp_path / "precious"))
    assert (tmp_path / "precious").read_text() == "precious"
    os.close(open_lock(tmp_path / "new"))
    assert (tmp_path / "new").read_bytes() == b""


def test_a_folder_that_must_not_be_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with Folder(tmp_path / "link"):
        pass
    with pytest.raises(OSError):
        Folder(tmp_path / "link", follow=False)


def test_folders_are_made_with_those_above_them(tmp_path):
    for _ in range(2):
        make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a/b/c").is_dir()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        make_folder(tmp_path / "file" / "c")
