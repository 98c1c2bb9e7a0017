"""The file: what Chrome's format asks for, and that reading it gives back what was recorded."""

import gzip
import json

import pytest
from chrome_format import mistakes

from dnne_ros.errors import InputError
from dnne_ros.tracing.chrome import encode_trace, read_trace
from dnne_ros.tracing.collecting import collect, discard_parts, open_trace
from dnne_ros.tracing.places import folder_for, parts_folder
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Act, Count, Event, ProcessInfo, Trace


@pytest.fixture
def trace(traced_graph, run_async, tmp_path):
    graph = traced_graph
    graph.folder = folder_for(str(tmp_path / "t.json"))
    graph.link("a/out", "b/in")

    async def a(take, give):
        for _ in range(3):
            graph.work(1)
            await give("out")

    async def b(take, give):
        for _ in range(3):
            await take("in")
            graph.work(2)

    yield graph.run(run_async, a=a, b=b)
    discard_parts(str(tmp_path / "t.json"))


def test_a_file_is_as_perfetto_takes_it(trace):
    content = json.loads(encode_trace(trace))
    events = content["traceEvents"]
    names = {(event["pid"], event["tid"]): event["args"]["name"] for event in events
             if event["ph"] == "M" and event["name"] == "thread_name"}
    assert sorted(names.values()) == ["a", "b"]
    [process] = [event for event in events if event["name"] == "process_name"]
    assert process["args"]["name"].startswith("main (pid ")
    for event in events:
        assert event["ph"] in "MXsfi" and isinstance(event["pid"], int)
        if event["ph"] == "X":
            assert event["dur"] >= 0 and event["ts"] >= 0
    starts = {event["id"]: event for event in events if event["ph"] == "s"}
    ends = {event["id"]: event for event in events if event["ph"] == "f"}
    assert list(starts) == list(ends) == [f"a/out → b/in#{number}" for number in (1, 2, 3)]
    for id, end in ends.items():
        assert starts[id]["ts"] < end["ts"] and names[end["pid"], end["tid"]] == "b"
        # An arrow ends at the slice around it: that of the taking.
        [around] = [event for event in events if event["ph"] == "X"
                    and (event["pid"], event["tid"]) == (end["pid"], end["tid"])
                    and event["ts"] <= end["ts"] < event["ts"] + event["dur"]]
        assert around["name"] == "take in" and f"#{around['args']['item']}" in id


@pytest.mark.parametrize("zipped", [False, True])
def test_what_is_read_is_what_was_written(trace, tmp_path, zipped):
    path = tmp_path / "t.json"
    path.write_bytes(encode_trace(trace, zipped))
    assert read_trace(path) == trace


def test_the_parts_become_a_file_and_go(trace, tmp_path):
    file = str(tmp_path / "t.json")
    assert open_trace(file) == trace  # as long as nobody has put them together
    assert collect(file) == ""
    assert not parts_folder(file).exists() and open_trace(file) == trace


def test_parts_stay_where_the_file_cannot_be_written(trace, tmp_path):
    file = str(tmp_path / "t.json")
    (tmp_path / "t.json").mkdir()
    assert "cannot be written" in collect(file)
    assert parts_folder(file).is_dir()


@pytest.mark.parametrize("content", [
    b"", b"[]", b"{", b'{"traceEvents": []}', b'{"otherData": {"format": "x"}, "traceEvents": []}',
    gzip.compress(b"{}", mtime=0)[:12], b'{"otherData": 1}', b"\xff"])
def test_a_file_of_something_else_is_said_to_be_none(tmp_path, content):
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected a trace"):
        read_trace(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        open_trace(str(tmp_path / "t.json"))


def test_perfetto_finds_nothing_to_drop(trace):
    trace.counts["a", "out", "output"] = [Count(trace.span()[0], 3, 1)]
    trace.gaps[trace.processes[0]] = [trace.span()]
    trace.events.append(Event(trace.span()[0], "a", "log", "INFO begins"))
    assert mistakes(json.loads(encode_trace(trace))) == []


def test_who_waits_at_two_inputs_at_once_has_two_tracks():
    """Perfetto drops a slice that overlaps with another one of its track."""
    main = ProcessInfo("main", 1, "", 0)
    trace = Trace("/made")
    trace.add(main, {"both": [Act(Kind.TAKEN, 1000, 1000, 2000, "a", 1),
                              Act(Kind.TAKEN, 2000, 1100, 3000, "b", 1),
                              Act(Kind.SENT, 3000, 3500, 3600, "out", 1)]})
    content = json.loads(encode_trace(trace))
    assert mistakes(content) == []
    assert sum(event["name"] == "thread_name" for event in content["traceEvents"]) == 2


@pytest.mark.parametrize("events, said", [
    ([{"ph": "X", "name": "a", "pid": 1, "tid": 1, "ts": 0, "dur": 5},
      {"ph": "X", "name": "b", "pid": 1, "tid": 1, "ts": 3, "dur": 5}], "overlap"),
    ([{"ph": "s", "name": "a", "cat": "e", "id": "1", "pid": 1, "tid": 1, "ts": 0}], "flow"),
    ([{"ph": "C", "name": "a", "pid": 1, "ts": 0, "args": {"node": "a"}}], "no number"),
    ([{"ph": "X", "name": "a", "pid": 1, "ts": 0, "dur": 1, "tid": None}], "no track")])
def test_the_rules_would_notice(events, said):
    content = {"displayTimeUnit": "ns", "traceEvents": [{"pid": 1, "tid": 1, **event}
                                                        for event in events]}
    assert any(said in mistake for mistake in mistakes(content))
