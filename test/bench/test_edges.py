"""`dnne-ros bench edges`, from its arguments to its figures."""

import argparse
import importlib.util
import json
import sys

import psutil
import pytest
from patience import until_gone

from dnne_ros.bench import edges
from dnne_ros.bench.edge_dashboard import DASHBOARD, dashboard_ratios
from dnne_ros.bench.edge_peers.running import PEERS
from dnne_ros.bench.edge_tables import payload_name, ratio_rows, tables
from dnne_ros.bench.edge_watching import WATCHED
from dnne_ros.cli.main import main

CASES = {"one process: ours", "one process: asyncio.Queue", "two processes: ours",
         "two processes: plain rclpy", "two processes: bare DDS", "one process: outside view",
         "one process: watched", "two processes: its copies alone"}
if importlib.util.find_spec("dora"):
    CASES.add("two processes: dora")


@pytest.fixture(scope="module")
def bench(start_command, tmp_path_factory):
    """Start the benchmark."""
    def start(*arguments):
        return start_command(
            "dnne_ros", "bench", "edges", *arguments, folder=tmp_path_factory.mktemp("bench"),
            separate=True, environment={"COLUMNS": "200"})
    return start


@pytest.fixture(scope="module")
def measured(bench, tmp_path_factory):
    """A run of one of each kind, with few items: its document and what it printed."""
    file = tmp_path_factory.mktemp("bench") / "edges.json"
    process = bench("--rounds", "1", "--payloads", "16,256K", "--effort", "0.01",
                    "--only", ",".join(CASES), "--json", str(file))
    assert process.wait() == 0, process.said()
    return json.loads(file.read_text()), process.output, process.errors


def test_every_way_is_measured(measured):
    document, _, err = measured
    assert document["problems"] == {}
    medians = document["medians"]
    assert set(medians) == CASES
    for case, figures in medians.items():
        if case in {peer.case for peer in PEERS}:
            for payload in ("16 B", "256 KiB"):
                assert 0 < figures[f"{payload} p50_us"] <= figures[f"{payload} p99_us"]
                assert figures[f"{payload} items_s"] > 0 and figures[f"{payload} cpu_us"] > 0
        assert all(value >= 0 for value in figures.values())
        assert f"round 1 of 1: {case}" in err


def test_large_trips_are_compared_with_their_copies(measured):
    document = measured[0]
    ours, copies = (document["medians"][f"two processes: {name}"]["256 KiB p50_us"]
                    for name in ("ours", "its copies alone"))
    assert 0 < copies < ours
    names = [row["name"] for row in document["ratios"] if "copies" in row["name"]]
    assert names == ["two processes, 256 KiB: trip p50, ours / its copies alone"]


def test_our_edges_lose_nothing_and_hand_over_the_same_object_in_one_process(measured):
    medians = measured[0]["medians"]
    for place in ("one process", "two processes"):
        figures = medians[f"{place}: ours"]
        assert figures["16 B lost"] == figures["256 KiB lost"] == 0
        assert figures["256 KiB same_values"] == 1
        assert figures["256 KiB same_object"] == (place == "one process")


def test_watchers_are_all_measured(measured):
    figures = measured[0]["medians"]["one process: watched"]
    assert set(figures) == {f"{kind} {figure}" for kind in ("nobody", "raw", "typed", "stopped")
                            for figure in ("items_s", "cpu_us")}


def test_the_tables_show_ratios_and_what_is_wanted(measured):
    document, out, _ = measured
    ratios = {row["name"]: row for row in document["ratios"]}
    ours = document["medians"]["two processes: ours"]["16 B p50_us"]
    bare = document["medians"]["two processes: bare DDS"]["16 B p50_us"]
    row = ratios["two processes, 16 B: trip p50, ours / bare DDS"]
    assert row["ratio"] == pytest.approx(ours / bare) and row["wanted"] == "≤ 1.25"
    assert "one process, 16 B: trips/s, ours / asyncio.Queue" in out
    assert "256 KiB of float32, two processes" in out and "one process: watched by raw" in out
    assert "one process, 16 B: trips/s, ours / plain rclpy" not in ratios


def test_interrupted_it_leaves_nobody_behind(bench):
    process = bench("--only", "one process: asyncio.Queue", "--effort", "100")
    process.until(lambda: "\n" in process.errors, "the announcement of the case")
    children = [psutil.Process(child) for child in process.family()[1:]]
    process.interrupt()
    assert process.wait() == 130 and "Traceback" not in process.errors
    until_gone(children)  # those that it started wait for theirs only if they end in order


@pytest.mark.long
def test_what_failed_is_told_and_the_rest_goes_on(monkeypatch):
    broken = edges.Peer("broken", 2, 9, lambda _: {"ping": [
        sys.executable, "-S", "-c", "raise SystemExit('it cannot do that')"]})
    absent = edges.Peer("absent", 2, 9, lambda _: {}, needs="no_such_package")
    monkeypatch.setattr(edges, "PEERS", (broken, absent))
    monkeypatch.setattr(edges, "WATCHING", {"watching": lambda effort: {"figure": effort}})
    said = []
    options = argparse.Namespace(payloads=(16,), only="", effort=0.5, rounds=2)
    document = edges.measure(options, said.append)
    assert document["problems"] == {
        "two processes: absent": "no_such_package is not installed",
        "two processes: broken": "16 B: ping ended with exit code 1: it cannot do that"}
    assert document["medians"]["watching"] == {"figure": 0.5}
    assert sum("it cannot do that" in text for text in said) == 1
    shown = tables(document)[-1]
    assert shown.title == "not measured" and len(shown.rows) == 2


def test_ratios_are_taken_round_by_round():
    ours, theirs = {"16 B p50_us": [1.0, 20.0, 3.0]}, {"16 B p50_us": [2.0, 10.0, 12.0]}
    document = {"payloads": [16], "all_rounds": {
        "two processes: ours": ours, "two processes: plain rclpy": theirs,
        WATCHED["one process"]: {"nobody items_s": [4.0, 8.0], "raw items_s": [4.0]}}}
    assert ratio_rows(document) == [
        {"name": "two processes, 16 B: trip p50, ours / plain rclpy", "ratio": 0.5,
         "wanted": "≤ 0.4"},
        {"name": "one process: items/s, raw watcher / nobody", "ratio": 4.0 / 6.0,
         "wanted": "≥ 0.95"}]


def test_what_a_dashboard_costs_is_a_mean_with_its_standard_error():
    case = DASHBOARD["two processes"]
    rows = dashboard_ratios({case: {"nobody cpu_us": [2.0, 4.0], "page cpu_us": [2.2, 4.0],
                                    "nobody items_s": [10.0], "page items_s": [9.0]}})
    assert [(row["name"], row["ratio"], row["error"]) for row in rows] == [
        (f"{case}: items/s, with / without", 0.9, None),
        (f"{case}: CPU/item, with / without", pytest.approx(1.05), pytest.approx(0.05))]
    document = {"payloads": [], "medians": {}, "ratios": rows, "problems": {}}
    assert tables(document)[0].rows[1][1:] == ("1.0500", "0.0500", "≤ 1.01")


@pytest.mark.long
def test_a_dashboard_is_measured(bench, tmp_path):
    file = tmp_path / "edges.json"
    process = bench("--only", "one process: dashboard", "--rounds", "1", "--effort", "0.05",
                    "--json", str(file))
    assert process.wait() == 0, process.said()
    document = json.loads(file.read_text())
    assert document["problems"] == {}
    figures = document["medians"][DASHBOARD["one process"]]
    assert set(figures) == {f"{kind} {figure}" for kind in ("nobody", "page")
                            for figure in ("items_s", "cpu_us")}
    assert all(value > 0 for value in figures.values())


@pytest.mark.parametrize(("payload", "name"), [
    (16, "16 B"), (1020, "1020 B"), (2**16, "64 KiB"), (4 * 2**20, "4 MiB"), (2**30, "1024 MiB")])
def test_payloads_have_names(payload, name):
    assert payload_name(payload) == name


@pytest.mark.parametrize(("words", "expected"), [
    (["--payloads", "17"], "multiple of 4 bytes from 8 to 1024M"),
    (["--payloads", "16,"], "multiple of 4 bytes"), (["--payloads", "2G"], "multiple of 4 bytes"),
    (["--payloads", "²"], "multiple of 4 bytes"), (["--effort", "0"], "from 0.001 to 100"),
    (["--effort", "nan"], "from 0.001 to 100"), (["--effort", "much"], "from 0.001 to 100")])
def test_arguments_that_make_no_sense_are_refused(words, expected, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "edges", *words])
    assert ended.value.code == 2 and expected in capsys.readouterr().err


def test_other_input_errors_come_before_the_first_case(capsys, tmp_path):
    for words, expected in ((["--only", "zenoh"], "expected a part of one process: ours"),
                            (["--rounds", "0"], "--rounds: expected at least 1"),
                            (["--json", str(tmp_path / "no" / "f.json")], "no such folder")):
        assert main(["bench", "edges", *words]) == 2
        err = capsys.readouterr().err
        assert expected in err and "round 1" not in err


def test_help_names_the_arguments(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["bench", "edges", "--help"])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(word in out for word in ("--payloads", "--only", "--effort", "--rounds", "--json"))
