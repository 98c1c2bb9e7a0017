"""The benchmark of replicas."""

import json

import pytest

from dnne_ros.bench import replicas
from dnne_ros.cli.main import main


@pytest.mark.long
def test_each_case_gives_all_items_in_order(tmp_path, capsys):
    file = tmp_path / "replicas.json"
    assert main(["bench", "replicas", "--rounds", "1", "--items", "20", "--milliseconds", "5",
                 "--json", str(file)]) == 0
    assert "4 processes" in capsys.readouterr().out
    assert len(json.loads(file.read_text())["medians"]) == 7


def test_the_table_compares_with_one_replica():
    medians = {"none: in the event loop": 20.0, "1": 20.0, "2": 10.0, "4": 5.0}
    table, = replicas.tables({"milliseconds": 20.0, "medians": {
        case: {"ms_per_item": figure} for case, figure in medians.items()}})
    assert table.rows[-1] == ("4", "5.00", "4.00")
