"""Signs of life, lost and late ones, from a clock that is set by hand."""

import asyncio

import pytest

from dnne_ros.runtime.coordination.heartbeat import (
    READY,
    RUNNING,
    STARTING,
    TOPIC,
    Heartbeat,
)
from dnne_ros.runtime.coordination.run_channel import ProcessGroup


@pytest.fixture
def hearts(network, virtual_loop):
    """Make the heartbeats of processes, by name."""
    def make(*names, silence=3.0, run_id="run 1"):
        return {name: Heartbeat(
            network.bus(name),
            ProcessGroup(name, tuple(n for n in names if n != name), names[0], run_id), silence,
            virtual_loop.time) for name in names}
    return make


@pytest.fixture
def pass_time(run_virtual):
    """Let hearts beat and others hear it, and so many seconds go by."""
    def wait(seconds, *beating, state=RUNNING):
        async def main():
            for heart in beating:
                heart.beat(state)
            await asyncio.sleep(seconds)
        run_virtual(main())
    return wait


def test_states_are_heard(hearts, pass_time):
    made = hearts("a", "b", "c")
    a, b, c = made.values()
    assert a.not_ready() == ["b", "c"] and not a.someone_runs
    pass_time(0.1, b, state=STARTING)
    assert a.not_ready() == ["b", "c"]
    pass_time(0.1, b, state=READY)
    pass_time(0.1, c, state=RUNNING)
    assert a.not_ready() == [] and a.someone_runs
    pass_time(0.1, b, state=STARTING)  # it was started again
    assert a.not_ready() == ["b"]


def test_silence_is_told_once_and_so_is_the_return(hearts, pass_time):
    a, b, c = hearts("a", "b", "c").values()
    a.start()
    told = []
    for _ in range(12):
        pass_time(0.5, c)
        told.append(a.changes())
    assert [each for each in told if each != ([], [])] == [(["b"], [])]
    pass_time(0.1, b)
    assert a.changes() == ([], ["b"])
    assert a.changes() == ([], [])


def test_nobody_is_late_before_the_start(hearts, pass_time):
    a, _ = hearts("a", "b").values()
    pass_time(100.0)
    a.start()
    pass_time(0.5)
    assert a.changes() == ([], [])


def test_who_slept_itself_does_not_take_the_others_for_gone(hearts, pass_time, network):
    """A process that was stopped finds their words still unread."""
    a, b = hearts("a", "b").values()
    a.start()
    for _ in range(4):
        pass_time(0.5, b)
        assert a.changes() == ([], [])
    network.deaf.add("a")
    for _ in range(100):
        pass_time(0.5, b)
    assert a.changes() == ([], [])
    network.listen("a")
    for _ in range(4):
        pass_time(0.5, b)
        assert a.changes() == ([], [])


def test_who_looks_seldom_notices_all_the_same(hearts, pass_time):
    """A process whose nodes hold its loop up for more than a second, again and again."""
    a, _, c = hearts("a", "b", "c").values()
    a.start()
    gone = []
    for _ in range(20):
        pass_time(0.75, c)
        pass_time(0.75, c)
        gone += a.changes()[0]
    assert gone == ["b"]


def test_beats_that_are_lost_now_and_then_do_no_harm(hearts, pass_time, network):
    a, b = hearts("a", "b").values()
    a.start()
    count = iter(range(1000))
    network.drops = lambda *_: next(count) % 5 != 0
    for _ in range(100):
        pass_time(0.5, b)
        assert a.changes() == ([], [])


@pytest.mark.parametrize("started_again", [False, True])
def test_what_is_heard_again_is_no_sign_of_life(
        hearts, pass_time, network, run_virtual, started_again):
    """Who records sealed words and says them again does not keep a dead process alive."""
    made = hearts("a", "b")
    a = made["a"]
    pass_time(0.5, *made.values())
    if started_again:  # one that has never heard of the first, and may have a smaller number
        made["b"] = hearts("a", "b")["b"]
        for _ in range(3):
            pass_time(0.5, a, made["b"])
    pass_time(0.5, made["b"], state=READY)
    a.start()
    assert a.not_ready() == [] and not a.someone_runs
    said = [message for sender, topic, message in network.said if sender == "b"]
    gone = []
    for _ in range(10):
        run_virtual(network.hear(TOPIC, *said))
        gone += a.changes()[0]
    assert gone == ["b"] and not a.someone_runs


def test_who_takes_the_place_of_another_is_heard(hearts, pass_time, network, monkeypatch):
    a, first = hearts("a", "b").values()
    pass_time(0.5, a, first)
    monkeypatch.setattr("dnne_ros.runtime.coordination.speakers.new_identity",
                        lambda above=0: above + 1)
    again = hearts("a", "b")["b"]  # with a smaller number than it had before
    pass_time(0.5, a, again)
    pass_time(0.5, again, state=READY)
    assert a.not_ready() == [] and not a.someone_runs


def test_other_runs_and_strangers_are_no_sign_of_life(
        hearts, pass_time, network, run_virtual):
    known = {"run": "run 1", "process": "b"}
    a, _ = hearts("a", "b").values()
    other = hearts("a", "b", run_id="run 2")["b"]
    a.start()
    gone = []
    for _ in range(10):
        pass_time(0.5, other)
        run_virtual(network.hear(TOPIC, b"", b"{", [1], known, {**known, "say": {}},
                                 {**known, "say": "dancing"}))
        gone += a.changes()[0]
    assert gone == ["b"] and a.not_ready() == ["b"]
