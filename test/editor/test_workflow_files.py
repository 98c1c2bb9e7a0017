"""Names that a browser says, and the files that they mean: nothing else is read or written."""

import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from dnne_ros.editor.workflow_files import Conflict, NoAccess, WorkflowFiles, tag_of

PARTS = st.lists(st.sampled_from(
    ["a", "b.json", "..", ".", "", ".hidden.json", "link", "out.json", "\0", "c\\d.json", "~",
     "/etc", "ü.json", "a b.json", "%2e%2e", "x" * 300 + ".json"]), max_size=5)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Return a folder with links that lead out of it, into it and nowhere."""
    top = tmp_path_factory.mktemp("place")
    (top / "served/a").mkdir(parents=True)
    (top / "secret.json").write_text("secret")
    (top / "served/b.json").write_text("{}")
    (top / "served/link").symlink_to(top)
    (top / "served/out.json").symlink_to(top / "secret.json")
    (top / "served/a/in.json").symlink_to(top / "served/b.json")
    (top / "served/circle.json").symlink_to(top / "served/circle.json")
    os.mkfifo(top / "served/pipe.json")
    return top


@given(PARTS)
def test_a_name_means_a_file_below_the_folder_or_nothing(place, parts):
    files = WorkflowFiles(place / "served")
    try:
        path = files.path_of("/".join(parts))
    except NoAccess:
        return
    assert path.is_relative_to(place / "served")
    assert path.suffix == ".json"
    assert path == path.resolve()


def test_links_within_the_folder_are_files_of_it(place):
    content, tag = WorkflowFiles(place / "served").read("a/in.json")
    assert (content, tag) == (b"{}", tag_of(b"{}"))


@pytest.mark.parametrize("name", ["out.json", "link/secret.json", "circle.json", "pipe.json"])
def test_other_links_and_what_is_no_file_are_nothing(name, place):
    with pytest.raises(NoAccess):
        WorkflowFiles(place / "served").read(name)
    with pytest.raises(NoAccess):
        WorkflowFiles(place / "served").write(name, b"{}")


def test_only_what_may_be_had_is_listed(place):
    listed = [each.path for each in WorkflowFiles(place / "served").listed()]
    assert listed == ["a/in.json", "b.json"]


def test_a_huge_file_is_not_read(tmp_path):
    with open(tmp_path / "huge.json", "wb") as file:
        file.truncate(2**30)
    with pytest.raises(NoAccess, match="bytes"):
        WorkflowFiles(tmp_path).read("huge.json")


def test_who_has_not_seen_the_file_does_not_replace_it(tmp_path):
    files = WorkflowFiles(tmp_path)
    files.write("a.json", b"1", overwrite=False)
    with pytest.raises(Conflict):
        files.write("a.json", b"2", overwrite=False)
    with pytest.raises(Conflict):
        files.write("a.json", b"2", known=tag_of(b"0"))
    files.write("a.json", b"2", known=tag_of(b"1"))
    with pytest.raises(Conflict):
        files.move("a.json", "a.json")
    assert Path(tmp_path, "a.json").read_bytes() == b"2"
