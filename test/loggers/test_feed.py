"""A run never waits for a logger, whatever that does."""

import threading
import time

import pytest

from dnne_ros.loggers.feed import Feed
from dnne_ros.loggers.run_logger import RunFacts, RunLogger

FACTS = RunFacts("cartpole", {"seed": 3})
LONG = 3600.0


class Told(RunLogger):
    """Writes down what it is told; raises while ``broken`` holds, waits while it is ``held``."""

    def __init__(self):
        self.calls = []
        self.broken = ""
        self.free = threading.Event()
        self.free.set()
        self.reached = threading.Event()

    def _note(self, *call):
        self.reached.set()
        self.free.wait()
        if call[0] in self.broken.split():
            raise ConnectionError("the server\nis gone")
        self.calls.append(call)

    def start(self, facts):
        self._note("start", facts.name)
        return "run 7"

    def log(self, figures, step, seconds):
        assert 0 <= time.time() - seconds < LONG
        self._note("log", figures, step)

    def note(self, name, value):
        self._note("note", name, value)

    def keep(self, file):
        self._note("keep", file)

    def end(self, status):
        self._note("end", status)


@pytest.fixture
def told():
    """Return the logger."""
    return Told()


@pytest.fixture
def warnings():
    """Return what the user was warned of."""
    return []


@pytest.fixture
def feed(told, warnings):
    """Return the logger's feed; it tries again at once."""
    return Feed("told", told, FACTS, warnings.append, rest=0.0)


def test_all_comes_in_order_and_what_a_later_run_goes_on_by_is_known(feed, told, warnings):
    feed.log({"loss": 0.5}, 10)
    feed.note("checkpoint", "/c")
    feed.log({"loss": 0.25}, 20)
    feed.end(["r.json"], "finished")
    feed.join(LONG)
    assert told.calls == [
        ("start", "cartpole"), ("log", {"loss": 0.5}, 10), ("note", "checkpoint", "/c"),
        ("log", {"loss": 0.25}, 20), ("keep", "r.json"), ("end", "finished")]
    assert feed.run == "run 7" and warnings == []


def test_a_run_without_figures_is_logged_too(feed, told):
    feed.end([], "interrupted")
    feed.join(LONG)
    assert told.calls == [("start", "cartpole"), ("end", "interrupted")]


def test_a_logger_that_fails_is_told_once_and_tried_again(feed, told, warnings):
    told.broken = "start"
    for step in range(5):
        feed.log({"loss": 1.0}, step)
    feed.note("checkpoint", "/c")
    feed.end([], "finished")
    feed.join(LONG)
    assert told.calls == [] and feed.run == ""
    assert warnings == [
        "--log-to told: figures get lost: ConnectionError: the server is gone; the run goes on",
        "--log-to told: 5 updates are missing there"]


def test_what_comes_after_a_fault_is_logged(feed, told, warnings):
    told.broken, told.free = "log", threading.Event()
    feed.log({"loss": 1.0}, 1)
    told.reached.wait()  # in start
    told.free.set()
    while not warnings:
        time.sleep(0.001)  # the thread has no event for us
    told.broken = ""
    feed.log({"loss": 0.5}, 2)
    feed.end([], "finished")
    feed.join(LONG)
    assert told.calls == [("start", "cartpole"), ("log", {"loss": 0.5}, 2), ("end", "finished")]
    assert warnings[1:] == ["--log-to told: 1 updates are missing there"]


def test_a_logger_that_has_failed_is_left_alone_for_a_while(told, warnings):
    feed = Feed("told", told, FACTS, warnings.append, rest=LONG)
    told.broken = "log"
    feed.log({}, 1)
    while not warnings:
        time.sleep(0.001)
    told.broken = ""
    feed.log({}, 2)
    while feed.waiting:
        time.sleep(0.001)
    feed.end([], "failed")  # the last chance
    feed.join(LONG)
    assert told.calls == [("start", "cartpole"), ("end", "failed")]


def test_a_logger_that_hangs_holds_nothing_up_and_keeps_a_bounded_number(feed, told, warnings):
    told.free.clear()
    for step in range(5000):
        feed.log({"loss": 1.0}, step)
    for _ in range(5000):
        feed.note("checkpoint", "/c")
    assert feed.waiting <= 1000
    feed.end([], "finished")
    feed.join(0.01)
    assert "has not taken what was left" in warnings[-1]
    assert warnings[0] == "--log-to told: figures get lost: does not keep up; the run goes on"
    assert len(warnings) == 2
    told.free.set()
