"""What the feed keeps: bounded, in order, and whatever others publish."""

import json
import math
from types import SimpleNamespace

from hypothesis import given, strategies as st

from dnne_ros.node_api.health import Level
from dnne_ros.top.state import Entry, GraphState
from dnne_ros.web.feed.curves import Curve, Curves, curves_among
from dnne_ros.web.feed.foreign_diagnostics import ForeignDiagnostics
from dnne_ros.web.feed.graph_view import graph_view
from dnne_ros.web.feed.logs import LogLines


def log(name, text, level=20):
    return SimpleNamespace(name=name, msg=text, level=level,
                           stamp=SimpleNamespace(sec=5, nanosec=500_000_000))


# ---- Logs

def test_lines_are_those_behind_a_number_in_their_order():
    lines = LogLines()
    for number in range(6):
        lines.note(log(f"g.{'ab'[number % 2]}", str(number)))
    assert [line["text"] for line in lines.since(0)] == list("012345")
    assert [line["text"] for line in lines.since(4)] == ["4", "5"] and not lines.since(6)
    assert lines.since(5) == [{"node": "/g/b", "level": "INFO", "time": 5.5, "text": "5"}]


def test_one_that_talks_much_hides_no_other_and_the_memory_is_bounded():
    lines = LogLines()
    lines.note(log("quiet", "the reason", level=40))
    for number in range(2000):
        lines.note(log("loud", str(number)))
    found = lines.since(0)
    assert found[0]["text"] == "the reason" and found[-1]["text"] == "1999" and len(found) < 500
    for number in range(600):
        lines.note(log(f"n{number}", "x"))
    assert len({line["node"] for line in lines.since(0)}) == 500
    lines.note(log("big", "y" * 100_000 + "\x1b[2J"))
    assert len(lines.since(lines.count - 1)[0]["text"]) < 5000


# ---- Curves

@given(st.integers(0, 20_000))
def test_a_curve_keeps_its_span_in_bounded_memory(count):
    curve = Curve()
    for number in range(count):
        curve.add(float(number), -float(number))
    times, values = curve.since(-1.0)
    assert len(times) <= 2000 and times == sorted(set(times)) and values == [-t for t in times]
    if count:
        assert times[0] <= max(count * 0.01, 1) and times[-1] >= count * 0.98 - 1
    assert curve.since(times[-1] if times else 0.0) == ([], [])


def test_numbers_come_from_scalars_and_metrics_and_nonsense_is_left_out():
    curves = Curves()
    curves.note("/g/a/loss", 2.5, 1.0)
    for text in ('{"return": 3, "name": "x", "ok": true, "bad": NaN, "deep": {"x": 1}}', "{",
                 "[1]", "7", "[" * 100_000, json.dumps({"return": 4.5})):
        curves.note("/g/a/metrics", text, 2.0)
    curves.note("/g/a/loss", math.inf, 3.0)
    found = {curve["name"]: curve["values"] for curve in curves.since(0.0)}
    assert found == {"loss": [2.5], "return": [3.0, 4.5]} and curves.latest() == 2.0
    assert [curve["name"] for curve in curves.since(1.0)] == ["return"]
    curves.forget({"/other", "/g/a/loss"})
    assert not curves.since(0.0) and not curves.latest()


def test_there_are_no_more_curves_than_can_be_kept():
    curves = Curves()
    for number in range(1000):
        curves.note("/g/a/metrics", json.dumps({str(number): 1}), 1.0)
    assert len(curves.since(0.0)) == 500


def test_a_node_with_metrics_gives_no_number_twice():
    topics = {"/g/a/loss": "std_msgs/msg/Float64", "/g/a/metrics": "std_msgs/msg/String",
              "/g/b/loss": "std_msgs/msg/Float32", "/g/b/text": "std_msgs/msg/String",
              "/g/c/metrics": "std_msgs/msg/Float64MultiArray"}
    assert set(curves_among(topics)) == {"/g/a/metrics", "/g/b/loss"}


# ---- Diagnostics of others

def status(name, values=(), level=b"\x00"):
    return SimpleNamespace(name=name, level=level, message="m", hardware_id="h", values=[
        SimpleNamespace(key=key, value=value) for key, value in values])


def test_the_last_word_of_each_other_is_kept():
    others = ForeignDiagnostics()
    others.note(SimpleNamespace(status=[
        status("driver", [("t", "1")], b"\x02"), status("ours", [("dnne_ros", "node")])]), 1.0)
    others.note(SimpleNamespace(status=[status("driver", [("t", "2")], b"\x09")]), 2.0)
    assert others.as_list(3.5) == [{
        "name": "driver", "level": "STALE", "message": "m", "hardware_id": "h",
        "values": {"t": "2"}, "age": 1.5}]
    others.note(SimpleNamespace(status=[status(str(number)) for number in range(1000)]), 3.0)
    assert len(others.as_list(3.0)) == 500


# ---- Graphs

def test_a_view_has_links_with_their_ends_and_names_topics_of_others():
    graph = GraphState("/g")
    graph.nodes = {"a": Entry(Level.OK, "ok", {"process": "main", "cpu_percent": 7.0,
                                               "processes": 1, "name": "a trick"}, 10.0)}
    graph.ends = {"a/x → b/y": {"both": Entry(Level.WARN, "blocked", {"depth": 3}, 10.0)},
                  "/camera/image → b/z": {"receiver": Entry(Level.OK, "", {}, 1.0)}}
    view = graph_view(graph, 11.0)
    assert (view["level"], view["stale"], view["silent"]) == ("WARN", False, 1.0)
    assert view["processes"] == {"main": 7.0} and view["nodes"][0]["name"] == "a"
    first, second = view["edges"]
    assert (first["source"], first["output"], first["target"], first["input"]) == (
        "a", "x", "b", "y") and first["values"] == {"depth": 3}
    assert (second["source"], second["output"], second["target"], second["stale"]) == (
        "/camera/image", "", "b", True)
    assert graph_view(graph, 100.0)["stale"]
