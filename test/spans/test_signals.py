"""What OTEL_* variables ask for, and what is said where it is not there."""

import subprocess
import sys

import pytest

from dnne_ros.errors import InputError
from dnne_ros.spans import signals
from dnne_ros.spans.signals import check_signals, exporters, signals_wanted

HERE = "http://127.0.0.1:4318"


@pytest.mark.parametrize("variables, expected", [
    ({}, {}),
    ({"OTEL_SERVICE_NAME": "robot"}, {}),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE},
     {"traces": ["otlp"], "metrics": ["otlp"], "logs": ["otlp"]}),
    ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": HERE}, {"traces": ["otlp"]}),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_LOGS_EXPORTER": "none",
      "OTEL_METRICS_EXPORTER": "console"}, {"traces": ["otlp"], "metrics": ["console"]}),
    ({"OTEL_TRACES_EXPORTER": "otlp, console"}, {"traces": ["otlp", "console"]}),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_SDK_DISABLED": "TRUE"}, {})])
def test_which_signals_are_wanted(variables, expected):
    assert signals_wanted(variables) == expected


def test_an_exporter_that_there_is_not():
    pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")
    with pytest.raises(InputError) as error:
        check_signals({"OTEL_TRACES_EXPORTER": "carrier_pigeon", "OTEL_METRICS_EXPORTER": "otlp",
                       "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "smoke"})
    assert len(error.value.problems) == 2
    assert "OTEL_TRACES_EXPORTER: there is no exporter 'carrier_pigeon'" in str(error.value)
    assert "expected one of http/protobuf, grpc, found 'smoke'" in str(error.value)


def test_the_exporter_of_a_collector():
    exporter = pytest.importorskip("opentelemetry.exporter.otlp.proto.http.trace_exporter",
                                   reason="the OTLP exporter is not installed")
    found, = exporters("traces", {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE})
    assert isinstance(found, exporter.OTLPSpanExporter)
    assert not exporters("traces", {})


def test_what_to_install(monkeypatch):
    monkeypatch.setattr(signals, "_sdk_is_installed", lambda: False)
    check_signals({"OTEL_SERVICE_NAME": "robot"})
    with pytest.raises(InputError, match=r"pip install 'dnne_ros\[otel\]', or OTEL_SDK_DISABLED"):
        check_signals({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE})


def test_nothing_is_loaded_that_nobody_asks_for():
    said = subprocess.run([sys.executable, "-c", """
import sys
from dnne_ros.spans import node_spans, ports, checkpoint_spans
from dnne_ros.spans.telemetry import open_telemetry
assert open_telemetry({}, {}, print) is None
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""], capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "[]", said.stderr
