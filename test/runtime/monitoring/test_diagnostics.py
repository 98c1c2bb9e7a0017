"""What a process says of its nodes and edges, from counters that are set by hand."""

from types import SimpleNamespace

import pytest

from dnne_ros.graph.declared import LinkSpec, NodeSpec, declare_graph
from dnne_ros.node_api.health import Health, Level
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.edges.wiring import Wiring
from dnne_ros.runtime.monitoring import diagnostics
from dnne_ros.runtime.monitoring.diagnostics import Diagnostics
from dnne_ros.runtime.replicas.figures import Figures
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.stats import EdgeStats

EDGE = "a_1/value → b_2/value"


class Sender(Node):
    """Gives values."""

    value = Output(Int(), "A number.")


class Receiver(Node):
    """Takes values."""

    value = Input(Int(), "A number.")


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves on by hand."""
    now = SimpleNamespace(seconds=100.0, cpu=1.0)
    monkeypatch.setattr(diagnostics, "time", SimpleNamespace(
        monotonic=lambda: now.seconds, process_time=lambda: now.cpu))
    return now


@pytest.fixture
def told(ros_loop, clock):
    """Return ``look(seconds)``, by status name, and what it looks at."""
    def make(policy=EdgePolicy.LOSSLESS, pause=None, **ends):
        graph = declare_graph("Play", "play", {"a_1": NodeSpec("1", Sender, "The source"),
                                               "b_2": NodeSpec("2", Receiver)},
                              [LinkSpec("a_1/value", "b_2/value", policy.value, 10)])
        if not ends:
            ends = {"local": {EDGE: LocalEdge(EDGE, policy, 10)}}
        contexts = {id: SimpleNamespace(name=f"/robot/{name}", health=Health(), items=0, sent=0,
                                        replicated=None)
                    for id, name in (("1", "a_1"), ("2", "b_2"))}
        host = ros_loop.node("a_1", namespace="/robot")
        reporter = Diagnostics(host, "main", 2, graph, Wiring(host, None, **ends), contexts,
                               pause or Pause("main"))

        def look(seconds=1.0):
            clock.seconds += seconds
            return {status.name: status for status in reporter.look()}
        return look, contexts, ends
    return make


def test_a_node_says_its_health_and_rates(told, clock):
    look, contexts, _ = told()
    contexts["2"].health = Health(Level.WARN, "camera is slow", {"frames_lost": 3})
    contexts["1"].sent, contexts["2"].items = 20, 16
    clock.cpu += 0.5
    statuses = look(2.0)
    source, sink = statuses["/robot/a_1"], statuses["/robot/b_2"]
    assert source.level == Level.OK and source.hardware_id == "/robot"
    assert source.values["sent_per_s"] == 10.0 and source.values["taken_per_s"] == 0.0
    assert source.values["title"] == "The source" and source.values["type"] == "Sender"
    assert source.values["process"] == "main" and source.values["processes"] == 2
    assert source.values["cpu_percent"] == 25.0
    assert (sink.level, sink.message) == (Level.WARN, "camera is slow")
    assert sink.values["frames_lost"] == 3 and sink.values["taken"] == 16
    assert look()["/robot/b_2"].values["taken_per_s"] == 0.0  # nothing new since


def test_of_a_node_with_replicas_each_has_its_line(told):
    look, contexts, _ = told()
    figures = Figures(iter((1.0, 1.5, 1.5, 2.0)).__next__)
    for place in (1, 2):
        figures.begin(place)
        if place == 1:
            figures.end(place)
            figures.count(place)
    figures.note_death(2)
    contexts["2"].replicated = SimpleNamespace(
        count=2, figures=figures, states=[1, 2, 3])
    values = look(1.0)["/robot/b_2"].values
    assert values["replicas"] == 2 and values["keys"] == 3
    assert values["replica_1"] == "1 items, 50% busy"
    assert values["replica_2"] == "0 items, 50% busy, died once"


def test_an_edge_inside_a_process_is_one_status(told):
    look, _, ends = told()
    edge = ends["local"][EDGE]
    for number in range(4):
        edge.deliver(number)
    status = look()[f"/robot: edge {EDGE}"]
    assert status.level == Level.OK and status.message == "no items in the last second"
    assert status.values["sent"] == status.values["sent_per_s"] == status.values["depth"] == 4
    assert status.values["capacity"] == 10 and status.values["policy"] == "lossless"
    assert status.values["end"] == "both" and status.values["transport"] == "local"
    assert status.values["received"] == status.values["lost"] == 0


def test_an_edge_that_holds_its_sender_up_is_a_warning(told):
    look, _, ends = told()
    counters = ends["local"][EDGE].stats
    counters.blocked_s += 0.8
    status = look(2.0)[f"/robot: edge {EDGE}"]
    assert status.level == Level.OK and status.values["blocked_percent"] == 40.0
    counters.blocked_s += 1.2
    status = look(2.0)[f"/robot: edge {EDGE}"]
    assert status.level == Level.WARN
    assert status.message == "blocked 60% of the last second: b_2 does not keep up"
    assert look()[f"/robot: edge {EDGE}"].level == Level.OK


def test_of_a_paused_run_is_told_who_has_paused_it_and_nobody_is_blamed(told):
    pause = Pause("main")
    look, _, ends = told(pause=pause)
    pause.set(True, "somebody")
    ends["local"][EDGE].stats.blocked_s += 1.0
    statuses = look()
    assert statuses["/robot/a_1"].values["paused"] == "somebody"
    edge = statuses[f"/robot: edge {EDGE}"]
    assert edge.level == Level.OK and edge.values["blocked_percent"] == 100.0
    pause.set(False)
    assert "paused" not in look()["/robot/a_1"].values


def test_a_lost_item_is_an_error_that_stays(told):
    look, _, ends = told()
    ends["local"][EDGE].stats.lost = 2
    first, second = (look()[f"/robot: edge {EDGE}"] for _ in range(2))
    assert (first.level, first.message) == (
        Level.ERROR, "lost 2 items, 2 of them in the last second")
    assert (second.level, second.message) == (
        Level.ERROR, "lost 2 items, 0 of them in the last second")


def test_each_end_of_an_edge_between_processes_says_what_it_sees(told):
    consumer = SimpleNamespace(edge=EDGE, policy=EdgePolicy.LOSSLESS, transport="socket",
                               stats=EdgeStats(sent=7, dropped=1))
    reader = SimpleNamespace(policy=EdgePolicy.LOSSLESS, transport="socket+dds",
                             stats=EdgeStats(received=5, duplicated=1, latency_s=0.0015))
    look, _, _ = told(writers=[SimpleNamespace(consumers=[consumer])],
                      readers={EDGE: reader})
    statuses = look()
    sender = statuses[f"/robot: edge {EDGE} (sender)"]
    receiver = statuses[f"/robot: edge {EDGE} (receiver)"]
    assert sender.message == "dropped 1 item while b_2 was gone" and sender.level == Level.WARN
    assert sender.values["sent"] == 7 and "received" not in sender.values
    assert receiver.message == "5 items/s; 1 came twice"
    assert sender.values["transport"] == "socket"
    assert receiver.values["transport"] == "socket+dds"
    assert receiver.values["latency_ms"] == 1.5 and "sent" not in receiver.values


def test_an_edge_between_hosts_has_no_latency_as_their_clocks_differ(told):
    reader = SimpleNamespace(policy=EdgePolicy.LOSSLESS, transport="tcp",
                             stats=EdgeStats(received=5, latency_s=7200.0, same_clock=False))
    look, _, _ = told(readers={EDGE: reader})
    values = look()[f"/robot: edge {EDGE} (receiver)"].values
    assert values["received"] == 5 and not [name for name in values if "latency" in name]


def test_an_edge_that_keeps_the_newest_item_has_room_for_one(told):
    look, _, _ = told(EdgePolicy.LATEST)
    assert look()[f"/robot: edge {EDGE}"].values["capacity"] == 1
