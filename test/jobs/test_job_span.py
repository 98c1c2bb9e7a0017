"""The span of a job, and what its run is told of it."""

import re
from types import SimpleNamespace

import pytest

from dnne_ros.jobs.work import job_span as module
from dnne_ros.jobs.work.ending import Outcome
from dnne_ros.jobs.work.job_span import job_span

CLAIM = SimpleNamespace(job=7, attempt=2, start=3)


@pytest.fixture
def ended(monkeypatch):
    """Return what gives the spans that have ended; they go no farther than memory."""
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    telemetry = SimpleNamespace(tracer=provider.get_tracer("test"), parent=None,
                                close=lambda: None)
    monkeypatch.setattr(module, "open_telemetry", lambda *_: telemetry)
    return exporter.get_finished_spans


@pytest.mark.parametrize("code", [0, 3])
def test_a_run_is_part_of_its_job(ended, code):
    with job_span(CLAIM) as (variables, note):
        note(Outcome(code, "as it said"))
    span, = ended()
    found = re.fullmatch(r"00-(\w{32})-(\w{16})-0[1-3]", variables["TRACEPARENT"])
    assert (int(found[1], 16), int(found[2], 16)) == (
        span.context.trace_id, span.context.span_id)
    assert span.attributes["dnne_ros.job"] == 7 and span.attributes["dnne_ros.attempt"] == 2
    assert span.attributes["process.exit.code"] == code
    assert span.status.is_ok == (code == 0)
    assert span.status.description == ("as it said" if code else None)


def test_nothing_without_variables(monkeypatch):
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    with job_span(CLAIM) as (variables, note):
        note(Outcome(1, "failed"))
    assert variables == {}
