"""What processes say of nodes, edges and the run, as metrics.

Statuses are those of ``/diagnostics``, and words those that a process tells its supervisor: so
metrics say what ``dnne-ros top`` and the report do, and there is no second account.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

from dnne_ros.metrics.families import FAMILIES
from dnne_ros.metrics.histogram import Histogram
from dnne_ros.metrics.samples import Labels, Samples

_OF_EDGES = {
    "sent": "edge_items_sent", "received": "edge_items_received", "lost": "edge_items_lost",
    "duplicated": "edge_items_duplicated", "dropped": "edge_items_dropped",
    "blocked_s": "edge_blocked_seconds"}
_OF_RECEIVERS = {"depth": "edge_waiting_items", "capacity": "edge_capacity_items"}
_OF_NODES = {
    "taken": "node_items_taken", "sent": "node_items_sent",
    "deadline.missed": "node_deadline_missed", "deadline.worst_s": "node_deadline_worst_seconds",
    "deadline.slow_seconds": "node_deadline_slow_seconds",
    "deadline.worst_hz": "node_deadline_worst_hertz",
    "watchdog.silences": "node_watchdog_silences",
    "watchdog.longest_s": "node_watchdog_longest_seconds",
    "errors.count": "node_errors", "errors.not_finite": "node_errors_not_finite",
    "faults.restarts": "node_restarts", "faults.safe_values": "node_safe_values"}
_NO_FIGURES = {"pid", "processes", "cpu_percent", "taken_per_s", "sent_per_s"}
"""What is no figure of a node, or follows from one that grows."""
_EPOCHS = "completed_epochs"
_OF_TRAINING = {
    "total_updates": "training_updates", "env_steps": "training_env_steps",
    "episodes": "training_episodes", _EPOCHS: "training_epochs",
    "mean_return": "training_mean_return", "loss": "training_loss",
    "accuracy": "training_accuracy_ratio"}


def edge_labels(graph: str, name: str) -> Labels:
    """Return the labels of the edge ``a/out → b/in``; a topic of others is a source as it is."""
    source, _, target = name.partition(" → ")
    node, _, output = source.rpartition("/")
    if source.startswith("/"):
        node, output = source, ""
    return (graph, node, output, *_parts(target))


def add_edge(samples: Samples, graph: str, values: Mapping[str, Any],
             latencies: Histogram | None) -> None:
    """Add what a process knows of an edge, as it says on ``/diagnostics``."""
    labels = edge_labels(graph, values["edge"])
    taken_here = values["end"] != "sender"
    for key, base in {**_OF_EDGES, **(_OF_RECEIVERS if taken_here else {})}.items():
        if key in values:
            samples.put(base, labels, values[key])
    if taken_here:
        samples.put("edge_info", (*labels, values["policy"], values["transport"]), 1)
        if latencies is not None:
            samples.put("edge_latency_seconds", labels, latencies.copy())


def add_node(samples: Samples, graph: str, name: str, level: int, values: Mapping[str, Any]
             ) -> None:
    """Add what a node says on ``/diagnostics``."""
    labels = (graph, name)
    samples.put("node_level", labels, level)
    samples.put("node_info", (*labels, values["type"], values["title"], values["process"]), 1)
    for key, value in _numbers(values):
        if key in _OF_NODES:
            samples.put(_OF_NODES[key], labels, value)
        elif key not in _NO_FIGURES:
            samples.put("node_figure", (*labels, key), value)


class RunWords:
    """Counts what a process tells its supervisor."""

    def __init__(self, graph: str):
        """Count for ``graph``."""
        self._graph = graph
        self._counts = dict.fromkeys(
            ("run_warnings", "run_standstills", "checkpoints_saved", "checkpoints_failed"), 0)
        self._times: dict[str, float] = {}
        self._training: dict[str, float] = {}
        self._saving_since: float | None = None
        self._savings = Histogram(FAMILIES["checkpoint_duration_seconds"].bounds)

    def note(self, kind: str, content: Mapping[str, Any]) -> None:
        """Take a message; see `dnne_ros.runtime.coordination.status`."""
        if kind == "progress":
            metrics = content["metrics"]
            self._training.update(_numbers(metrics))
            completed = {**metrics.get("completed_epoch", {})}
            self._training.update(_numbers({_EPOCHS: completed.pop("epoch", None), **completed}))
        elif kind == "started":
            self._times["run_start_time_seconds"] = time.time()
        elif kind == "warning":
            self._counts["run_warnings"] += 1
        elif kind == "standstill":
            self._counts["run_standstills"] += 1
        elif kind == "saving":
            self._saving_since = time.monotonic()
        elif kind == "saved":
            self._counts["checkpoints_saved"] += 1
            self._times["checkpoint_last_saved_time_seconds"] = time.time()
            if self._saving_since is not None:
                self._savings.add(time.monotonic() - self._saving_since)
        elif kind == "not_saved":
            self._counts["checkpoints_failed"] += 1

    def add(self, samples: Samples) -> None:
        """Add what was counted."""
        labels = (self._graph,)
        for base, value in {**self._counts, **self._times}.items():
            samples.put(base, labels, value)
        samples.put("checkpoint_duration_seconds", labels, self._savings.copy())
        for name, value in self._training.items():
            if name in _OF_TRAINING:
                samples.put(_OF_TRAINING[name], labels, value)
            else:
                samples.put("training_figure", (*labels, name), value)


def _parts(port: str) -> tuple[str, str]:
    node, _, name = port.rpartition("/")
    return node, name


def _numbers(values: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for key, value in values.items():
        if isinstance(value, Real) and not isinstance(value, bool):
            yield key, float(value)
