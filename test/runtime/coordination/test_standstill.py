"""When it is said that nothing moves, over one process and several, in virtual time."""

import asyncio

import pytest

from dnne_ros.deadlocks.wait_for import Cause, NodeWait
from dnne_ros.runtime.coordination.heartbeat import RUNNING, Heartbeat
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.runtime.coordination.standstill import Standstill


class Nodes:
    """Nodes as `NodeWaits` sees them: ``waits`` by name, as (cause, *peers); who ``moves``."""

    def __init__(self, **waits):
        self.waits = waits
        self.count = dict.fromkeys(waits, 0)
        self.paused = False

    def moved(self):
        return dict(self.count)

    def look(self, since):
        return [NodeWait(node, Cause.MOVES if since[node] < 2 else cause,
                         (f"is in {cause.value}",), peers, since[node])
                for node, (cause, *peers) in self.waits.items()]


class Member:
    """A process with its nodes; it looks and beats five times a second, unless it is ``dead``."""

    def __init__(self, name, names, nodes, process_of, network, status, clock):
        group = ProcessGroup(name, tuple(each for each in names if each != name), names[0], "1")
        self.nodes = nodes
        self.status = status
        self.noted = []
        self.dead = False
        self.heartbeat = Heartbeat(network.bus(name), group, 10.0, clock)
        self.heartbeat.start()
        self.standstill = Standstill(group, nodes, process_of, self.heartbeat, status,
                                     lambda node, text: self.noted.append((node, text)), clock)

    async def live(self):
        while not self.dead:
            self.standstill.look()
            self.heartbeat.beat(RUNNING)
            await asyncio.sleep(0.2)


@pytest.fixture
def members(network, make_status, virtual_loop):
    """Make processes ``name=Nodes``; the first one leads."""
    def make(**nodes):
        process_of = {node: name for name, each in nodes.items() for node in each.waits}
        return [Member(name, list(nodes), each, process_of, network, make_status(),
                       virtual_loop.time) for name, each in nodes.items()]
    return make


@pytest.fixture
def pass_time(run_virtual):
    """Let processes live for so many seconds; ``busy`` nodes move all the time."""
    def wait(seconds, members, busy=()):
        async def work():
            while True:
                for member in members:
                    for node in busy:
                        if node in member.nodes.count:
                            member.nodes.count[node] += 1
                await asyncio.sleep(0.1)

        async def main():
            lives = [asyncio.ensure_future(life) for life in (
                *(member.live() for member in members), work())]
            await asyncio.sleep(seconds)
            for life in lives:
                life.cancel()
        run_virtual(main())
    return wait


@pytest.fixture
def ring():
    """Return what two nodes say that wait for each other."""
    return {"a": (Cause.NODES, "b"), "b": (Cause.NODES, "a")}


def pictures(member):
    return [said.splitlines() for said in member.status.warnings]


def test_a_graph_that_moves_is_left_alone(members, pass_time, ring):
    fused, = members(main=Nodes(**ring))
    pass_time(60, [fused], busy=["a"])
    assert fused.status.messages == [] and fused.noted == []


def test_a_circle_is_told_once_when_nothing_has_moved_for_ten_seconds(members, pass_time, ring):
    fused, = members(main=Nodes(**ring))
    pass_time(9, [fused])
    assert pictures(fused) == []
    pass_time(60, [fused])
    (first, circle, *lines), = pictures(fused)
    assert first.startswith("nothing has moved for 1") and "in a circle" in circle
    assert [line.split()[0] for line in lines] == ["a", "b"]


def test_processes_put_their_parts_together(members, pass_time):
    """The circle goes through both of them; neither knows more than its half."""
    one, two = members(one=Nodes(a=(Cause.NODES, "b")), two=Nodes(b=(Cause.NODES, "a")))
    pass_time(20, [one, two])
    (_, circle, *lines), = pictures(one)
    assert "a waits for b waits for a" in circle and len(lines) == 2
    assert two.status.messages == []


def test_one_process_that_moves_keeps_the_others_quiet(members, pass_time):
    one, two = members(one=Nodes(a=(Cause.NODES, "b")), two=Nodes(b=(Cause.CODE,)))
    pass_time(60, [one, two], busy=["b"])
    assert pictures(one) == []


def test_a_process_that_is_silent_is_named(members, pass_time):
    one, two = members(one=Nodes(a=(Cause.NODES, "b")), two=Nodes(b=(Cause.CODE,)))
    pass_time(2, [one, two])
    two.dead = True
    pass_time(40, [one])
    (_, *lines), = pictures(one)
    assert lines[1].strip().startswith("b is in process two, which gives no sign of life")


def test_some_that_wait_for_each_other_are_told_while_others_move(members, pass_time, ring):
    fused, = members(main=Nodes(**ring, c=(Cause.TIME,), d=(Cause.NODES, "c")))
    pass_time(20, [fused], busy=["c"])
    (first, *lines), = pictures(fused)
    assert first.startswith("these nodes have not moved for 1") and len(lines) == 3


def test_who_waits_for_the_world_outside_says_so_once_and_that_is_all(members, pass_time):
    fused, = members(main=Nodes(a=(Cause.OUTSIDE,), b=(Cause.NODES, "a")))
    pass_time(100, [fused])
    assert fused.status.messages == []
    assert fused.noted == [("a", "is in outside")]


def test_a_source_that_sleeps_long_is_no_standstill(members, pass_time):
    fused, = members(main=Nodes(a=(Cause.TIME,), b=(Cause.NODES, "a")))
    pass_time(100, [fused])
    assert fused.status.messages == []


def test_code_has_more_time_than_a_circle(members, pass_time):
    fused, = members(main=Nodes(a=(Cause.CODE,), b=(Cause.NODES, "a")))
    pass_time(25, [fused])
    assert pictures(fused) == []
    pass_time(10, [fused])
    assert len(pictures(fused)) == 1


def test_when_it_moves_again_nothing_is_left_of_it_and_a_new_picture_is_told(
        members, pass_time, ring):
    fused, = members(main=Nodes(**ring))
    pass_time(15, [fused])
    pass_time(5, [fused], busy=["a", "b"])
    assert [said["lines"] == [] for said in fused.status.of("standstill")] == [False, True]
    fused.nodes.waits = {"a": (Cause.CLOCK,), "b": (Cause.NODES, "a")}
    pass_time(15, [fused])
    assert len(pictures(fused)) == 2


def test_a_run_that_ends_in_a_standstill_says_so_sooner(members, pass_time, ring):
    fused, = members(main=Nodes(**ring))
    pass_time(1, [fused])
    fused.standstill.tell_at_end()
    assert pictures(fused) == []
    pass_time(4, [fused])
    fused.standstill.tell_at_end()
    fused.standstill.tell_at_end()
    assert len(pictures(fused)) == 1


def test_a_run_that_is_paused_does_not_stand_still(members, pass_time, ring):
    fused, = members(main=Nodes(**ring))
    fused.nodes.paused = True
    pass_time(60, [fused])
    fused.nodes.paused = False  # and is given as much time as any
    pass_time(9, [fused])
    assert pictures(fused) == []
    pass_time(60, [fused])
    assert len(pictures(fused)) == 1


@pytest.mark.parametrize("moved, said", [(0, 1), (5, 0)])
def test_at_the_end_code_counts_only_if_nothing_has_ever_moved(members, pass_time, moved, said):
    fused, = members(main=Nodes(a=(Cause.CODE,), b=(Cause.NODES, "a")))
    fused.nodes.count["a"] = moved
    pass_time(4, [fused])
    fused.standstill.tell_at_end()
    assert len(pictures(fused)) == said


def test_a_machine_that_slept_has_not_stood_still(members, pass_time, ring, virtual_loop):
    fused, = members(main=Nodes(**ring))
    pass_time(2, [fused])
    virtual_loop._jumping.now += 3600
    pass_time(3, [fused])
    assert pictures(fused) == []


def test_a_strangers_nonsense_counts_for_nothing(members, pass_time, ring):
    one, two = members(one=Nodes(**ring), two=Nodes(c=(Cause.NODES, "a")))
    two.standstill.look = lambda: None
    two.heartbeat.own_part = [{"node": "c"}]
    pass_time(20, [one, two])
    (_, *lines), = pictures(one)
    assert len(lines) == 3  # the circle of the two that are known, and each of them
