"""Runs that send spans, metrics and logs to a collector, or to one that is not there."""

import json
import re
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

traces = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2",
                             reason="the OTLP exporter is not installed")
metrics = pytest.importorskip("opentelemetry.proto.collector.metrics.v1.metrics_service_pb2")
logs = pytest.importorskip("opentelemetry.proto.collector.logs.v1.logs_service_pb2")

SOURCE = '''
"""A source of a number now and then, a relay and a sink."""
import asyncio

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Int
from dnne_ros.node_api.ports import Input, Output


class Source(Node):
    """Send numbers for ever."""

    value = Output(Int(), "A number.")

    async def process(self):
        number = 0
        while True:
            await self.send_output(number, "value")
            number += 1
            await asyncio.sleep(0.01)


class Relay(Node):
    """Pass on."""

    value = Input(Int(), "A number.")
    out = Output(Int(), "The same.")

    async def compute(self, value):
        return {"out": value}


class Sink(Node):
    """Take, and say so again and again: what is said first may be said before anybody hears."""

    value = Input(Int(), "A number.")

    async def process(self):
        while True:
            number = await self.get_input("value")
            if number % 50 == 0:
                self.context.log.info(f"taken {number}")
'''
GRAPH = {"1": {"class_type": "Source", "inputs": {}},
         "2": {"class_type": "Relay", "inputs": {"value": ["1", 0]}},
         "3": {"class_type": "Sink", "inputs": {"value": ["2", 0]}}}


class Collector:
    """A tiny OTLP/HTTP receiver."""

    def __init__(self):
        self.spans, self.figures, self.lines = [], {}, []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                getattr(self, f"note_{handler.path.rpartition('/')[2]}")(body)
                handler.send_response(200)
                handler.end_headers()

            def log_message(handler, *words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def note_traces(self, body):
        for resource in traces.ExportTraceServiceRequest.FromString(body).resource_spans:
            about = attributes(resource.resource)
            self.spans += [(about["dnne_ros.process"], span)
                           for scope in resource.scope_spans for span in scope.spans]

    def note_metrics(self, body):
        for resource in metrics.ExportMetricsServiceRequest.FromString(body).resource_metrics:
            for metric in resource.scope_metrics[0].metrics:
                self.figures[metric.name] = metric

    def note_logs(self, body):
        for resource in logs.ExportLogsServiceRequest.FromString(body).resource_logs:
            self.lines += [(attributes(line)["dnne_ros.node"], line.body.string_value)
                           for line in resource.scope_logs[0].log_records]

    def joined(self):
        """Return the names of processes and spans of a trace that goes through three of them."""
        for process, span in self.spans:
            path = [(process, span.name)]
            while span.parent_span_id:
                process, span = next(
                    ((name, each) for name, each in self.spans
                     if (each.trace_id, each.span_id) == (span.trace_id, span.parent_span_id)),
                    (None, None))
                if span is None:
                    break
                path.insert(0, (process, span.name))
            else:
                if len(path) == 3:
                    return path
        return None


def attributes(thing):
    return {each.key: each.value.string_value for each in thing.attributes}


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def start(start_run, tmp_path, monkeypatch):
    """Start the graph above in three processes that send to a URL."""
    def call(url, *arguments):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        monkeypatch.setenv("OTEL_BLRP_SCHEDULE_DELAY", "200")
        monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "500")
        (tmp_path / "types.py").write_text(SOURCE)
        (tmp_path / "line.json").write_text(json.dumps(GRAPH))
        return start_run(tmp_path / "line.json", "--nodes", tmp_path / "types.py", "--place",
                         "split", *arguments)
    return call


def test_an_item_is_followed_over_three_processes(start, collector):
    run = start(collector.url)

    def lines():
        return [text for node, text in collector.lines if node == "sink_3"]

    def points(name):
        metric = collector.figures.get(name)
        return [] if metric is None else (metric.sum if metric.HasField("sum")
                                          else metric.histogram).data_points

    def all_there():
        """All processes speak for themselves: what one has sent is there before the others'."""
        return bool(collector.joined() and lines() and any(
            point.as_double or point.as_int for point in points("dnne_ros_node_items_taken"))
            and {"relay_2", "sink_3"} == {
                attributes(point)["target"] for point in points("dnne_ros_edge_latency_seconds")})

    run.until(all_there, "a joined trace, a log line and the figures",
              moved=lambda: len(collector.spans))
    assert collector.joined() == [(name, name) for name in ("source_1", "relay_2", "sink_3")]
    assert all(re.fullmatch(r"taken \d*[05]0|taken 0", text) for text in lines()), lines()
    run.interrupt()
    assert run.wait() == 130, run.output
    assert "OpenTelemetry" not in run.output


def test_a_collector_that_is_not_there_is_one_warning(start):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        run = start(f"http://127.0.0.1:{nobody.getsockname()[1]}", "--metrics", "0")
        run.until(lambda: "OpenTelemetry" in run.output, "the warning")
        run.interrupt()
        assert run.wait() == 130, run.output
    warnings = re.findall(r"^warning: .*$", run.output, re.MULTILINE)
    assert len(warnings) == 1 and "what cannot be delivered is dropped, and the graph goes on" \
        in warnings[0], run.output
    assert sum(edge["lost"] for edge in run.report["edges"]) == 0
    assert run.report["exit_reason"] == "interrupted"


def test_an_exporter_that_there_is_not(command, tmp_path, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "carrier_pigeon")
    (tmp_path / "types.py").write_text(SOURCE)
    (tmp_path / "line.json").write_text(json.dumps(GRAPH))
    done = command("run", tmp_path / "line.json", "--nodes", tmp_path / "types.py")
    assert done.returncode == 2 and done.stdout == ""
    assert "OTEL_TRACES_EXPORTER: there is no exporter 'carrier_pigeon'" in done.stderr
