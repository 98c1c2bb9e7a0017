"""Traces of hosts whose clocks differ."""

import pytest

from dnne_ros.errors import InputError
from dnne_ros.tracing.clocks import join
from dnne_ros.tracing.ring import Kind
from dnne_ros.tracing.trace import Act, EdgeInfo, ProcessInfo, Trace

MS = 1_000_000
OUT = EdgeInfo("a/out → b/in", ("a", "out"), ("b", "in"), "lossless", 100)
BACK = EdgeInfo("b/out → a/in", ("b", "out"), ("a", "in"), "lossless", 100)


def sent(at, number):
    return Act(Kind.SENT, at, at, at, "out", number)


def taken(at, number):
    return Act(Kind.TAKEN, at, at, at, "in", number, waited=True)


def traces(ahead, *edges, epoch=0):
    """Return what two hosts recorded; the clock of the second is ``ahead``, in ms.

    An item takes 2 ms to the second, and 4 ms back.
    """
    robot = Trace("/made", edges={edge.name: edge for edge in edges})
    robot.add(ProcessInfo("p", 1, "robot", 0), {
        "a": [sent(100 * MS, 1), taken(107 * MS, 1), sent(200 * MS, 2), taken(209 * MS, 2)]})
    desk = Trace("/made", edges={edge.name: edge for edge in edges})
    desk.add(ProcessInfo("q", 1, "desk", epoch * MS), {
        "b": [taken((102 + ahead) * MS, 1), sent((103 + ahead) * MS, 1),
              taken((204 + ahead) * MS, 2), sent((205 + ahead) * MS, 2)]})
    return robot, desk


@pytest.mark.parametrize("ahead", [0, 5000, -5000])
def test_items_both_ways_align_the_clocks(ahead):
    joined = join(traces(ahead, OUT, BACK))
    first = joined.acts["b"][0]
    # Half of the difference between 2 and 4 ms is wrong, and within what is said.
    assert first.ended == (102 + 1) * MS
    assert joined.notes == ["clock of host desk: aligned with that of robot by items both ways, "
                            "to within 3.000 ms"]
    assert joined.acts["a"][0].began == 100 * MS


def test_with_items_one_way_the_time_of_day_counts():
    joined = join(traces(5000, OUT, epoch=-4990))
    assert joined.acts["b"][0].ended == 112 * MS
    assert "taken for what its time of day says" in joined.notes[0]


def test_no_item_comes_before_it_was_sent():
    joined = join(traces(5000, OUT, epoch=-5100))
    assert joined.acts["b"][0].ended == 100 * MS
    assert "no item comes before it was sent" in joined.notes[0]


def test_traces_that_do_not_belong_together():
    robot, desk = traces(0, OUT)
    with pytest.raises(InputError, match="one trace of each host"):
        join([robot, robot])
    desk.graph = "/other"
    with pytest.raises(InputError, match="of one graph, found /made, /other"):
        join([robot, desk])
    assert join([robot]) is robot
