"""Metrics that are sent by OTLP."""

import threading

import pytest

from dnne_ros.metrics.otlp import MetricsPush, interval_seconds
from dnne_ros.metrics.samples import Samples


@pytest.mark.parametrize("text, expected", [
    ("500", 0.5), ("0.5", 0.0005), *((text, 60.0) for text in (
        "abc", "", "0", "-1", "nan", "inf", "-inf", "1e300"))])
def test_what_is_no_interval_counts_as_not_given(text, expected):
    assert interval_seconds({"OTEL_METRIC_EXPORT_INTERVAL": text}) == expected
    assert interval_seconds({}) == 60.0


def test_an_exporter_that_fails_is_asked_again(caplog):
    resources = pytest.importorskip("opentelemetry.sdk.resources",
                                    reason="opentelemetry-sdk is not installed")
    asked = threading.Semaphore(0)

    class Failing:
        def export(self, data):
            asked.release()
            raise OSError("no certificate")

        def shutdown(self):
            pass

    push = MetricsPush(Samples, [Failing()], resources.Resource.create({}), 0.001)
    for _ in range(3):
        assert asked.acquire(timeout=30)
    push.shutdown()
