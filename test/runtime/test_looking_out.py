"""Being awake when a robot's next message is due, and leaving off where others want the core."""

import pytest

from dnne_ros.runtime import looking_out, offered_core
from dnne_ros.runtime.looking_out import LookingOut, Rhythm

MICROSECOND = 1e-6
PERIOD = 2000 * MICROSECOND
WORK = 300 * MICROSECOND


class Machine:
    """A clock, an executor and a core.

    ``other``: for how long somebody else takes the core; ``bringing``: who brings a message.
    """

    def __init__(self, monkeypatch):
        self.now, self.other, self.lost = 10.0, 0.0, 0
        self.bringing, self.period = 0.0, PERIOD
        self.heard = None
        self.slept, self.looked = [], 0
        self.due = self.now + PERIOD
        self.rhythm = Rhythm()
        for module in (looking_out, offered_core):
            monkeypatch.setattr(module, "monotonic", lambda: self.now)
        monkeypatch.setattr(offered_core.os, "sched_yield", self._yield)
        monkeypatch.setattr(offered_core, "_times_lost", lambda: self.lost)
        self.waiting = LookingOut(self._spin_once)
        self.waiting.rhythms.append(self.rhythm)

    def messages(self, count, jitter=0.0):
        """Wait until so many have come; return how late each was heard."""
        late = []
        for number in range(count):
            self.heard = None
            while self.heard is None:
                self.waiting.wait(1.0, self.now)
            late.append(self.heard - self.due)
            self.due += self.period + jitter * (number % 2)
        return late

    def _spin_once(self, seconds):
        """Run what is due within ``seconds``; who sleeps until then is woken a little later."""
        if seconds <= 0:
            self.looked += 1
            self.now += 5 * MICROSECOND
        else:
            self.slept.append(seconds)
            self.now = max(self.now, min(self.now + seconds, self.due + 30 * MICROSECOND))
        if self.now >= self.due and self.heard is None:
            self.heard, self.now = self.now, self.now + WORK
            self.rhythm.note(self.due)

    def _yield(self):
        taken = self.other or self.bringing * (self.now + self.bringing >= self.due)
        self.now += taken
        self.lost += taken > 0


@pytest.fixture
def machine(monkeypatch):
    return Machine(monkeypatch)


def test_what_comes_at_a_steady_rate_is_looked_out_for(machine):
    machine.messages(4)
    machine.slept.clear()
    assert max(machine.messages(50)) < 10 * MICROSECOND
    assert max(machine.slept) < PERIOD - WORK  # it was awake before
    assert machine.looked < 50 * 60  # and for no longer than some 200 µs of each period


def test_rounds_far_apart_are_rehearsed_once_each_before_their_message_is_due(machine):
    rehearsed = []

    def rehearse():
        rehearsed.append(machine.due - machine.now)
        machine.now += 100 * MICROSECOND

    machine.waiting.rehearsals.append(rehearse)
    machine.messages(20)
    assert not rehearsed  # 500 a second are never cold
    machine.period = 16000 * MICROSECOND
    machine.messages(10)
    rehearsed.clear()
    assert max(machine.messages(50)) < 10 * MICROSECOND
    assert len(rehearsed) == 50 and min(rehearsed) > 200 * MICROSECOND


def test_a_rehearsal_that_fails_is_given_up_and_others_go_on(machine):
    rehearsed = []
    machine.waiting.rehearsals += [lambda: 1 / 0, lambda: rehearsed.append(True)]
    machine.period = 16000 * MICROSECOND
    machine.messages(10)
    assert len(machine.waiting.rehearsals) == 1 and len(rehearsed) > 3


@pytest.mark.parametrize("jitter", [0.9 * PERIOD, 60 * PERIOD])
def test_what_comes_at_any_time_or_seldom_is_waited_for(machine, jitter):
    machine.messages(20, jitter)
    assert not machine.looked


def test_who_has_lost_the_core_to_others_leaves_off_for_longer_each_time(machine):
    machine.messages(10)
    machine.other = 50 * MICROSECOND
    machine.messages(500)
    machine.looked = 0
    machine.messages(400)  # 0.8 s
    assert machine.looked <= 2


def test_who_brings_the_message_may_take_the_core(machine):
    machine.messages(10)
    machine.bringing = 50 * MICROSECOND
    machine.slept.clear()
    assert max(machine.messages(50)) < 10 * MICROSECOND
    assert max(machine.slept) < PERIOD - WORK


def test_who_keeps_the_core_for_longer_than_the_window_ends_looking_out(machine):
    machine.messages(10)
    machine.other = 10 * PERIOD
    machine.messages(1)
    machine.other = 0.0
    machine.messages(3)
    machine.looked = 0
    machine.messages(3)
    assert not machine.looked


def test_a_message_that_does_not_come_is_waited_for_no_longer_than_its_window(machine):
    machine.messages(10)
    machine.due, machine.heard = machine.due + 1.0, None
    machine.waiting.wait(0.5, machine.now)
    before, machine.looked = machine.now, 0
    machine.waiting.wait(0.5, machine.now)
    assert not machine.looked and machine.now == pytest.approx(before + 0.5)


def test_a_wait_ends_when_its_time_is_over_also_while_it_looks(machine):
    machine.messages(10)
    begin, end, _ = machine.rhythm.next_window()
    machine.now = begin
    machine.waiting.wait(50 * MICROSECOND, machine.now)
    assert begin + 50 * MICROSECOND <= machine.now < end - 100 * MICROSECOND
