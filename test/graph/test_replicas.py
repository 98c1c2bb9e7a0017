"""What files may say of a node's replicas, and of which nodes."""

import pytest

from dnne_ros.graph.replicas import PROCESSES, THREADS, Replicas


def read(asked, own_process=False):
    """Return the replicas and the problems."""
    problems = []
    return Replicas.read(asked, own_process, problems.append), problems


@pytest.mark.parametrize(("asked", "expected"), [
    (4, Replicas(4, THREADS)),
    ({"count": 1, "in": "processes"}, Replicas(1, PROCESSES)),
    ({"count": 64, "key": "order.customer", "unordered": True},
     Replicas(64, THREADS, "order.customer", True))])
def test_a_number_or_an_object(asked, expected):
    found, problems = read(asked)
    assert (found, problems) == (expected, [])
    assert read(found.as_option()) == (found, []), "what is exported is read again"


def test_a_type_that_asks_for_a_process_of_its_own_has_its_replicas_in_processes():
    assert read(2, own_process=True)[0].within == PROCESSES
    assert read({"count": 2, "in": "threads"}, own_process=True)[0].within == THREADS


@pytest.mark.parametrize(("asked", "said"), [
    (True, "expected a whole number from 1 to 64, found True"),
    ("4", "expected a whole number from 1 to 64, found '4'"),
    (None, "expected a whole number from 1 to 64, found None"),
    ({}, "count: expected a whole number from 1 to 64, found None"),
    ({"count": 2, "in": None}, "in: expected threads or processes, found None"),
    ({"count": 2, "key": ""}, "key: expected an input, such as order.customer, found ''"),
    ({"count": 65}, "count: expected a whole number from 1 to 64, found 65"),
    ({"count": 2, "keys": "a"}, "unknown entry 'keys'; expected count, in, key, unordered"),
    ({"count": 2, "in": "fork"}, "in: expected threads or processes, found 'fork'"),
    ({"count": 2, "key": 3}, "key: expected an input, such as order.customer, found 3"),
    ({"count": 2, "unordered": 1}, "unordered: expected true or false, found 1")])
def test_what_makes_no_sense_is_said(asked, said):
    assert read(asked) == (None, [said])
