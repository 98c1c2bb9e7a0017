"""Sends metrics by OTLP, as often as the ``OTEL_*`` variables say."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dnne_ros.metrics.families import Family
from dnne_ros.metrics.histogram import Histogram
from dnne_ros.metrics.samples import Labels, Samples, Value

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter, MetricsData
    from opentelemetry.sdk.resources import Resource

_log = logging.getLogger("opentelemetry.dnne_ros")
_INTERVAL = "OTEL_METRIC_EXPORT_INTERVAL"
_INTERVAL_MS = 60_000.0


def interval_seconds(environment: Mapping[str, str]) -> float:
    """Return how often to send; what is no such number of milliseconds counts as not given."""
    try:
        seconds = float(environment.get(_INTERVAL, _INTERVAL_MS)) / 1e3
    except ValueError:
        seconds = math.nan
    return seconds if 0 < seconds <= threading.TIMEOUT_MAX else _INTERVAL_MS / 1e3


class MetricsPush:
    """A thread that sends the figures of each moment; one that cannot be sent is left out.

    Figures are totals, so the next ones say all that was missed: nothing is kept.
    """

    def __init__(self, collect: Callable[[], Samples], exporters: Sequence[MetricExporter],
                 resource: Resource, seconds: float):
        """Send what ``collect()`` returns every so many ``seconds``, and at the end."""
        self._collect = collect
        self._exporters = exporters
        self._resource = resource
        self._seconds = seconds
        self._began = time.time_ns()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def shutdown(self) -> None:
        """Send the last ones, as the providers of the SDK do."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(self._seconds):
            self._send()
        self._send()
        for exporter in self._exporters:
            exporter.shutdown()

    def _send(self) -> None:
        data = metrics_data(self._collect(), self._resource, self._began, time.time_ns())
        for exporter in self._exporters:
            try:
                exporter.export(data)
            except Exception:  # of others; the SDK's own readers do the same
                _log.exception("Exception while exporting metrics")


def metrics_data(samples: Samples, resource: Resource, began: int, now: int) -> MetricsData:
    """Return ``samples`` as OpenTelemetry's SDK exports them; times in ns since the epoch."""
    from opentelemetry.sdk.metrics import export
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    points: dict[Family, list[Any]] = {}
    for family, labels, value in samples:
        points.setdefault(family, []).append(_point(family, labels, value, began, now))
    return export.MetricsData([export.ResourceMetrics(resource, [export.ScopeMetrics(
        InstrumentationScope("dnne_ros"),
        [export.Metric(f"dnne_ros_{family.base}", family.help, family.unit or "1",
                       _data(family, each)) for family, each in points.items()], "")], "")])


def _data(family: Family, points: list[Any]) -> Any:
    from opentelemetry.sdk.metrics import export

    total = export.AggregationTemporality.CUMULATIVE
    if family.kind == "histogram":
        return export.Histogram(points, total)
    return export.Sum(points, total, True) if family.kind == "counter" else export.Gauge(points)


def _point(family: Family, labels: Labels, value: Value, began: int, now: int) -> Any:
    from opentelemetry.sdk.metrics import export

    attributes = dict(zip(family.labels, labels, strict=True))
    if not isinstance(value, Histogram):
        return export.NumberDataPoint(attributes, began, now, value)
    unknown: Any = None  # the extremes, which OTLP can do without
    return export.HistogramDataPoint(attributes, began, now, value.count, value.sum,
                                     value.counts, list(value.bounds), unknown, unknown)
