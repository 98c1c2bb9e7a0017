"""What stands where ros2 run looks after an installation with pip."""

import shutil

import pytest


@pytest.mark.parametrize("name", ["dnne-ros", "graph_host"])
def test_it_runs_its_namesake_in_bin(tmp_path, repository, run_words, name):
    place = tmp_path / "lib" / "dnne_ros"
    place.mkdir(parents=True)
    shutil.copy(repository / "resource" / "executables" / name, place)
    (tmp_path / "bin").mkdir()
    namesake = tmp_path / "bin" / name
    namesake.write_text('#!/bin/sh\nfor word in "$@"; do echo "<$word>"; done\nexit 7\n')
    namesake.chmod(0o755)
    done = run_words(place / name, "a b", "--c")
    assert (done.output, done.returncode) == ("<a b>\n<--c>\n", 7)
