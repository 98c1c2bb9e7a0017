"""The benchmark of a chain of nodes that compute."""

import json

import pytest

from dnne_ros.bench import regions
from dnne_ros.cli.main import main


@pytest.mark.long
def test_a_chain_goes_through_compiled_and_not_beside_queues_and_calls(tmp_path, capsys):
    file = tmp_path / "regions.json"
    assert main(["bench", "regions", "--rounds", "1", "--items", "2000", "--json", str(file)]) == 0
    assert "ten asyncio.Queues" in capsys.readouterr().out
    found = json.loads(file.read_text())["medians"]
    assert list(found) == [
        "compiled", "compiled, source and sink, too", "compiled, with functions of their own",
        "compiled, too long to be inlined", "--no-compile", "source and sink alone",
        "source and sink of a region alone", "ten asyncio.Queues", "a plain Python loop",
        "one expression"]
    # A machine that runs tests is busy, but not so busy that merged nodes take longer.
    assert found["compiled"]["us_per_item"] < found["--no-compile"]["us_per_item"]


def test_the_table_compares_with_the_queues_and_the_loop():
    medians = {"compiled": 4.0, "compiled, with functions of their own": 3.0,
               "--no-compile": 20.0, "source and sink alone": 1.0, "ten asyncio.Queues": 8.0,
               "a plain Python loop": 2.0, "one expression": 1.0}
    table, = regions.tables({"medians": {
        case: {"us_per_item": figure} for case, figure in medians.items()}})
    assert table.rows[0] == ("compiled", "4.00", "2.00", "2.00")
    assert table.rows[-2] == ("compiled, but for source and sink", "3.00", "2.67", "1.50")
