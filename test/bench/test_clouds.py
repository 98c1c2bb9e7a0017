"""The benchmark of point clouds."""

import json

from dnne_ros.bench import clouds
from dnne_ros.cli.main import main


def test_it_measures_ours_and_says_what_is_missing(tmp_path, capsys):
    assert main(["bench", "clouds", "--rounds", "1", "--times", "1", "--json",
                 str(tmp_path / "clouds.json")]) == 0
    found = json.loads((tmp_path / "clouds.json").read_text())
    assert len(found["medians"]) == 6 * (1 if found["problems"] else 2)
    assert all(each["seconds"] > 0 for each in found["medians"].values())
    assert "lidar" in capsys.readouterr().out


def test_it_reads_what_is_there():
    for size in ((2, 3, 32, 0.5), (1, 6, 22, 0.5), (1, 6, 12, 0.0)):
        message = clouds._message(*size)
        points = clouds._ours(message, drop=False)
        assert points.shape == (6, 3)
        assert len(clouds._ours(message, drop=True)) == (points == points).all(1).sum()


def test_what_was_not_measured_is_in_a_table():
    name, *_ = clouds._CLOUDS
    first, second = clouds.tables({"problems": {"sensor_msgs_py": "not installed"}, "medians": {
        f"ours, as sent, {name}": {"seconds": 0.0125}}})
    assert first.rows[0] == (name, "12.500", "", "", "")
    assert second.rows == [("sensor_msgs_py", "not installed")]
