"""Runs that serve their figures to Prometheus, beside what ``dnne-ros top`` says of them."""

import json
import re
import socket
import urllib.request

import pytest

parser = pytest.importorskip("prometheus_client.parser",
                             reason="prometheus-client is not installed")

SOURCE = '''
"""A source of so many items, a relay that fails over one of them, and a sink."""
import asyncio

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output

ITEMS = 400


class Source(Node):
    """Send numbers, then rest."""

    value = Output(Int(), "A number.")

    async def process(self):
        for number in range(ITEMS):
            await self.send_output(number, "value")
        await asyncio.sleep(1e6)


class Relay(Node):
    """Pass on all but one."""

    value = Input(Int(), "A number.")
    out = Output(Int(), "The same.")

    async def compute(self, value):
        if value == 7:
            raise ValueError("seven")
        return {"out": value}


class Sink(Node):
    """Take, and say so."""

    value = Input(Int(), "A number.")

    async def process(self):
        while True:
            await self.get_input("value")
            self.context.report({"env_steps": self.context.items, "kl": 0.5})
'''
GRAPH = {"1": {"class_type": "Source", "inputs": {}},
         "2": {"class_type": "Relay", "inputs": {"value": ["1", 0]}},
         "3": {"class_type": "Sink", "inputs": {"value": ["2", 0]}}}
WARNING = ("--set", "2.errors.policy=warn")


@pytest.fixture
def graph(tmp_path):
    """Return the arguments of a run of the graph above."""
    (tmp_path / "types.py").write_text(SOURCE)
    (tmp_path / "line.json").write_text(json.dumps(GRAPH))
    return tmp_path / "line.json", "--nodes", tmp_path / "types.py"


class Scrape:
    """What was served at one moment, read by prometheus_client's own parser."""

    def __init__(self, url):
        with urllib.request.urlopen(url) as answer:
            families = list(parser.text_string_to_metric_families(answer.read().decode()))
        self.samples = {(sample.name, frozenset(sample.labels.items())): sample.value
                        for family in families for sample in family.samples}

    def value(self, name, **labels):
        """Return a figure, or None."""
        return self.samples.get((f"dnne_ros_{name}", frozenset(
            {"graph": "/line", **labels}.items())))


def compare(scrape, graph):
    """Hold the figures of a scrape against what ``top --json`` says of the same moment."""
    assert len(graph["nodes"]) == 3 and len(graph["edges"]) == 2
    for node in graph["nodes"]:
        for key, name in (("taken", "items_taken_total"), ("sent", "items_sent_total")):
            assert scrape.value(f"node_{name}", node=node["name"]) == node[key]
    for edge in graph["edges"]:
        source, target = (end.split("/") for end in edge["name"].split(" → "))
        labels = {"source": source[0], "output": source[1], "target": target[0],
                  "input": target[1]}
        for key in ("sent", "received", "lost", "duplicated", "dropped"):
            assert scrape.value(f"edge_items_{key}_total", **labels) == edge[key], (edge, key)
        assert scrape.value("edge_blocked_seconds_total", **labels) == edge["blocked_s"]
        assert scrape.value("edge_waiting_items", **labels) == edge["depth"] == 0
        assert scrape.value("edge_capacity_items", **labels) == edge["capacity"]
        assert scrape.value("edge_info", policy=edge["policy"], transport=edge["transport"],
                            **labels) == 1
        assert scrape.value("edge_latency_seconds_count", **labels) > 0


@pytest.mark.parametrize("place", ["fused", "split"])
def test_one_address_says_what_top_says(start_run, command, graph, place):
    run = start_run(*graph, "--place", place, "--metrics", "0", *WARNING)
    run.until(lambda: "metrics: http" in run.output, "the address")
    url = re.search(r"metrics: (http://127\.0\.0\.1:\d+/metrics)", run.output)[1]

    def through():
        scrape = Scrape(url)
        return scrape if scrape.value("node_items_taken_total", node="sink_3") == 399 \
            and scrape.value("node_items_sent_total", node="source_1") == 400 \
            and scrape.value("node_items_taken_total", node="relay_2") == 400 else None

    run.until(lambda: through() is not None, "the last item")
    top = command("top", "/line", "--json", "--timeout", "1h")
    assert top.returncode == 0, top.stderr
    scrape = Scrape(url)
    compare(scrape, json.loads(top.stdout)["graphs"][0])
    assert scrape.value("node_errors_total", node="relay_2") == 1
    assert scrape.value("training_env_steps_total") == 399
    assert scrape.value("training_figure", figure="kl") == 0.5
    processes = {"main"} if place == "fused" else {"source_1", "relay_2", "sink_3"}
    assert all(scrape.value("process_up", process=name) == 1 for name in processes)
    assert scrape.value("run_processes") == len(processes)
    run.interrupt()
    assert run.wait() == 130, run.output


def test_a_port_that_is_taken_ends_it_before_the_start(command, graph):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = command("run", *graph, "--metrics", str(port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == (
        f"dnne-ros: arguments: --metrics 127.0.0.1:{port}: Address already in use")


def test_an_address_that_is_none(command, graph):
    done = command("run", *graph, "--metrics", "here")
    assert done.returncode == 2 and "expected [HOST:]PORT, found 'here'" in done.stderr
