"""Failing, slow, hanging and NaN-producing nodes, and what their settings make of them."""

import asyncio
import math
import threading
import time

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.errors import NodeError, Problems
from dnne_ros.graph.building import build_graph
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.widget import Widget
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.placement.planning import place
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.process import GraphProcess
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow


class NumbersNode(Node):
    """Give 0, 1, 2, …, silent for a while at those in ``pauses``."""

    number = Output(Float(), "The next number.")
    gap = Widget(0.0)
    pause_at = Widget(-1)
    pause = Widget(0.0)

    async def process(self):
        number = 0
        while True:
            await asyncio.sleep(self.pause if number == self.pause_at else self.gap)
            await self.send_output(float(number), "number")
            number += 1


class FaultyNode(Node):
    """Pass numbers on; every third one goes wrong."""

    number = Input(Float(), "Any.")
    out = Output(Float(), "The same.")
    fault = Widget("none")
    seconds = Widget(0.0)
    every = Widget(3)

    def setup(self):
        self.passed = 0
        FaultyNode.host = self.context.topics._host

    async def compute(self, number):
        if number % self.every == self.every - 1:
            outcome = await getattr(self, self.fault)(number)
            if outcome is not None:
                return {"out": outcome}
        self.passed += 1
        return {"out": number}

    async def fail(self, number):
        raise ValueError(f"cannot do {number:g}")

    async def nan(self, number):
        return math.nan

    async def slow(self, number):
        await asyncio.sleep(self.seconds)

    async def hold_up(self, number):
        time.sleep(self.seconds)

    async def hang(self, number):
        await self.run_blocking(threading.Event().wait)


class SafeNode(FaultyNode):
    """A faulty node that knows what is safe."""

    def safe_outputs(self, last):
        return {"out": -1.0}


class CollectNode(Node):
    """End the run when enough numbers have come."""

    number = Input(Float(), "Any.")
    count = Widget(8)
    seen: list = []

    async def process(self):
        self.seen.clear()
        while len(self.seen) < self.count:
            self.seen.append(await self.get_input("number"))
        await self.context.finish("seen")


class DiagnosticsNode(Node):
    """Keep the newest status of every node, and end the run when they say enough."""

    expected: dict = {}
    statuses: dict = {}

    def setup(self):
        self.statuses.clear()
        self.done = asyncio.Event()
        self.context.topics.subscribe("/diagnostics", "diagnostic_msgs/msg/DiagnosticArray",
                                      "reliable", self.take)

    def take(self, message):
        for status in message.status:
            self.statuses[status.name.rpartition("/")[2]] = status
        if all(name in self.statuses
               and {value.key: value.value for value in self.statuses[name].values}.items()
               >= values.items() for name, values in self.expected.items()):
            self.done.set()

    async def process(self):
        await asyncio.wait_for(self.done.wait(), 15)
        await self.context.finish("seen")


CATALOGUE = Catalogue([NumbersNode, FaultyNode, SafeNode, CollectNode, DiagnosticsNode])
"""Further types of single tests are added where they are defined."""


@pytest.fixture
def run_graph():
    """Run nodes ``id=(type, widgets, options)`` and links ``"1.out 2.in"`` in this process."""
    def run(nodes, links, **settings):
        records = tuple(NodeRecord(id, type, type, widgets, options=options)
                        for id, (type, widgets, options) in nodes.items())
        ends = [[PortRef(*end.split(".")) for end in link.split()] for link in links]
        workflow = Workflow("faults", "faults.json", records,
                            tuple(LinkRecord(*pair) for pair in ends))
        graph = build_graph(workflow, CATALOGUE, Problems("faults.json"))
        process = GraphProcess(graph, place(graph, "fused"), "main", RunSettings(**settings),
                               StatusChannel(None))
        return process.run()
    return run


@pytest.fixture
def chain(run_graph):
    """Run numbers → a faulty node → a collector; return what is collected."""
    def run(widgets, options, type="Faulty", numbers=None):
        run_graph({"1": ("Numbers", numbers or {}, {}), "2": (type, widgets, options),
                   "3": ("Collect", {}, {})}, ["1.number 2.number", "2.out 3.number"])
        return CollectNode.seen
    return run


SKIPPED = [0, 1, 3, 4, 6, 7, 9, 10]
REPEATED = [0, 1, 1, 3, 4, 4, 6, 7]
REPLACED = [0, 1, -1, 3, 4, -1, 6, 7]
DEADLINE = {"seconds": 0.03}
WATCHDOG = {"seconds": 0.05}
FINITE = {"check_finite": True}


@pytest.mark.parametrize("type, widgets, options, expected", [
    ("Faulty", {"fault": "fail"}, {"errors": {"policy": "warn"}}, SKIPPED),
    ("Faulty", {"fault": "fail"}, {"errors": {"policy": "safe_value"}}, REPEATED),
    ("Safe", {"fault": "fail"}, {"errors": {"policy": "safe_value"}}, REPLACED),
    ("Faulty", {"fault": "fail"}, {"errors": {"policy": "restart"}}, SKIPPED),
    ("Faulty", {"fault": "nan"}, {"errors": {"policy": "warn", **FINITE}}, SKIPPED),
    ("Safe", {"fault": "nan"}, {"errors": {"policy": "safe_value", **FINITE}}, REPLACED),
    ("Faulty", {"fault": "slow", "seconds": 0.06},
     {"deadline": {"policy": "warn", **DEADLINE}}, list(range(8))),
    ("Safe", {"fault": "slow", "seconds": 0.06},  # what comes late is dropped
     {"deadline": {"policy": "safe_value", **DEADLINE}}, REPLACED),
    ("Faulty", {"fault": "hang"}, {"deadline": {"policy": "restart", **DEADLINE}}, SKIPPED),
    ("Faulty", {"fault": "hang"}, {"watchdog": {"policy": "restart", **WATCHDOG}}, SKIPPED),
    ("Safe", {"fault": "hang", "every": 4},
     {"watchdog": {"policy": "safe_value", **WATCHDOG}}, [0, 1, 2, -1, -1, -1, -1, -1]),
], ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None)
def test_the_graph_goes_on_as_the_policy_says(chain, type, widgets, options, expected):
    assert chain(widgets, options, type) == expected


@pytest.mark.parametrize("widgets, options, said", [
    ({"fault": "fail"}, {}, "ValueError: cannot do 2"),
    ({"fault": "nan"}, {"errors": FINITE}, "ValueError: output 'out' is not finite"),
    ({"fault": "slow", "seconds": 60.0}, {"deadline": {"policy": "stop", **DEADLINE}},
     "deadline.seconds is 0.03"),
    ({"fault": "hold_up", "seconds": 0.06}, {"deadline": {"policy": "stop", **DEADLINE}},
     "for an item; deadline.seconds is 0.03"),
    ({"fault": "hang"}, {"watchdog": {"policy": "stop", **WATCHDOG}},
     "is busy; watchdog.seconds is 0.05"),
])
def test_stop_ends_the_run_and_names_node_and_item(chain, widgets, options, said):
    with pytest.raises(NodeError) as caught:
        chain(widgets, options, numbers={"gap": 0.001})
    assert caught.value.node.startswith("/faults/faulty_2 (item ")
    if widgets["fault"] != "hold_up":
        assert caught.value.node == "/faults/faulty_2 (item 3)"
    assert said in caught.value.message


@pytest.mark.parametrize("policy", ["warn", "safe_value", "restart"])
def test_too_many_errors_in_a_row_end_the_run(chain, policy):
    with pytest.raises(NodeError, match=r"\(item 3\): ValueError: cannot do 2 \(3 errors"):
        chain({"fault": "fail", "every": 1}, {"errors": {"policy": policy, "limit": 3}})


def test_a_node_that_waits_for_others_is_not_made_anew(chain):
    chain({"fault": "none", "every": 100}, {"watchdog": {"policy": "restart", **WATCHDOG}},
          numbers={"pause_at": 2, "pause": 0.15})
    assert CollectNode.seen == list(range(8))  # a new instance could not have come this far


class SwitchNode(CollectNode):
    """Ask for a deadline of the faulty node while the graph runs, and wait for what follows."""

    async def process(self):
        from rclpy.parameter import Parameter

        self.seen.clear()
        while -1.0 not in self.seen:
            self.seen.append(await self.get_input("number"))
            if len(self.seen) in (1, 2):
                seconds = 0.03 if len(self.seen) == 1 else -1.0
                results = FaultyNode.host.set_parameters([  # as `ros2 param set` does
                    Parameter("deadline.seconds", value=seconds),
                    Parameter("deadline.policy", value="safe_value")])
                self.answers.append(results[0].successful)
        await self.context.finish("seen")

    answers: list = []


CATALOGUE.add(SwitchNode)


def test_settings_change_while_the_graph_runs(run_graph):
    SwitchNode.answers.clear()
    run_graph({"1": ("Numbers", {"gap": 0.02}, {}),
               "2": ("Safe", {"fault": "slow", "seconds": 0.1}, {}),
               "3": ("Switch", {}, {})}, ["1.number 2.number", "2.out 3.number"])
    assert SwitchNode.answers == [True, False]  # no deadline can be negative
    assert -1.0 in CollectNode.seen


def test_counters_on_diagnostics_match_what_was_injected(run_graph):
    """30 numbers, of which 10 go wrong: each in another way in each of the nodes."""
    faults = {
        "10": ({"fault": "fail"}, {"errors": {"policy": "warn"}}, {"errors.count": "10"}),
        "11": ({"fault": "fail"}, {"errors": {"policy": "safe_value"}},
               {"errors.count": "10", "faults.safe_values": "10"}),
        "12": ({"fault": "nan"}, {"errors": {"policy": "warn", **FINITE}},
               {"errors.count": "10", "errors.not_finite": "10"}),
        "13": ({"fault": "slow", "seconds": 0.06}, {"deadline": DEADLINE},
               {"deadline.missed": "10"}),
        "14": ({"fault": "hang", "every": 15}, {"watchdog": {"policy": "restart", **WATCHDOG}},
               {"watchdog.silences": "3", "faults.restarts": "2"}),  # the last: all are through
        "15": ({}, {}, {"taken": "30"}),
    }
    nodes = {"1": ("Thirty", {}, {}), "9": ("Diagnostics", {}, {})}
    links = []
    for id, (widgets, options, _) in faults.items():
        nodes[id] = ("Faulty", {"every": 3 if id != "15" else 1000, **widgets}, options)
        links.append(f"1.number {id}.number")
    DiagnosticsNode.expected = {f"faulty_{id}": values for id, (_, _, values) in faults.items()}
    run_graph(nodes, links)
    found = {name: {each.key: each.value for each in status.values}
             for name, status in DiagnosticsNode.statuses.items()}
    assert 0.06 <= float(found["faulty_13"]["deadline.worst_s"]) < 1.0
    assert float(found["faulty_14"]["watchdog.longest_s"]) >= 0.05
    for id in ("10", "11", "12", "13", "14"):
        assert DiagnosticsNode.statuses[f"faulty_{id}"].level != b"\0", id
    quiet = found["faulty_15"]
    assert DiagnosticsNode.statuses["faulty_15"].level == b"\0"
    assert not [key for key in quiet if "." in key]


class ThirtyNode(NumbersNode):
    """Give thirty numbers and no more."""

    async def process(self):
        for number in range(30):
            await self.send_output(float(number), "number")


CATALOGUE.add(ThirtyNode)
