"""What carries spans away: the providers of OpenTelemetry's SDK, and one warning if they fail.

The SDK sends from a thread of its own and keeps a bounded queue (``OTEL_BSP_MAX_QUEUE_SIZE``): a
collector that is out of reach holds nothing up, and nothing piles up.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

from dnne_ros.errors import InputError
from dnne_ros.spans.signals import (
    LOGS,
    METRICS,
    TRACES,
    check_signals,
    exporters,
    signals_wanted,
)

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import LogRecordExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.trace import Tracer

_LEAVE_SECONDS = 2.0
"""How long the last spans may take: a collector that does not answer holds up no end of a run."""
_SERVICE = "dnne_ros"
PARENT = "TRACEPARENT"
"""The environment variable by which a job's span becomes that of its run."""


class _Provider(Protocol):
    """What sends until it is shut down, which may take as long as a collector lets it."""

    def shutdown(self) -> None:
        """Send what is left."""
        ...


class Telemetry:
    """The providers of one process; made where the variables ask for them."""

    def __init__(self, environment: Mapping[str, str], about: Mapping[str, str],
                 warn: Callable[[str], object]):
        """Send as ``environment`` says; ``about`` are attributes of the process.

        ``warn(text)`` is told what the SDK makes of wrong variables, and once when something
        cannot be delivered.  ValueError for those with which it makes nothing.
        """
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        self._environment = environment
        self.wanted = signals_wanted(environment)
        """The names of exporters by signal."""
        self._loud = _Complaints(warn)
        logging.getLogger("opentelemetry").addHandler(self._loud)
        logging.getLogger("opentelemetry").propagate = False
        named = "OTEL_SERVICE_NAME" in environment \
            or "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
        self.resource: Resource = Resource.create(
            dict(about) if named else {"service.name": _SERVICE, **about})
        self.samples_itself = not environment.get("OTEL_TRACES_SAMPLER")
        """Whether we choose which items to follow: the variables name no sampler."""
        self._providers: list[_Provider] = []
        self._tracer: Tracer | None = None
        if spans := exporters(TRACES, environment):
            provider = TracerProvider(
                resource=self.resource, shutdown_on_exit=False,
                sampler=ALWAYS_ON if self.samples_itself else None)
            for exporter in spans:
                provider.add_span_processor(BatchSpanProcessor(exporter))
            self._providers.append(provider)
            self._tracer = provider.get_tracer("dnne_ros")
        self._loud.delivering = True

    @property
    def tracer(self) -> Tracer | None:
        """Return what makes spans; None: nobody wants them."""
        return self._tracer

    @property
    def parent(self) -> Context | None:
        """Return the span that this process is part of, as ``TRACEPARENT`` says."""
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        if (said := self._environment.get(PARENT)) is None:
            return None
        return TraceContextTextMapPropagator().extract({"traceparent": said})

    def add(self, provider: _Provider) -> None:
        """Let ``provider`` send what is left, too, when this is closed."""
        self._providers.append(provider)

    def exporters(self, signal: str) -> list[Any]:
        """Return the exporters that are wanted of a signal."""
        return exporters(signal, self._environment)

    def close(self) -> None:
        """Send what is left, as long as that may take."""
        threads = [threading.Thread(target=provider.shutdown, daemon=True)
                   for provider in self._providers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(_LEAVE_SECONDS)
        logging.getLogger("opentelemetry").removeHandler(self._loud)


def open_telemetry(environment: Mapping[str, str], about: Mapping[str, str],
                   warn: Callable[[str], object]) -> Telemetry | None:
    """Return what the variables ask for; None, and nothing is loaded, if that is nothing."""
    return Telemetry(environment, about, warn) if signals_wanted(environment) else None


def check_telemetry(environment: Mapping[str, str]) -> None:
    """Raise `InputError` if what the variables ask for cannot be made, or is not installed."""
    check_signals(environment)
    try:
        telemetry = open_telemetry(environment, {}, lambda text: None)  # the run says it
        if telemetry is not None:
            with closing(telemetry):
                if METRICS in telemetry.wanted:
                    telemetry.exporters(METRICS)
                if LOGS in telemetry.wanted:
                    telemetry.add(log_provider(telemetry.exporters(LOGS), telemetry.resource))
    except ValueError as error:
        raise InputError("environment", [f"OTEL_* variables: {error}"]) from None


def log_provider(exporters: Iterable[LogRecordExporter], resource: Resource) -> LoggerProvider:
    """Return what sends log lines."""
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor

    provider = LoggerProvider(resource, shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return provider


class _Complaints(logging.Handler):
    """Passes on what the SDK says of variables, and the first of what it says of deliveries."""

    def __init__(self, warn: Callable[[str], object]):
        super().__init__(logging.WARNING)
        self._warn = warn
        self._warned = False
        self.delivering = False
        """Whether all is made, so that complaints are about deliveries."""

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record, in whichever thread."""
        if not self.delivering:
            self._warn(f"OpenTelemetry: {record.getMessage()}")
        elif not self._warned:
            self._warned = True
            self._warn("OpenTelemetry: what cannot be delivered is dropped, and the graph goes "
                       f"on: {record.getMessage()}")
