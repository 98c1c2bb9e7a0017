"""What a run's report says of its edges."""

from dnne_ros.cli.report import RunReport
from dnne_ros.transport.stats import EdgeStats


def report_of(*ends):
    report = RunReport(["one", "two"])
    for process, transport, stats in ends:
        report.note(process, {"kind": "edges", "edges": [
            {"name": "a/x → b/y", "policy": "lossless", "transport": transport,
             **stats.as_dict()}]})
    edge, = report.as_dict()["edges"]
    return edge


def test_both_ends_have_counted_the_same_items():
    edge = report_of(
        ("one", "socket+dds", EdgeStats(sent=9, carried={"socket": 6, "dds": 3})),
        ("two", "socket", EdgeStats(received=7, lost=2, carried={"socket": 7})))
    assert edge["carried"] == {"socket": 7, "dds": 3}
    assert (edge["transport"], edge["sent"], edge["received"]) == ("socket+dds", 9, 7)


def test_an_edge_without_items_says_what_would_carry_them():
    assert report_of(("one", "socket", EdgeStats()))["transport"] == "socket"


def test_the_clock_stops_when_the_first_process_says_that_its_work_is_over(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("dnne_ros.cli.report.time.monotonic", lambda: now[0])
    report = RunReport(["one", "two"])
    report.start()
    for process, kind in (("one", "over"), ("two", "over"), ("one", "finished")):
        now[0] += 2.0
        report.note(process, {"kind": kind, "reason": "duration"})
    assert report.as_dict()["seconds"] == 2.0
