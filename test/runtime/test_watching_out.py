"""Looking for the next event instead of sleeping, and leaving off where others want the core."""

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from dnne_ros.runtime import offered_core, watching_out
from dnne_ros.runtime.watching_out import WatchingOut

EVENT = [(3, 1)]
MICROSECOND = 1e-6


class Machine:
    """A clock, a file and a core; ``comes`` is after how long of waiting the next event is there.

    ``other`` is for how long somebody else has the core when it is to be had, ``interrupted`` for
    how long an interrupt; ``waking`` is what it takes to be woken.
    """

    def __init__(self, monkeypatch):
        self.now, self.comes, self.other, self.interrupted = 10.0, 0.0, 0.0, 0.0
        self.waking = 0.0
        self.slept, self.looked, self._lost = [], 0, 0
        self._there = 0.0
        self.parts = 0
        self.set_clocks(monkeypatch)
        self.waiting = WatchingOut(self._poll)

    def set_clocks(self, monkeypatch):
        """Let the modules see this machine, from now on."""
        for module in (watching_out, offered_core):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(offered_core.os, "sched_yield", self._yield)
        monkeypatch.setattr(offered_core, "_times_lost", lambda: self._lost)

    def wait(self, times=1, seconds=0.001):
        """Wait for so many events, one by one."""
        for _ in range(times):
            self._there = self.now + self.comes
            ready = self.waiting.wait(seconds)
        return ready

    def wait_in_parts(self, seconds, part):
        """Wait for an event that is there in ``seconds``, as the loop does: part by part."""
        self._there = self.now + seconds
        self.parts = 1
        while not self.waiting.wait(part):
            self.parts += 1

    def _poll(self, seconds, most):
        assert most > 0
        if not seconds:
            self.looked += 1
            self.now += MICROSECOND
            return EVENT if self.now >= self._there else []
        until = self.now + seconds
        ready = EVENT if self._there <= until else []
        self.slept.append(seconds)
        self.now = max(self.now, min(until, self._there)) + self.waking
        return ready

    def _yield(self):
        self.now += self.other + self.interrupted
        self._lost += self.other > 0.0


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_what_comes_soon_time_after_time_is_looked_for(machine):
    machine.comes = 30 * MICROSECOND
    machine.wait(100)
    machine.slept.clear()
    assert machine.wait(100) == EVENT
    assert not machine.slept and machine.looked > 1000


def test_who_has_always_slept_tries_it_after_some_waits(machine):
    machine.comes, machine.waking = 220 * MICROSECOND, 60 * MICROSECOND
    machine.wait(20)
    assert len(machine.slept) == watching_out._WAITS


def test_two_that_wait_for_each_other_begin_to_look_out(monkeypatch):
    work, waking = 150 * MICROSECOND, 70 * MICROSECOND
    ends = [Machine(monkeypatch), Machine(monkeypatch)]
    for end in ends:
        end.waking = waking
    for number in range(40):
        one, other = ends[number % 2], ends[1 - number % 2]
        one.set_clocks(monkeypatch)
        one.comes = work + waking * bool(other.slept or number == 0)
        one.slept.clear()
        one.wait()
    assert not ends[0].slept and not ends[1].slept


@pytest.mark.parametrize(("comes", "patience"), [
    (30e-6, 0.0), (200e-6, watching_out._WORTH), (600e-6, 0.0)])
def test_other_things_wait_for_an_event_that_takes_a_moment(machine, comes, patience):
    assert not machine.waiting.patience
    machine.comes = comes
    machine.wait(2 * watching_out._WAITS)
    assert machine.waiting.patience == patience


def test_what_the_loop_does_in_between_is_no_wait(machine):
    machine.comes = 30 * MICROSECOND
    for _ in range(100):
        machine.wait()
        machine.now += 0.005
    machine.slept.clear()
    machine.wait(10)
    assert not machine.slept


def test_a_wait_in_several_parts_is_one(machine):
    machine.comes = 30 * MICROSECOND
    machine.wait(100)
    machine.looked = 0
    machine.wait_in_parts(0.01, 0.001)
    looked = machine.looked
    machine.wait(watching_out._WAITS)
    assert machine.looked == looked <= watching_out._LONGEST / MICROSECOND + 1


@given(st.lists(st.floats(0.0, 0.005), max_size=60), st.sampled_from([0.0002, 0.001, 0.004]))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_looks_in_vain_are_few(monkeypatch, waits, part):
    machine = Machine(monkeypatch)
    vain = []
    for number, seconds in enumerate(waits):
        machine.looked = 0
        machine.wait_in_parts(seconds, part)
        rare = any(before > watching_out._LONG + machine.waking + 2 * watching_out._WAKING
                   for before in waits[max(0, number - watching_out._WAITS):number])
        assert not (rare and machine.looked > machine.parts)
        vain.append(machine.looked > machine.parts and seconds > watching_out._LONGEST)
        assert sum(vain[-watching_out._WAITS:]) <= 2


def test_what_comes_seldom_is_slept_for(machine):
    machine.comes = 600 * MICROSECOND
    assert machine.wait(100) == EVENT
    assert len(machine.slept) == 100 and not machine.looked


def test_what_does_not_come_for_once_is_slept_for_after_a_moment(machine):
    machine.comes = 30 * MICROSECOND
    machine.wait(100)
    machine.slept.clear()
    machine.comes = 1.0
    before = machine.now
    assert machine.wait() == []
    assert len(machine.slept) == 1 and machine.now - before < 0.00101


def test_whoever_wants_the_core_has_it(machine):
    machine.comes = 30 * MICROSECOND
    machine.wait(100)
    machine.other = 0.001  # somebody computes on this core
    machine.slept.clear()
    machine.looked = 0
    machine.wait(10_000)  # 0.3 s
    assert machine.looked < 10 and len(machine.slept) > 9_000
    machine.other = 0.0
    machine.now += 1.0
    machine.slept.clear()
    machine.wait(10)
    assert not machine.slept


def test_an_interrupt_is_nobody_who_wants_the_core(machine):
    machine.comes = 60 * MICROSECOND
    machine.wait(100)
    machine.interrupted = 25 * MICROSECOND
    machine.slept.clear()
    machine.wait(100)
    assert not machine.slept


def test_the_kernel_counts_who_is_given_the_core():
    own = os.sched_getaffinity(0)
    before = offered_core._times_lost()
    os.sched_setaffinity(0, {min(own)})
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            while offered_core._times_lost() == before and other.poll() is None:
                os.sched_yield()
        finally:
            os.sched_setaffinity(0, own)
            other.kill()
    assert offered_core._times_lost() > before


def test_who_does_not_wait_at_all_only_looks(machine):
    assert machine.wait(seconds=0) == EVENT
    assert not machine.slept and machine.looked == 1
