"""Brings the figures of all processes of a run together, in the one that leads."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from dnne_ros.metrics.figures import RunWords, add_edge, add_node
from dnne_ros.metrics.histogram import LATENCY_BOUNDS, Histogram
from dnne_ros.metrics.otlp import MetricsPush, interval_seconds
from dnne_ros.metrics.samples import Samples
from dnne_ros.metrics.serving import Address, prometheus_metrics, served
from dnne_ros.runtime.coordination.bus import Bus, Delivery
from dnne_ros.runtime.coordination.pause import Pause
from dnne_ros.runtime.coordination.run_channel import ProcessGroup, RunChannel
from dnne_ros.runtime.coordination.status import StatusChannel
from dnne_ros.runtime.monitoring.diagnostic_message import Status
from dnne_ros.runtime.monitoring.diagnostics import MARK, PERIOD, EdgeEnd
from dnne_ros.spans.signals import METRICS
from dnne_ros.spans.telemetry import Telemetry

TOPIC = "_metrics"
_UP_SECONDS = 3 * PERIOD
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class _Heard:
    """What a process has said last, and when."""

    at: float
    samples: Samples


class RunMetrics:
    """What the processes of a run count, once a second; each tells the leading one."""

    def __init__(self, group: ProcessGroup, bus: Bus, graph: str, status: StatusChannel,
                 pause: Pause, ends: Iterable[EdgeEnd]):
        """Count for one process of ``group``, with ``ends`` of edges; ``graph`` is its namespace.

        Latencies are counted by their length from now on.
        """
        self._group = group
        self._graph = graph
        self._status = status
        self._pause = pause
        self._words = RunWords(graph)
        self._heard: dict[str, _Heard] = {}
        self._latencies: dict[str, Histogram] = {}
        for end in ends:
            stats = end.counting.stats
            if end.end != "sender" and stats.same_clock:
                self._latencies[end.name] = stats.latencies = Histogram(LATENCY_BOUNDS)
        # A second that is lost is made good by the next.
        self._channel = RunChannel(
            bus, TOPIC, Delivery(reliable=True, kept=1, queue=2 * len(group.others) + 1), group,
            self._on_message, lambda text: status.send("warning", message=text),
            listens=group.leads)
        self._ending = ExitStack()

        status.listeners.append(self._words.note)
        self._ending.callback(status.listeners.remove, self._words.note)

    def serve(self, address: Address) -> None:
        """Serve them to Prometheus, if this process leads; `InputError` if that cannot be."""
        if self._group.leads:
            url = self._ending.enter_context(
                served(lambda: prometheus_metrics(self.samples()), address))
            self._status.send("serving", message=f"metrics: {url}")

    def push(self, telemetry: Telemetry) -> None:
        """Send them by OTLP until that is closed, if this process leads."""
        if self._group.leads:
            telemetry.add(MetricsPush(self.samples, telemetry.exporters(METRICS),
                                      telemetry.resource, interval_seconds(os.environ)))

    def close(self) -> None:
        """Serve and send to nobody any more."""
        self._ending.close()

    def note(self, statuses: Iterable[Status]) -> None:
        """Take what this process says of its nodes and edges."""
        samples = Samples()
        for status in statuses:
            if status.values[MARK] == "edge":
                add_edge(samples, self._graph, status.values,
                         self._latencies.get(str(status.values["edge"])))
            else:
                add_node(samples, self._graph, status.name.rpartition("/")[2], status.level,
                         status.values)
        self._words.add(samples)
        process = (self._graph, self._group.process)
        samples.put("process_cpu_seconds", process, time.process_time())
        samples.put("process_resident_memory_bytes", process, _resident_bytes())
        if self._group.leads:
            samples.put("run_processes", (self._graph,), 1 + len(self._group.others))
            samples.put("run_paused", (self._graph,), int(self._pause.paused))
            self._heard[self._group.process] = _Heard(time.monotonic(), samples)
        else:
            self._channel.say("figures", samples=samples.to_plain())

    def samples(self) -> Samples:
        """Return the figures of all processes; those of one that is silent are its last."""
        now = time.monotonic()
        together = Samples()
        heard = dict(self._heard)  # a thread serves
        for each in heard.values():
            together.merge(each.samples)
        for process in (self._group.process, *self._group.others):
            up = process in heard and now - heard[process].at < _UP_SECONDS
            together.put("process_up", (self._graph, process), int(up))
        return together

    def _on_message(self, sender: str, content: Mapping[str, Any]) -> None:
        self._heard[sender] = _Heard(time.monotonic(), Samples.from_plain(content["samples"]))


def _resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE
