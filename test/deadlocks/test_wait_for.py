"""Who can go on in a graph in which nothing moves, and who waits for whom in a circle."""

import json

import pytest

from dnne_ros.deadlocks.wait_for import Cause, NodeWait, WaitForGraph


def wait(node, *peers, cause=Cause.NODES, since=12.0):
    return NodeWait(node, cause, (f"waits for {', '.join(peers) or 'something'}",), peers, since)


def test_two_that_wait_for_each_other_are_a_circle_and_stuck_with_all_who_wait_for_them():
    graph = WaitForGraph([wait("c", "a"), wait("a", "b"), wait("b", "a")])
    assert graph.cycle() == ["a", "b"]
    assert graph.stuck() == ["c", "a", "b"] == graph.deadlocked(10.0)
    assert graph.lines(graph.waits) == [
        "in a circle: a waits for b waits for a", "c waits for a, for 12 s",
        "a waits for b, for 12 s", "b waits for a, for 12 s"]


def test_a_circle_far_behind_the_first_node_is_found_and_one_with_itself():
    far = [wait("a", "b", "c"), wait("b", "d"), wait("c", "d"), wait("d", "e"), wait("e", "c")]
    assert WaitForGraph(far).cycle() == ["d", "e", "c"]
    assert WaitForGraph([wait("a", "a")]).cycle() == ["a"]
    assert WaitForGraph([wait("a", "b", "b"), wait("b")]).cycle() == []


@pytest.mark.parametrize("cause", [Cause.OUTSIDE, Cause.TIME, Cause.CODE, Cause.SILENT,
                                   Cause.MOVES])
def test_who_waits_for_one_that_may_go_on_is_not_stuck(cause):
    graph = WaitForGraph([wait("a", "b"), wait("b", "c"), wait("c", cause=cause)])
    assert graph.stuck() == []


@pytest.mark.parametrize("cause, dead", [(Cause.CLOCK, ["a", "b"]), (Cause.THROUGH, [])])
def test_who_waits_for_a_clock_that_stands_or_for_one_that_is_through_is_stuck(cause, dead):
    """Only the first is a fault for sure: the second may have all that it needs."""
    graph = WaitForGraph([wait("a", "b"), wait("b", cause=cause)])
    assert "a" in graph.stuck()
    assert graph.deadlocked(10.0) == dead


def test_a_merge_goes_on_with_whichever_comes_first():
    """In a circle, but with a second way in from the world outside."""
    graph = WaitForGraph([wait("merge", "b", "topic"), wait("b", "merge"),
                          wait("topic", cause=Cause.OUTSIDE)])
    assert graph.stuck() == []


def test_a_wait_that_is_young_is_no_deadlock_yet():
    graph = WaitForGraph([wait("a", "b", since=3.0), wait("b", "a", since=11.0)])
    assert graph.deadlocked(10.0) == ["b"] and graph.seconds == 3.0


def test_a_wait_goes_to_another_process_and_back():
    here = NodeWait("a", Cause.OUTSIDE, ("waits for x", "and y"), ("b",), 1.5)
    assert NodeWait.from_dict(json.loads(json.dumps(here.as_dict()))) == here
    for nonsense in ({}, {**here.as_dict(), "cause": "?"}, {**here.as_dict(), "since": "long"}):
        with pytest.raises((ValueError, KeyError)):
            NodeWait.from_dict(nonsense)
