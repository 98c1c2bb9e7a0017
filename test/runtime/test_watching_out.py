"""Looking for the next event instead of sleeping, and leaving off where others want the core."""

import os
import subprocess
import sys

import pytest

from dnne_ros.runtime import offered_core, watching_out
from dnne_ros.runtime.watching_out import WatchingOut

EVENT = [(3, 1)]
MICROSECOND = 1e-6


class Machine:
    """A clock, a file and a core; ``comes`` is after how long of waiting the next event is there.

    ``other`` is for how long somebody else has the core when it is to be had, ``interrupted`` for
    how long an interrupt.
    """

    def __init__(self, monkeypatch):
        self.now, self.comes, self.other, self.interrupted = 10.0, 0.0, 0.0, 0.0
        self.slept, self.looked, self._lost = [], 0, 0
        self._there = 0.0
        for module in (watching_out, offered_core):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(offered_core.os, "sched_yield", self._yield)
        monkeypatch.setattr(offered_core, "_times_lost", lambda: self._lost)
        self.waiting = WatchingOut(self._poll)

    def wait(self, times=1, seconds=0.001):
        """Wait for so many events, one by one."""
        for _ in range(times):
            self._there = self.now + self.comes
            ready = self.waiting.wait(seconds)
        return ready

    def _poll(self, seconds, most):
        assert most > 0
        if not seconds:
            self.looked += 1
            self.now += MICROSECOND
            return EVENT if self.now >= self._there else []
        until = self.now + seconds
        ready = EVENT if self._there <= until else []
        self.slept.append(seconds)
        self.now = max(self.now, min(until, self._there))
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


def test_what_comes_seldom_is_slept_for(machine):
    machine.comes = 300 * MICROSECOND
    assert machine.wait(100) == EVENT
    assert len(machine.slept) == 100 and not machine.looked


def test_what_does_not_come_for_once_is_slept_for_after_a_moment(machine):
    machine.comes = 30 * MICROSECOND
    machine.wait(100)
    machine.slept.clear()
    machine.comes = 1.0
    before = machine.now
    assert machine.wait() == []
    assert machine.slept == [0.001] and machine.now - before < 0.0013


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
