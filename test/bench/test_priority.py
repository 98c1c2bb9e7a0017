"""The benchmark of a control node beside trainings."""

import json
import os

import pytest

from dnne_ros.cli.main import main


@pytest.mark.long
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a process a real-time one")
def test_ticks_are_counted_in_every_case(tmp_path, capsys):
    assert main(["bench", "priority", "--rounds", "1", "--seconds", "1", "--trainings", "1",
                 "--json", str(tmp_path / "found.json")]) == 0
    assert "ticks kept" in capsys.readouterr().out
    found = json.loads((tmp_path / "found.json").read_text())["medians"]
    assert set(found) == {"as it is", "nice -10", "realtime 20"}
    assert all(0 < figures["kept"] <= 1 for figures in found.values())
