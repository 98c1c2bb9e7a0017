"""Which metrics there are: a line here is a metric, with its labels and what it says.

Names are Prometheus' own conventions: base units, ``_total`` behind what only grows.  Labels are
names in the graph, so that there are as many series as nodes and edges, and no more after a
restart: never a process id or the id of a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dnne_ros.metrics.histogram import LATENCY_BOUNDS, SAVING_BOUNDS

GRAPH = ("graph",)
NODE = ("graph", "node")
EDGE = ("graph", "source", "output", "target", "input")
PROCESS = ("graph", "process")


@dataclass(frozen=True)
class Family:
    """One metric.

    ``unit`` is how OpenTelemetry writes it (UCUM).  ``adds_up``: what two processes count of one
    thing is added, as they have counted different items; of other figures the larger one counts.
    ``bounds`` are those of a histogram.
    """

    base: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    help: str
    unit: str = ""
    adds_up: bool = False
    bounds: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """Return its name, as it is served."""
        return f"dnne_ros_{self.base}{'_total' if self.kind == 'counter' else ''}"


_ITEMS, _SECONDS = "{item}", "s"
_TABLE = (
    Family("edge_items_sent", "counter", EDGE, "Items handed over by the sender.", _ITEMS),
    Family("edge_items_received", "counter", EDGE, "Items that the target has taken, each once.",
           _ITEMS),
    Family("edge_items_lost", "counter", EDGE, "Items that never came.", _ITEMS),
    Family("edge_items_duplicated", "counter", EDGE, "Items that came once more.", _ITEMS,
           adds_up=True),
    Family("edge_items_dropped", "counter", EDGE,
           "Items that made room for newer ones, or whose target was gone.", _ITEMS,
           adds_up=True),
    Family("edge_blocked_seconds", "counter", EDGE, "How long the sender has waited for room.",
           _SECONDS),
    Family("edge_waiting_items", "gauge", EDGE, "Items that wait to be taken.", _ITEMS),
    Family("edge_capacity_items", "gauge", EDGE, "How many may wait.", _ITEMS),
    Family("edge_latency_seconds", "histogram", EDGE,
           "From hand-over to taking, of one item in 16.", _SECONDS, bounds=LATENCY_BOUNDS),
    Family("edge_info", "gauge", (*EDGE, "policy", "transport"),
           "1; the labels say how the edge treats items and what has carried them."),
    Family("node_items_taken", "counter", NODE, "Items taken, over all inputs.", _ITEMS),
    Family("node_items_sent", "counter", NODE, "Items given, over all outputs.", _ITEMS),
    Family("node_level", "gauge", NODE, "Its state: 0 ok, 1 warning, 2 error, 3 stale."),
    Family("node_info", "gauge", (*NODE, "type", "title", "process"),
           "1; the labels say what the node is and where it lives."),
    Family("node_deadline_missed", "counter", NODE, "Items that took longer than their deadline."),
    Family("node_deadline_worst_seconds", "gauge", NODE, "The longest that an item has taken.",
           _SECONDS),
    Family("node_deadline_slow_seconds", "counter", NODE,
           "Seconds in which it was below its rate.", _SECONDS),
    Family("node_deadline_worst_hertz", "gauge", NODE, "The lowest rate of such a second.", "Hz"),
    Family("node_watchdog_silences", "counter", NODE,
           "How often it gave no sign of life in time."),
    Family("node_watchdog_longest_seconds", "gauge", NODE, "The longest of these silences.",
           _SECONDS),
    Family("node_errors", "counter", NODE, "Items over which it has failed."),
    Family("node_errors_not_finite", "counter", NODE, "Outputs that held NaN or infinity."),
    Family("node_restarts", "counter", NODE, "How often it was made anew after a fault."),
    Family("node_safe_values", "counter", NODE, "Safe values sent in the place of late results."),
    Family("node_figure", "gauge", (*NODE, "figure"),
           "What else the node says of itself, by the figure's name on /diagnostics."),
    Family("process_up", "gauge", PROCESS, "1 while the process has been heard of lately."),
    Family("process_cpu_seconds", "counter", PROCESS, "Its time on a CPU.", _SECONDS),
    Family("process_resident_memory_bytes", "gauge", PROCESS, "Its resident memory.", "By"),
    Family("run_processes", "gauge", GRAPH, "How many processes the graph has."),
    Family("run_start_time_seconds", "gauge", GRAPH, "When its nodes began, since the epoch.",
           _SECONDS),
    Family("run_paused", "gauge", GRAPH, "1 while it stands still as somebody wants it to."),
    Family("run_warnings", "counter", GRAPH, "Warnings of its processes.", adds_up=True),
    Family("run_standstills", "counter", GRAPH, "How often it was found that nothing moves."),
    Family("checkpoints_saved", "counter", GRAPH, "Checkpoints written."),
    Family("checkpoints_failed", "counter", GRAPH, "Checkpoints that were due and not written."),
    Family("checkpoint_last_saved_time_seconds", "gauge", GRAPH,
           "When the last one was written, since the epoch.", _SECONDS),
    Family("checkpoint_duration_seconds", "histogram", GRAPH, "How long writing one has taken.",
           _SECONDS, bounds=SAVING_BOUNDS),
    Family("training_updates", "counter", GRAPH,
           "Updates of the policy, those of its checkpoint included."),
    Family("training_env_steps", "counter", GRAPH, "Environment steps of this run."),
    Family("training_episodes", "counter", GRAPH, "Episodes that have ended."),
    Family("training_epochs", "counter", GRAPH, "Epochs of supervised learning."),
    Family("training_mean_return", "gauge", GRAPH, "The mean return of the last 100 episodes."),
    Family("training_loss", "gauge", GRAPH, "The loss of the last update or epoch."),
    Family("training_accuracy_ratio", "gauge", GRAPH, "The accuracy of the last epoch."),
    Family("training_figure", "gauge", ("graph", "figure"),
           "What else nodes report of training, by the figure's name in the report."),
    # All of them may sink: who forgets old jobs forgets their figures.
    Family("jobs", "gauge", ("queue", "count"), "Jobs of a store, as `jobs stats` counts them."),
    Family("jobs_running_seconds", "gauge", ("queue",),
           "How long jobs have run, all tries together.", _SECONDS),
    Family("jobs_workers", "gauge", ("state",), "Workers that there are."),
)
FAMILIES = {family.base: family for family in _TABLE}
"""All of them, by name without ``dnne_ros_`` and ``_total``."""
