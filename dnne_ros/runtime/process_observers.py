"""Who looks at the nodes of a process, as far as the run's options and variables ask for it.

A recording, a trace, a flight record, figures for Prometheus, spans for OpenTelemetry: each is
made here, and closed when the process ends.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from rclpy.node import Node as RosNode

from dnne_ros.graph.graph import Graph
from dnne_ros.metrics.serving import Address
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.recording.installed import check_recording
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.coordination.ros_bus import RosBus
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.edges.wiring import Wiring
from dnne_ros.runtime.event_loop import RosEventLoop
from dnne_ros.runtime.monitoring.diagnostics import edge_ends
from dnne_ros.runtime.monitoring.flight_recorder import FlightRecorder, flight_recorder
from dnne_ros.runtime.monitoring.log_export import LogExport
from dnne_ros.runtime.monitoring.process_spans import ProcessSpans
from dnne_ros.runtime.monitoring.process_trace import ProcessTrace
from dnne_ros.runtime.monitoring.run_metrics import RunMetrics
from dnne_ros.runtime.node.context import HostContext
from dnne_ros.runtime.node.node_host import NodeHost
from dnne_ros.spans.signals import LOGS, METRICS
from dnne_ros.spans.telemetry import Telemetry, open_telemetry
from dnne_ros.tracing.flight_record import rescue

if TYPE_CHECKING:
    from dnne_ros.runtime.monitoring.process_recording import ProcessRecording

Hosts = Mapping[str, NodeHost]
Contexts = Mapping[str, HostContext]


class ProcessObservers:
    """Makes those that are wanted; ``ending`` closes them."""

    def __init__(self, group: ProcessGroup, settings: RunSettings, status: StatusChannel,
                 ending: ExitStack):
        """Look at a process of ``group``."""
        self._group = group
        self._settings = settings
        self._status = status
        self._ending = ending

    def record(self, graph: Graph, hosts: Hosts, values: Mapping[str, Mapping[str, Any]],
               loop: RosEventLoop, end_run: Callable[[], None]) -> ProcessRecording | None:
        """Return what records the nodes; ``end_run``: where they must be, and cannot any more."""
        if self._settings.record is None:
            return None
        check_recording("--record")
        from dnne_ros.runtime.monitoring.process_recording import ProcessRecording

        def fail(reason: str) -> None:
            self._status.send("unrecorded", reason=reason)
            self._warn(f"--record: nothing more of process {self._group.process} is recorded: "
                       f"{reason}")
            if self._settings.record_must and loop.is_running():
                end_run()

        recording = ProcessRecording(graph, self._group.process, self._settings, hosts, values,
                                     loop, fail, self._warn)
        self._ending.callback(recording.close)
        return recording

    def trace(self, graph: Graph, wiring: Wiring, hosts: Hosts, contexts: Contexts,
              telemetry: Telemetry | None) -> None:
        """Follow items by spans, and record what nodes do with them while somebody asks."""
        if telemetry is not None and telemetry.tracer is not None:
            self._ending.callback(ProcessSpans(
                telemetry, telemetry.tracer, graph, wiring, contexts, self._status).close)
        trace = ProcessTrace(graph, self._group.process, self._settings, hosts, contexts,
                             self._warn)
        self._ending.callback(trace.close)

    def keep_flight(self, graph: Graph, wiring: Wiring, hosts: Hosts, contexts: Contexts,
                    loop: RosEventLoop, memory: str) -> FlightRecorder | None:
        """Keep the last seconds from now on, unless nobody wants them or there is no room."""
        if self._settings.no_flight_record:
            return None
        try:
            if self._group.leads:
                rescue()
            recorder, close = flight_recorder(
                graph, self._group.process, self._settings, memory, wiring, hosts, contexts, loop,
                self._status)
        except OSError as error:
            self._warn(f"no flight record is kept: {error.filename}: {error.strerror}")
            return None
        self._ending.callback(close)
        return recorder

    def count(self, graph: Graph, speaker: RosNode, wiring: Wiring, pause: Pause,
              telemetry: Telemetry | None, key: bytes) -> RunMetrics | None:
        """Return what counts for those who watch machines, if somebody wants that."""
        address = self._settings.metrics
        pushed = telemetry is not None and METRICS in telemetry.wanted
        if address is None and not pushed:
            return None
        metrics = RunMetrics(self._group, RosBus(speaker, key), speaker.get_namespace(),
                             self._status, pause, edge_ends(graph, wiring))
        self._ending.callback(metrics.close)
        if address is not None:
            metrics.serve(Address.parse(address))
        if telemetry is not None and pushed:
            metrics.push(telemetry)
        return metrics

    def export(self, speaker: RosNode) -> Telemetry | None:
        """Return what ``OTEL_*`` variables ask for, and send what the graph's nodes log."""
        telemetry = open_telemetry(
            os.environ, {"dnne_ros.graph": speaker.get_namespace(),
                         "dnne_ros.process": self._group.process,
                         "service.instance.id": f"{self._group.run_id}/{self._group.process}"},
            self._warn_of_collector)
        if telemetry is not None:
            self._ending.callback(telemetry.close)
            if LOGS in telemetry.wanted and self._group.leads:
                logs = LogExport(speaker, telemetry.exporters(LOGS), telemetry.resource)
                telemetry.add(logs.provider)
                self._ending.callback(logs.close)
        return telemetry

    def _warn_of_collector(self, text: str) -> None:
        """Say it for all processes of this machine: they send to the same collector."""
        if self._group.leads or self._settings.host is not None:
            self._warn(text)

    def _warn(self, text: str) -> None:
        self._status.send("warning", message=text)
