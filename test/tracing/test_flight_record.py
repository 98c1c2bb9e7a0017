"""What is kept of a run's last seconds, and what is put aside of it."""

import json
import os
import random
import subprocess
import sys
import time

import pytest

from dnne_ros.errors import InputError
from dnne_ros.tracing import flight_record
from dnne_ros.tracing.analysis import analyze
from dnne_ros.tracing.budget import Budget
from dnne_ros.tracing.chrome import encode_trace, read_trace
from dnne_ros.tracing.collecting import open_trace
from dnne_ros.tracing.flight_record import join_run, leave_run, rescue, runs, save
from dnne_ros.tracing.journal import JOURNAL, Journal, read_journal
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.tracer import NodeTracer, Tracer

MS = 1_000_000
GRAPH = {"graph": "/made", "run": "1", "host": "", "outside": [], "nodes": {"a": "A", "b": "B"},
         "edges": [{"name": "a/out → b/in", "source": ["a", "out"], "target": ["b", "in"],
                    "policy": "lossless", "capacity": 100, "trains": False}], "seconds": 10.0}


@pytest.fixture(autouse=True)
def memory(monkeypatch, tmp_path):
    """Let the folders of runs be the test's own."""
    folder = tmp_path / "memory"

    def own_folder():
        folder.mkdir(exist_ok=True)
        return folder

    monkeypatch.setattr(flight_record, "own_folder", own_folder)
    return folder


class Kept:
    """The part of one process, written as its recorder does."""

    def __init__(self, records, run="1"):
        self.folder, self.lock = join_run(run)
        about = {**GRAPH, "records_folder": str(records)}
        self.tracer = Tracer(self.folder, "main", about, 1, 500)
        self.journal = Journal(self.tracer.names.with_suffix(JOURNAL), list)
        self.nodes = {name: NodeTracer(self.tracer, name) for name in "ab"}
        self.sent = self.tracer.place("a", "out", "output")
        self.taken = self.tracer.place("b", "in", "input")
        self.whole = self.tracer.place("")

    def write(self, place, kind, began, ended, number=0, more=0):
        self.tracer.write(self.tracer.offset(), began, began, number, more, 0, ended, place, 0,
                          int(kind), 0)

    def item(self, number, at):
        self.write(self.sent, Kind.SENT, at, at + 1, number)
        self.write(self.taken, Kind.TAKEN, at + 2, at + 3, number, 1)

    def leave(self):
        self.tracer.close()
        self.journal.close()
        os.close(self.lock)


@pytest.fixture
def kept(tmp_path):
    part = Kept(tmp_path / "records")
    yield part
    part.leave()


@pytest.mark.parametrize("rate, least, most", [
    (0, 1.0, 1.0), (100, 1.0, 1.0), (1_900, 1.0, 1.0), (20_000, 0.05, 0.15),
    (1_000_000, 0.001, 0.005)])
def test_recording_takes_no_more_than_its_share(rate, least, most):
    """Of few items all are recorded; of many so few that it takes a share of the time."""
    share, record_ns, tick = 0.004, 2_000, 20 * MS
    chance = random.Random(rate)
    now, recorded, records = 0, 0, 0
    budget = Budget(share, record_ns, 2 * MS, now)
    for _ in range(30_000):
        step = round(tick * chance.uniform(0.9, 1.5))
        moved = round(rate * step * 1e-9) if budget.records else 0
        recorded += step if budget.records else 0
        records += moved
        now += step
        budget.look(now, moved)
    assert least <= recorded / now <= most
    assert records * record_ns <= share * now + 2 * MS + record_ns * rate * 0.03


def test_processes_begin_to_look_at_the_same_moments():
    begins = []
    for seed in (1, 2):
        chance, now = random.Random(seed), seed * 7 * MS
        budget, was = Budget(0.004, 2_000, 2 * MS, now), True
        for _ in range(2_000):
            now += round(20 * MS * chance.uniform(0.95, 1.05))
            budget.look(now, 1_200 if was else 0)
            if budget.records and not was:
                begins.append(now % (500 * MS))
            was = budget.records
    assert len(begins) > 20 and max(begins) < 22 * MS


def test_a_journal_keeps_the_newest_and_says_again_what_it_begins_with(tmp_path):
    path = tmp_path / f"main.1{JOURNAL}"
    journal = Journal(path, lambda: [("a", "parameters", "{}")], size=1000)
    for number in range(500):
        journal.note("a", "log", f"line {number}")
    journal.note("a", "log", "x" * 10_000)
    journal.close()
    events = read_journal(path)
    lines = [event.text for event in events if event.kind == "log"]
    assert lines[-2] == "line 499" and 10 < len(lines) < 100
    assert lines[-1].startswith("xxx") and len(lines[-1]) < 2100
    assert sum(event.kind == "parameters" for event in events) == 2
    assert sum(each.stat().st_size for each in tmp_path.glob("main*")) < 6000
    path.write_bytes(path.read_bytes() + b'[1, "a", "lo')
    assert read_journal(path) == events, "a line that was being written is left out"


def test_a_record_holds_the_last_seconds_and_says_why(kept, tmp_path):
    now = time.monotonic_ns() - 32_000 * MS
    for number in range(1, 31):
        kept.item(number, now + number * 1000 * MS)
    kept.write(kept.taken, Kind.COUNTED, now + 31_000 * MS, now + 31_000 * MS, 30, 5)
    path = save(kept.folder, tmp_path / "records", "a has failed", 10.0)
    trace = open_trace(str(path))
    assert trace.flight.reason == "a has failed"
    assert [act.number for act in trace.acts["a"]] == list(range(21, 31))
    found = analyze(trace).as_dict()
    assert found["flight"]["ports"] == [
        {"node": "b", "port": "in", "direction": "input", "items": 30, "waiting": 5}]
    assert found["nodes"][0]["sent_per_s"] == pytest.approx(1.0)

    file = tmp_path / "t.json"
    file.write_bytes(encode_trace(trace))
    assert analyze(read_trace(file)).as_dict() == found, "it is the same as a file for Perfetto"


def test_figures_are_of_the_time_in_which_items_were_recorded(kept, tmp_path):
    now = time.monotonic_ns() - 32_000 * MS
    for number in range(100):
        kept.item(1 + number, now + number * MS)
    kept.write(kept.whole, Kind.UNSEEN, now + 100 * MS, now + 1000 * MS)
    for number in range(100):
        kept.item(5000 + number, now + (1000 + number) * MS)
    trace = open_trace(str(save(kept.folder, tmp_path / "records", "asked", 10.0)))
    found = analyze(trace)
    assert [node.sent_per_s for node in found.nodes] == [pytest.approx(1000, rel=0.02), 0.0]
    assert found.edges[0].items_per_s == pytest.approx(1000, rel=0.02)
    assert any("now and then" in note for note in trace.notes)
    assert len(trace.recent(10_000).acts["a"]) == 100, "a path does not lead through a gap"


def test_only_the_newest_records_are_kept_and_nothing_else_is_touched(kept, tmp_path, monkeypatch):
    records = tmp_path / "records"
    records.mkdir()
    for name in ("notes.txt", "made_20260101T000000Z"):
        (records / name).mkdir()
        (records / name / "mine").touch()
    monkeypatch.setattr(flight_record, "MOST_KEPT", 3)
    saved = []
    for number in range(5):
        saved.append(save(kept.folder, records, f"fault {number}", 10.0))
        os.utime(saved[-1], ns=(number, number))
    assert sorted(records.iterdir()) == sorted([
        *saved[2:], records / "notes.txt", records / "made_20260101T000000Z"])
    monkeypatch.setattr(flight_record, "MOST_BYTES", 1)
    last = save(kept.folder, records, "the last", 10.0)
    assert {each for each in saved if each.exists()} <= {last} and last.exists()


def test_what_cannot_be_written_leaves_nothing(kept, tmp_path, monkeypatch):
    records = tmp_path / "records"

    def full(*_):
        raise OSError(28, "No space left on device", str(records))

    monkeypatch.setattr(flight_record, "_copy", full)
    with pytest.raises(OSError, match="No space"):
        save(kept.folder, records, "a has failed", 10.0)
    assert list(records.iterdir()) == []


KILLED = """
import os, signal, sys
sys.path[:0] = {path!r}
import pathlib
from dnne_ros.tracing import flight_record
flight_record.own_folder = lambda: pathlib.Path({memory!r})
from tracing.test_flight_record import Kept
kept = Kept({records!r}, "killed")
kept.item(1, 10**13)
kept.journal.note("a", "log", "the last words")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_has_left_is_put_aside_once(kept, memory, tmp_path, repository):
    records = tmp_path / "of the killed"
    text = KILLED.format(path=[str(repository), str(repository / "test")], memory=str(memory),
                         records=str(records))
    assert subprocess.run([sys.executable, "-c", text]).returncode == -9
    assert {(run.folder.name, run.alive) for run in runs()} == {
        ("run.1", True), ("run.killed", False)}
    [path] = rescue()
    assert rescue() == [] and [run.folder.name for run in runs()] == ["run.1"]
    trace = open_trace(str(path))
    assert path.parent == records and trace.flight.reason == "every process of the run was killed"
    assert [event.text for event in trace.events] == ["the last words"]


def test_nothing_is_left_of_a_run_that_has_left(memory):
    first, second = join_run("2"), join_run("2")
    leave_run(*first)
    leave_run(*second)
    assert not memory.exists()


def test_what_is_no_flight_record_is_refused(kept, tmp_path):
    path = save(kept.folder, tmp_path / "records", "asked", 10.0)
    about = json.loads((path / "about.json").read_text())
    for content in ("", "[]", json.dumps({**about, "format": "another"}),
                    json.dumps({**about, "moment_ns": "soon"}), "[" * 100_000):
        (path / "about.json").write_text(content)
        with pytest.raises(InputError, match="expected a flight record"):
            open_trace(str(path))
    (path / "about.json").unlink()
    with pytest.raises(InputError, match="expected a flight record"):
        open_trace(str(path))
