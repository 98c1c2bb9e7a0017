"""What a number of rounds have moved is counted at once, as if each item had been."""

from types import SimpleNamespace

import pytest

from dnne_ros.node_api.port_types import Int
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.counting import counting
from dnne_ros.runtime.regions.member import Member
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy

ROUNDS, SECONDS = 40, 0.5


class Chain:
    """Two members with an edge before, between and behind them."""

    def __init__(self):
        self.before, self.between, self.behind = (
            LocalEdge(name, EdgePolicy.LOSSLESS, 100) for name in ("before", "between", "behind"))
        self.outputs = [OutputPort(Int(), [edge], None, None, None)
                        for edge in (self.between, self.behind)]
        self.contexts = [SimpleNamespace(node_id=name, items=0) for name in "ab"]
        self.members = [
            Member(context, {"number": edge}, {"out": output}, print)
            for context, edge, output in zip(
                self.contexts, (self.before, self.between), self.outputs, strict=True)]
        self.count = counting(self.members, self.outputs, [self.before])


@pytest.fixture
def chain():
    """Return one through which so many rounds have gone."""
    chain = Chain()
    for number in range(ROUNDS):
        chain.before.deliver(number)
        chain.before.pop()
        chain.behind.append(number)
    chain.count(ROUNDS, SECONDS)
    return chain


def test_each_output_edge_and_node_has_its_items(chain):
    assert [output.sent for output in chain.outputs] == [ROUNDS, ROUNDS]
    assert [(edge.stats.sent, edge.stats.received, edge.stats.depth)
            for edge in (chain.before, chain.between, chain.behind)] == [
                (ROUNDS, ROUNDS, 0), (ROUNDS, ROUNDS, 0), (ROUNDS, 0, ROUNDS)]
    assert [context.items for context in chain.contexts] == [ROUNDS, ROUNDS]


def test_what_was_passed_on_was_on_its_way_for_no_time(chain):
    assert chain.between.stats.latency_max_s == 0.0


def test_what_waits_between_two_was_on_its_way_for_so_many_rounds(chain):
    for _ in range(3):
        chain.between.append(0)
    chain.count(ROUNDS, SECONDS)
    assert chain.between.stats.latency_max_s == 3 * SECONDS


def test_who_waits_behind_is_told_when_all_is_counted(chain):
    told = []
    chain.count = counting(chain.members, chain.outputs, [chain.before])
    chain.behind._inbox.tell = lambda count: told.append((count, chain.outputs[1].sent))
    chain.count(1, SECONDS)
    assert told == [(1, ROUNDS + 1)]
