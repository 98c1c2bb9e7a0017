"""Options of a run that a drawing keeps."""

import pytest

from dnne_ros.editor.run_options import (
    OFFERED,
    described,
    folder_of,
    given_options,
    run_option_words,
)
from dnne_ros.errors import InputError


def test_they_become_words_of_the_command_line(tmp_path):
    words = run_option_words({
        "place": "split", "seed": "3", "duration": "1h30m", "until_return": 450, "inference":
        "true", "respawn": "false", "save_checkpoint_dir": "saved/here", "max_updates": " "},
        tmp_path)
    assert words == ["--place=split", "--seed=3", "--duration=1h30m", "--until-return=450",
                     "--inference", f"--save-checkpoint-dir={tmp_path}/saved/here"]


def test_all_faults_are_told_at_once(tmp_path):
    with pytest.raises(InputError) as raised:
        run_option_words({"seed": "x", "duration": "soon", "cheat": "1", "inference": "maybe",
                          "place": "/etc/passwd", "epochs": [], "load_checkpoint_dir": "../x"},
                         tmp_path)
    text = str(raised.value)
    for part in ("--seed='x'", "--duration='soon'", "'cheat' is no option", "--inference='maybe'",
                 "--place='/etc/passwd'", "--epochs: expected a text", "--load-checkpoint-dir"):
        assert part in text


@pytest.mark.parametrize("drawing", [
    None, [], {}, {"extra": 3}, {"extra": {"dnne_ros": []}},
    {"extra": {"dnne_ros": {"run": "x"}}}])
def test_a_drawing_without_any_has_none(drawing):
    assert given_options(drawing) == {}


def test_a_panel_can_show_them_all():
    assert [each["name"] for each in described()] == [each.name for each in OFFERED]
    assert all(each["help"] for each in described())


def test_the_checkpoint_s_folder(tmp_path):
    name = "save_checkpoint_dir"
    assert folder_of({name: "c"}, name, tmp_path) == tmp_path / "c"
    assert folder_of({}, name, tmp_path) is None
