"""What is said of variables with which OpenTelemetry's SDK makes nothing, or something else."""

import logging
import subprocess
import sys
from contextlib import closing

import pytest

from dnne_ros.errors import InputError
from dnne_ros.spans.telemetry import check_telemetry, open_telemetry

pytest.importorskip("opentelemetry.exporter.otlp.proto.http",
                    reason="the OTLP exporter is not installed")
NOBODY = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize("name, value", [
    ("OTEL_BSP_MAX_QUEUE_SIZE", "-1"), ("OTEL_BLRP_MAX_QUEUE_SIZE", "0"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "9999999")])
def test_what_the_sdk_does_not_take_is_an_error_before_the_run(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=r"environment: OTEL_\* variables: max_"):
        check_telemetry({**NOBODY, name: value})


def test_what_the_sdk_refuses_while_it_is_loaded_is_one_too():
    said = subprocess.run([sys.executable, "-c", f"""
import os
os.environ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"] = "abc"
from dnne_ros.errors import InputError
from dnne_ros.spans.telemetry import check_telemetry
try:
    check_telemetry({NOBODY!r})
except InputError as error:
    print(error)
"""], capture_output=True, text=True, check=False)
    assert "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be" in said.stdout, said.stderr


def test_a_wrong_variable_does_not_use_up_the_warning_of_deliveries(monkeypatch):
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "many")
    said = []
    with closing(open_telemetry({**NOBODY, "OTEL_METRICS_EXPORTER": "none"}, {}, said.append)):
        for _ in range(2):
            logging.getLogger("opentelemetry.exporter").warning("out of reach")
    variable, delivery = said
    assert variable.startswith("OpenTelemetry: ") and "OTEL_BSP_MAX_QUEUE_SIZE" in variable
    assert delivery.endswith("is dropped, and the graph goes on: out of reach")
