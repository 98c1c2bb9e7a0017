"""What a process keeps of its last seconds, and puts aside for each kind of fault."""

import asyncio
import json
import os
import threading
import time
from time import monotonic_ns

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
from dnne_ros.tracing import flight_record
from dnne_ros.tracing.collecting import open_trace
from dnne_ros.tracing.flight_record import own_folder
from dnne_ros.tracing.ring import Kind
from dnne_ros.workflow.records import LinkRecord, NodeRecord, PortRef, Workflow

AT = 40
"""The number that is fatal."""
STEP = 1.6
"""Seconds from one number to the next, as what is kept has it: the fault comes after a minute."""


class Clock:
    """The machine's steady clock, which somebody may put on."""

    def __init__(self):
        self.ahead = 0
        self.start = self()

    def __call__(self):
        return monotonic_ns() + self.ahead


CLOCK = Clock()


class CountNode(Node):
    """Give 0, 1, 2, …"""

    number = Output(Float(), "The next number.")

    async def process(self):
        number = 0
        while True:
            await asyncio.sleep(0.004)
            CLOCK.ahead += round(1e9 * STEP) if number <= AT else 0
            await self.send_output(float(number), "number")
            number += 1


class FragileNode(Node):
    """Pass numbers on, but for one."""

    number = Input(Float(), "Any.")
    out = Output(Float(), "The same.")
    fault = Widget("fail")
    gain = Widget(1.0, "Nothing.", live=True)

    async def compute(self, number):
        if number == AT - 5:
            self.context.log.warning("something smells")
            host = self.context.topics._host
            host.set_parameters([type(host.get_parameter("gain"))("gain", value=2.5)])
        if number == AT or (self.fault == "fail_on" and number > AT):
            await getattr(self, self.fault)()
        return {"out": number}

    async def fail(self):
        raise ValueError("cannot do this")

    async def fail_on(self):
        raise ValueError("cannot do anything")

    async def slow(self):
        await asyncio.sleep(0.6)

    async def dawdle(self):
        await asyncio.sleep(2.5)

    async def hang(self):
        await self.run_blocking(threading.Event().wait)

    async def hold_up(self):
        time.sleep(0.6)


class UntilNode(Node):
    """End the run when it has gone on."""

    number = Input(Float(), "Any.")

    async def process(self):
        while await self.get_input("number") < AT + 10:
            pass
        await self.context.finish("seen")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let what is kept go by a clock on which numbers come slowly."""
    CLOCK.start = CLOCK()
    for module in ("tracing.tracer", "tracing.ports", "tracing.journal", "runtime.node.at_once",
                   "runtime.regions.traced_lines", "runtime.monitoring.flight_part"):
        monkeypatch.setattr(f"dnne_ros.{module}.monotonic_ns", CLOCK)
    monkeypatch.setattr(flight_record.time, "monotonic_ns", CLOCK)


CATALOGUE = Catalogue([CountNode, FragileNode, UntilNode])


@pytest.fixture
def run_graph(tmp_path):
    """Run the nodes in this process; returns the flight records."""
    def run(fault, options, **settings):
        nodes = (NodeRecord("1", "Count", "Count", {}),
                 NodeRecord("2", "Fragile", "Fragile", {"fault": fault}, options=options),
                 NodeRecord("3", "Until", "Until", {}))
        links = tuple(LinkRecord(PortRef(*source), PortRef(*target)) for source, target in (
            (("1", "number"), ("2", "number")), (("2", "out"), ("3", "number"))))
        graph = build_graph(Workflow("kept", "kept.json", nodes, links), CATALOGUE,
                            Problems("kept.json"))
        process = GraphProcess(graph, place(graph, "fused"), "main", RunSettings(
            flight_dir=str(tmp_path / "records"), **settings), StatusChannel(None))
        try:
            process.run()
        except NodeError:
            assert "stop" in str(options) or not options or "limit" in str(options)
        return sorted((tmp_path / "records").glob("*"))
    return run


DEADLINE = {"seconds": 0.2}


@pytest.mark.parametrize("fault, options, said", [
    ("fail", {}, "ValueError: cannot do this"),
    *(("fail", {"errors": {"policy": policy}}, "ValueError: cannot do this")
      for policy in ("warn", "safe_value", "restart")),
    *(("slow", {"deadline": {"policy": policy, **DEADLINE}}, "deadline.seconds is 0.2")
      for policy in ("warn", "safe_value", "restart", "stop")),
    ("hold_up", {"deadline": {"policy": "warn", **DEADLINE}}, "deadline.seconds is 0.2"),
    *(("slow", {"watchdog": {"policy": policy, **DEADLINE}}, "watchdog.seconds is 0.2")
      for policy in ("warn", "safe_value")),
    *(("hang", {"watchdog": {"policy": policy, **DEADLINE}}, "watchdog.seconds is 0.2")
      for policy in ("restart", "stop")),
    ("dawdle", {"deadline": {"policy": "warn", "rate_hz": 20.0}}, "deadline.rate_hz is 20"),
], ids=lambda value: "-".join(f"{key}-{each['policy']}" for key, each in value.items())
    if isinstance(value, dict) else None)
def test_each_fault_after_a_minute_leaves_the_ten_seconds_before_it(
        run_graph, fault, options, said):
    [record] = run_graph(fault, options)
    trace = open_trace(str(record))
    assert said in trace.flight.reason and "fragile_2" in trace.flight.reason
    assert trace.flight.moment - CLOCK.start > 60e9
    for node, kind in (("count_1", Kind.SENT), ("fragile_2", Kind.TAKEN)):
        acts = [act for act in trace.acts[node] if act.kind is kind and act.number <= AT + 1]
        assert [act.number for act in acts] == list(range(acts[0].number, AT + 2)), "each item"
        assert trace.flight.moment - acts[0].ended > 10e9
    told = [(event.node, event.kind, event.text) for event in trace.events]
    assert ("fragile_2", "log", "WARN something smells") in told
    assert ("fragile_2", "parameter", "gain = 2.5") in told
    [values] = [text for node, kind, text in told if (node, kind) == ("fragile_2", "parameters")]
    assert json.loads(values)["gain"] == 1.0, "as it was in the beginning"
    assert trace.counts["fragile_2", "number", "input"][-1].number >= AT
    assert any(act.kind is Kind.MARK and act.text.startswith("fails: ")
               for act in trace.acts["fragile_2"]) == ("stop" in str(options) or not options)


def test_a_node_that_always_fails_does_not_fill_the_disk(run_graph):
    first, last = run_graph("fail_on", {"errors": {"policy": "warn", "limit": 30}})
    assert "30 errors in a row" not in open_trace(str(first)).flight.reason
    assert "30 errors in a row" in open_trace(str(last)).flight.reason


def test_nothing_is_kept_where_nobody_wants_it(run_graph):
    assert run_graph("fail", {"errors": {"policy": "warn"}}, no_flight_record=True) == []


def test_without_room_the_graph_goes_on(run_graph, tmp_path, capfd):
    (tmp_path / "records").write_text("a file")
    run_graph("fail", {"errors": {"policy": "warn"}})
    assert "no flight record was written" in capfd.readouterr().err


def test_nothing_is_left_in_memory(run_graph):
    run_graph("fail", {"errors": {"policy": "warn"}})
    assert not list(own_folder().glob(f"run.*/main.{os.getpid()}.*"))
