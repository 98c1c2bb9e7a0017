"""What a node does that waits at none of its ports, read off its coroutine and its clock."""

import asyncio
import threading
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from dnne_ros.deadlocks.wait_for import Cause
from dnne_ros.node_api.blocking import BlockingCalls
from dnne_ros.runtime.monitoring.node_waits import NodeWaits
from dnne_ros.workflow.records import PortRef


class Node:
    """A node that runs ``process``, with a clock and, perhaps, topics, services and actions."""

    def __init__(self, process, simulated=False, sleepers=0, subscribed=(), awaited=(),
                 actions=(), frames=(), paused=False, replicated=None):
        self.clock = SimpleNamespace(simulated=simulated, sleepers=sleepers, shown_ns=lambda: 7)
        self.context = SimpleNamespace(
            items=2, sent=3, clock=self.clock, topics=SimpleNamespace(subscribed=subscribed),
            services=SimpleNamespace(awaited=list(awaited)),
            actions=SimpleNamespace(awaited=list(actions)),
            frames=SimpleNamespace(awaited=list(frames)), paused=paused, replicated=replicated)
        self.host = SimpleNamespace(
            count_publishers=lambda topic: len(topic) % 3,
            get_publishers_info_by_topic=lambda topic: (),
            get_subscriptions_info_by_topic=lambda topic: ())
        self.process = process
        self.awaits_trainer = ""


class Link(NamedTuple):
    """An edge."""

    source: PortRef
    target: PortRef


def graph_of(takers):
    """Return a graph of one node, whose output ``model`` goes to ``takers``: name=trains."""
    nodes = {"1": SimpleNamespace(ros_name="some_1")}
    edges = []
    for name, trains in dict(takers).items():
        inputs = {"model": SimpleNamespace(trains=trains)}
        nodes[name] = SimpleNamespace(ros_name=name, type=SimpleNamespace(inputs=inputs))
        edges.append(Link(PortRef("1", "model"), PortRef(name, "model")))
    return SimpleNamespace(nodes=nodes, incoming={"1": {}}, edge_name=lambda edge: edge,
                           outgoing={"1": {"model": tuple(edges)}})


@pytest.fixture
def look(run_async):
    """Return what is said of a node that has rested for so many seconds, at the last look."""
    def at(node, seconds=10.0, looks=1, takers=()):
        async def main():
            attempt = asyncio.ensure_future(node.process())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            graph = graph_of(takers)
            ends = {edge: SimpleNamespace(stats=SimpleNamespace(blocked_since=None))
                    for edge in graph.outgoing["1"].get("model", ())}
            wiring = SimpleNamespace(inputs={}, local=ends, writers=[], readers={})
            waits = NodeWaits(graph, wiring, {"1": node.host}, {"1": node.context},
                              {"1": SimpleNamespace(attempt=attempt, node=node)})
            assert waits.moved() == {"1": 5}
            for _ in range(looks):
                found, = waits.look({"1": seconds})
            attempt.cancel()
            await asyncio.gather(attempt, return_exceptions=True)
            return found
        return run_async(main())
    return at


async def forgets():
    async def inner():
        await asyncio.Event().wait()
    await inner()


async def sleeps():
    await asyncio.sleep(100)


async def ends():
    pass


async def fails():
    raise ValueError


def test_a_frame_that_is_missing_is_waited_for_outside(look):
    found = look(Node(sleeps, frames=["waits for the frame laser in map: it does not exist"]))
    assert (found.cause, found.reasons) == (
        Cause.OUTSIDE, ("waits for the frame laser in map: it does not exist",))


def test_one_that_has_just_moved_is_not_looked_at(look):
    assert look(Node(forgets), seconds=0.5).cause is Cause.MOVES


def test_code_of_its_own_is_named_with_the_innermost_place(look):
    found = look(Node(forgets))
    assert found.cause is Cause.CODE and found.peers == ()
    line = forgets.__code__.co_firstlineno + 2
    place = f"inner at test_node_waits.py:{line}"
    assert found.text == f"some_1 is in code of its own, {place}, for 10 s"


def test_one_whose_replicas_are_at_work_is_in_code_of_its_own_whatever_it_waits_for(look):
    found = look(Node(forgets, replicated=SimpleNamespace(at_work=2)))
    assert found.cause is Cause.CODE and found.peers == ()
    assert found.text == "some_1 is in code of its own, in 2 of its replicas, for 10 s"


def test_a_blocking_call_is_named_with_who_called(look):
    calls = BlockingCalls("some")
    device = threading.Event()

    async def reads():
        try:
            await calls.run(device.wait)
        finally:
            device.set()
            await calls.close()

    found = look(Node(reads))
    assert found.cause is Cause.CODE
    assert found.reasons[0].startswith("is in a blocking call, reads at test_node_waits.py:")


def test_an_agent_waits_for_its_trainer_and_not_for_who_only_looks(look):
    agent = Node(forgets)
    agent.awaits_trainer = "model"
    found = look(agent, takers={"trainer_6": True, "viewer_7": False})
    assert (found.cause, found.peers) == (Cause.NODES, ("trainer_6",))
    assert found.reasons == ("waits for the next weights from trainer_6",)
    agent.awaits_trainer = ""
    assert look(agent, takers={"trainer_6": True}).cause is Cause.CODE


def test_one_that_sleeps_wakes_up_by_itself(look):
    assert look(Node(sleeps)).cause is Cause.TIME
    assert look(Node(forgets, sleepers=1)).cause is Cause.TIME


def test_one_that_is_paused_goes_on_when_somebody_says_so(look):
    found = look(Node(forgets, paused=True))
    assert (found.cause, found.reasons) == (Cause.TIME, ("is paused: run.paused",))


def test_one_that_sleeps_by_a_clock_that_stands_does_not(look):
    """Two looks tell that it stands."""
    assert look(Node(forgets, simulated=True, sleepers=1)).cause is Cause.TIME
    found = look(Node(forgets, simulated=True, sleepers=1), looks=2)
    assert found.cause is Cause.CLOCK
    assert found.reasons == ("has use_sim_time and waits for the topic /clock, which has no "
                             "publishers",)


def test_one_that_has_subscribed_waits_for_others(look):
    found = look(Node(forgets, subscribed=["/abc", "/four"]))
    assert found.cause is Cause.OUTSIDE
    assert found.reasons == ("waits for the topic /abc, which has 1 publisher",
                             "waits for the topic /four, which has 2 publishers")


def test_one_that_has_ended_is_through_and_one_that_failed_is_made_anew(look):
    assert look(Node(ends)).cause is Cause.THROUGH
    assert look(Node(fails)).cause is Cause.TIME


def test_who_waits_for_a_service_waits_for_the_world_outside(look):
    found = look(Node(sleeps, awaited=["waits for the service /arm (std_srvs/srv/Trigger)"]))
    assert found.cause is Cause.OUTSIDE
    assert found.text == "some_1 waits for the service /arm (std_srvs/srv/Trigger), for 10 s"
    found = look(Node(sleeps, actions=["waits for the end of a goal of the action /arm"]))
    assert found.cause is Cause.OUTSIDE
    assert found.text == "some_1 waits for the end of a goal of the action /arm, for 10 s"
