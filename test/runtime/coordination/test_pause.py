"""A run that is paused in one process, in all of them, whatever becomes of the messages."""

import asyncio

import pytest

from dnne_ros.runtime.coordination.heartbeat import RUNNING, Heartbeat
from dnne_ros.runtime.coordination.pause import BreakpointWord, Pause, RunState
from dnne_ros.runtime.coordination.run_channel import ProcessGroup

NAMES = ("a", "b", "c")


@pytest.fixture
def process(network, virtual_loop):
    """Return the pause of a process, which goes along with its signs of life."""
    def make(name):
        pause = Pause(name)
        others = tuple(each for each in NAMES if each != name)
        heart = Heartbeat(network.bus(name), ProcessGroup(name, others, "a", "run 1"), 3.0,
                          virtual_loop.time, pause)
        pause.on_set = lambda: heart.beat(RUNNING)
        pause.heart = heart
        return pause
    return make


@pytest.fixture
def change(run_virtual):
    """Set a pause, and let the others hear it."""
    def each(pause, paused):
        async def main():
            pause.set(paused)
            await asyncio.sleep(1.0)
        run_virtual(main())
    return each


@pytest.fixture
def beat(run_virtual):
    """Let all hear the signs of life of some."""
    def all_beat(*pauses):
        async def main():
            for pause in pauses:
                pause.heart.beat(RUNNING)
            await asyncio.sleep(1.0)
        run_virtual(main())
    return all_beat


@pytest.fixture
def processes(process):
    return [process(name) for name in NAMES]


def test_all_know_it_at_once(processes, run_virtual):
    heard = []
    for pause in processes:
        pause.on_change = heard.append

    async def main():
        for paused in (True, True, False):
            processes[1].set(paused)
            await asyncio.sleep(0.1)
            assert [pause.paused for pause in processes] == [paused] * 3

    run_virtual(main())
    assert heard == [True] * 3 + [False] * 3


def test_what_is_lost_comes_with_the_next_sign_of_life(processes, network, change, beat):
    network.drops = lambda *where: True
    change(processes[0], True)
    network.drops = lambda *where: False
    assert not processes[2].paused
    beat(*processes)
    assert processes[2].paused


def test_of_two_words_at_once_the_same_counts_everywhere(processes, network, change, beat):
    network.cut = {"c"}
    change(processes[0], True)
    change(processes[2], True)
    beat(*processes)
    change(processes[2], False)
    network.cut = set()
    beat(*processes)
    assert [pause.paused for pause in processes] == [False] * 3


def test_a_process_that_was_started_again_hears_it(processes, process, network, change, beat):
    change(processes[0], True)
    beat(*processes)
    network.forget("c")
    again = process("c")
    assert not again.paused
    beat(*processes[:2])
    assert again.paused
    change(again, False)
    assert [pause.paused for pause in processes[:2]] == [False] * 2


RUN, STOPS = [1, "b", [True, "", "", "", 0]], [1, "b", [[1, "a/x", "nan", True, "me"]]]


@pytest.mark.parametrize("run", [
    None, [1, "b"], ["1", "b", RUN[2]], [2.0, "b", RUN[2]], [1, "b", True], [1, "b", [True]],
    [1, "b", [1, "", "", "", 0]], [1, "b", [True, "", "", "", "1"]]])
def test_what_means_nothing_of_the_run_changes_nothing(run):
    pause = Pause("a")
    with pytest.raises((ValueError, TypeError)):
        pause.hear({"run": run, "breakpoints": [0, "", []]})
    assert not pause.paused


@pytest.mark.parametrize("breakpoints", [
    None, [1, "b", 3], [1, "b", [["1", "a/x", "", True, ""]]], [1, "b", [[1, "a/x", "", True]]],
    [1, "b", [STOPS[2][0]] * 101], [1, "b", [[1, "a" * 3000, "", True, ""]]]])
def test_what_means_nothing_of_breakpoints_changes_nothing(breakpoints):
    pause = Pause("a")
    with pytest.raises((ValueError, TypeError)):
        pause.hear({"run": RUN, "breakpoints": breakpoints})
    assert not pause.paused and pause.breakpoints == ()


def test_all_know_where_to_stop_and_until_when_to_go_on(processes, run_virtual):
    async def main():
        processes[0].set(True, "somebody")
        processes[0].set_breakpoints((BreakpointWord(1, "a/x", "nan", True, "me"),))
        processes[0].set(False, "me", "step", "a/x", 3)
        await asyncio.sleep(0.1)

    run_virtual(main())
    assert [pause.state for pause in processes] == [RunState(False, "me", "step", "a/x", 3)] * 3
    assert [pause.breakpoints for pause in processes] == [
        (BreakpointWord(1, "a/x", "nan", True, "me"),)] * 3


def test_who_waits_goes_on_once_though_the_run_stops_again_at_once(run_virtual):
    pause = Pause("a")
    pause.set(True)

    async def main():
        at_item = asyncio.ensure_future(pause.gone_on())
        before_one = asyncio.ensure_future(pause.over())
        await asyncio.sleep(0.1)
        pause.set(False)
        pause.set(True, "the next item")
        await at_item
        await asyncio.sleep(0.1)
        assert not before_one.done()
        pause.set(False)
        await before_one

    run_virtual(main())


def test_the_end_of_a_run_holds_nobody(run_virtual):
    pause = Pause("a")
    pause.set(True)

    async def main():
        waiting = asyncio.ensure_future(pause.over())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        pause.lift()
        await waiting

    run_virtual(main())
