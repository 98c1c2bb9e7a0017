"""How hosts meet, in any order, on cards that are handed on in memory; time is ours to move."""

import pytest

from dnne_ros.runtime.coordination.host_card import HostCard
from dnne_ros.runtime.coordination.host_meeting import HostMeeting
from dnne_ros.transport.seal import Seal

HOSTS = {"robot": ("sim", "arm"), "desk": ("learn",)}
ABOUT = {"nodes": "1a", "links": "2b", "placement": "3c", "--seed": "0"}


class Hall:
    """Where processes meet; each hears all cards once a second."""

    def __init__(self):
        self.time = 100.0
        self.meetings = {}

    def enter(self, process, *, version="1.0", about=ABOUT, may_join=False, incarnation=1,
              host=None):
        """Let a process come, which would give the run its own name."""
        host = host or next(name for name, names in HOSTS.items() if process in names)
        card = HostCard(host, process, incarnation, version, about)
        self.meetings[process] = HostMeeting(card, HOSTS, "learn", f"run of {process}",
                                             may_join, lambda: self.time)
        return self.meetings[process]

    def leave(self, process):
        """Let a process be gone without a word."""
        return self.meetings.pop(process)

    def pass_time(self, seconds=3):
        """Let all say their cards once a second."""
        for _ in range(seconds):
            self.time += 1.0
            for card in [meeting.card for meeting in self.meetings.values()]:
                for meeting in self.meetings.values():
                    if meeting.card != card:
                        meeting.note(card, True)

    @property
    def runs(self):
        return {process: meeting.run for process, meeting in self.meetings.items()}


@pytest.fixture
def hall():
    """Return an empty one."""
    return Hall()


@pytest.mark.parametrize("order", [
    ("sim", "arm", "learn"), ("learn", "arm", "sim"), ("arm", "learn", "sim")])
def test_nobody_begins_before_all_are_there_and_all_have_the_leaders_run(hall, order):
    for process in order[:-1]:
        hall.enter(process)
        hall.pass_time()
    assert set(hall.runs.values()) == {""}
    missing = next(host for host, names in HOSTS.items() if order[-1] in names)
    others = [meeting for meeting in hall.meetings.values() if meeting.card.host != missing]
    assert all(missing in meeting.absent() for meeting in others)
    hall.enter(order[-1])
    hall.pass_time()
    assert set(hall.runs.values()) == {"run of learn"}
    assert not any(meeting.absent() for meeting in hall.meetings.values())


def test_who_leaves_before_all_are_there_is_waited_for_again(hall):
    hall.enter("sim")
    learn = hall.enter("learn")
    hall.pass_time()
    hall.leave("sim")
    hall.pass_time(10)
    hall.enter("arm")
    hall.pass_time()
    assert learn.run == "" and list(learn.absent()) == ["robot"]
    hall.enter("sim", incarnation=2)
    hall.pass_time()
    assert set(hall.runs.values()) == {"run of learn"}


def begun(hall, **options):
    for process in ("sim", "arm", "learn"):
        hall.enter(process, **options)
    hall.pass_time()
    for meeting in hall.meetings.values():
        meeting.begin()
    return hall


@pytest.mark.parametrize("process", ["sim", "learn"])
def test_who_may_join_takes_part_in_the_run_that_has_begun(hall, process):
    begun(hall, may_join=True).leave(process)
    hall.pass_time(10)
    newcomer = hall.enter(process, may_join=True, incarnation=2)
    hall.pass_time()
    assert newcomer.run == "run of learn"


@pytest.mark.parametrize("process", ["sim", "learn"])
def test_who_may_not_join_waits_until_the_run_without_it_is_over(hall, process):
    begun(hall).leave(process)
    newcomer = hall.enter(process, incarnation=2)
    hall.pass_time()
    assert newcomer.run == ""
    assert "is still in a run that has begun without this host" in newcomer.absent().values()
    for other in {"sim", "arm", "learn"} - {process}:
        hall.leave(other)
    for other in {"sim", "arm", "learn"} - {process}:
        hall.enter(other, incarnation=3)
    hall.pass_time(10)
    assert set(hall.runs.values()) == {"run of learn"}


@pytest.mark.parametrize(("there", "said"), [
    ({"version": "1.1"}, "dnne_ros 1.1 here, and 1.0 on host robot; expected the same"),
    ({"about": {**ABOUT, "nodes": "9z"}}, "nodes 9z here, and 1a on host robot; expected"),
    ({"about": {**ABOUT, "--seed": "4"}}, "--seed 4 here, and 0 on host robot; expected"),
])
def test_who_does_not_fit_is_refused_on_both_sides(hall, there, said):
    sim, learn = hall.enter("sim"), hall.enter("learn", **there)
    hall.enter("arm")
    hall.pass_time()
    assert said in learn.refusal
    assert "on host desk" in sim.refusal
    assert set(hall.runs.values()) == {""}


def test_the_second_machine_of_one_name_is_refused_and_the_first_is_not(hall):
    first = hall.enter("sim")
    hall.pass_time()
    second = HostMeeting(HostCard("robot", "sim", 2, "1.0", ABOUT), HOSTS, "learn", "other",
                         now=lambda: hall.time)
    for _ in range(2):
        first.note(second.card, True)
        second.note(first.card, True)
    assert not first.refusal
    assert "is host robot of this run already" in second.refusal


def test_cards_that_somebody_kept_from_an_earlier_run_change_nothing(hall):
    begun(hall)
    kept = [meeting.card for meeting in hall.meetings.values()]
    hall.meetings.clear()
    sim = hall.enter("sim", incarnation=2, may_join=True, version="1.1")
    for _ in range(3):
        for card in kept:
            sim.note(card, True)
    assert sim.run == sim.refusal == "" and set(sim.absent()) == {"robot", "desk"}


def test_a_card_without_the_key_changes_nothing_and_its_host_is_named_once(hall):
    learn = hall.enter("learn")
    forged = HostCard("robot", "sim", 5, "9.9", {}, run="theirs")
    assert learn.note(forged, False) == \
        "host robot has been heard, but with another key than that of host desk; it is refused"
    assert learn.note(forged, False) == ""
    assert learn.run == learn.refusal == ""
    assert learn.absent() == {"robot": "has been heard, but with another key"}
    assert learn.note(HostCard("nobody", "sim", 5, "9.9", {}), False) == ""


def test_a_card_travels_and_shows_whether_its_writer_has_the_key():
    card = HostCard("robot", "sim", 7, "1.0", ABOUT, "a run", True, 2.5, {"learn": 9})
    text = card.to_text(Seal(b"k" * 32, "/graph/_hosts"))
    assert HostCard.from_text(text, Seal(b"k" * 32, "/graph/_hosts")) == (card, True)
    assert HostCard.from_text(text, Seal(b"x" * 32, "/graph/_hosts")) == (card, False)
    assert HostCard.from_text(text.replace("sim", "arm"), Seal(b"k" * 32, "/graph/_hosts"))[1] \
        is False


@pytest.mark.parametrize("text", [
    "", "00 {}", "00 []", "zz {}", '00 {"host": 1}', "00 " + "[" * 5000, "x" * 20_000,
    '00 {"host": "a", "process": "b", "version": "c", "run": "", "incarnation": -1, "about": {}}',
    '00 {"host": "a", "process": "b", "version": "c", "run": "", "incarnation": 1, "about": [1]}',
])
def test_what_is_no_card_is_refused(text):
    with pytest.raises((ValueError, RecursionError)):
        HostCard.from_text(text, Seal(b"", "topic"))
