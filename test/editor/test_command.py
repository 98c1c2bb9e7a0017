"""What `dnne-ros edit` says before it serves anything."""

import pytest

from dnne_ros.editor import front_end
from dnne_ros.editor.command import served
from dnne_ros.errors import InputError


def test_the_folder_is_that_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/a.json").write_text("{}")
    assert served(str(tmp_path / "graphs/a.json"), None) == (tmp_path / "graphs", "a.json")
    assert served(str(tmp_path / "graphs/a.json"), str(tmp_path)) == (tmp_path, "graphs/a.json")
    monkeypatch.chdir(tmp_path)
    assert served(None, None) == (tmp_path, "")


@pytest.mark.parametrize("file, folder, said", [
    (None, "nowhere", "is no folder"), ("nowhere.json", None, "no such file"),
    ("a.json", "other", "not in the served folder")])
def test_what_cannot_be_served_is_named(file, folder, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match=said):
        served(file, folder)


def test_without_the_front_end_the_command_that_installs_it_is_said(monkeypatch):
    monkeypatch.setattr(front_end, "_MODULE", "comfyui_front_end_that_is_not_there")
    with pytest.raises(InputError, match=r"pip install 'dnne_ros\[editor\]'"):
        front_end.front_end_folder()


@pytest.mark.parametrize("version, doubted", [
    ("1.58", False), ("1.58.0", False), ("1.58.12", False), ("1.5", True), ("1.59.0", True),
    ("1.580.1", True), ("2.0", True)])
def test_a_version_that_was_not_tried_is_named(version, doubted):
    doubt = front_end.doubt_of(version)
    assert (version in doubt) is doubted
    assert bool(doubt) is doubted
