"""An analysis as tables for a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dnne_ros.tracing.analysis import Analysis, PathPart
from dnne_ros.tracing.critical_path import EDGE, OUTSIDE, REST, WORK
from dnne_ros.tracing.figures import Spread
from dnne_ros.tracing.trace import Trace

_MOST_PARTS = 12
_MOST_EVENTS = 100
_WORDS = {WORK: "work of {}", EDGE: "edge {}", REST: "rest of {}", OUTSIDE: "outside, by {}"}


def show(analysis: Analysis) -> RenderableType:
    """Return the tables of nodes, edges and the critical path, and what to know of them."""
    trace = analysis.trace
    sample = "" if trace.every == 1 else f", one item in {trace.every}"
    head = Text(f"{trace.graph}: {analysis.seconds:.3f} s, {len(trace.processes)} "
                f"process{'es' if len(trace.processes) > 1 else ''}{sample}", style="bold")
    notes = [Text(f"note: {note}") for note in trace.notes]
    return Group(head, *notes, *_flight(trace), _nodes(analysis), _edges(analysis),
                 _path(analysis))


def _flight(trace: Trace) -> list[RenderableType]:
    """Return what a flight record has beside what every trace has."""
    flight = trace.flight
    if flight is None:
        return []
    said = _table(f"the last {flight.seconds:g} s, until {flight.time}: {flight.reason}", "s")
    for column in ("node", "what", "text"):
        said.add_column(column, overflow="fold")
    events = [event for event in trace.events if event.kind != "parameters"]
    for event in events[-_MOST_EVENTS:]:
        said.add_row(f"{1e-9 * (event.time - flight.moment):.3f}", event.node, event.kind,
                     Text(event.text.rstrip()))
    ports = _table("where each port was at the end", "port", "items", "waiting")
    for (node, port, direction), counts in sorted(trace.counts.items()):
        if counts:
            ports.add_row(f"{node}/{port} ({direction})", f"{counts[-1].number:,}",
                          f"{counts[-1].waiting:,}")
    return [said, ports]


def path_words(part: PathPart) -> str:
    """Return a part of the critical path in words: ``work of ppo_trainer_6``."""
    return _WORDS[part.part.kind].format(part.part.name)


def _table(title: str, first: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column(first, overflow="fold")
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _nodes(analysis: Analysis) -> Table:
    table = _table("nodes", "node", "process", "taken/s", "sent/s", "work p50", "p99", "max ms",
                   "works", "waits", "blocked", "rests", "period ms", "jitter p99")
    for node in analysis.nodes:
        period = "" if node.period is None else f"{node.period.p50:.3f}"
        jitter = "" if node.jitter is None else f"{node.jitter.p99:.3f}"
        table.add_row(node.name, node.process, f"{node.taken_per_s:,.1f}",
                      f"{node.sent_per_s:,.1f}", *_spread(node.work), f"{node.utilisation:.0%}",
                      f"{node.waiting:.0%}", f"{node.blocked:.0%}", f"{node.resting:.0%}",
                      period, jitter)
    return table


def _edges(analysis: Analysis) -> Table:
    table = _table("edges", "edge", "items/s", "MB/s", "latency p50", "p99", "max ms",
                   "waited for", "blocked")
    for edge in analysis.edges:
        size = "" if edge.bytes_per_s is None else f"{1e-6 * edge.bytes_per_s:,.2f}"
        table.add_row(edge.name, f"{edge.items_per_s:,.1f}", size, *_spread(edge.latency),
                      f"{edge.waiting:.0%}", f"{edge.blocked:.0%}")
    return table


def _path(analysis: Analysis) -> RenderableType:
    if analysis.trace.every > 1:
        return Text("no critical path: it takes every item, recorded without --trace-every")
    what = "loop" if analysis.loop else "way"
    table = _table(f"critical path of the {what} to {', '.join(analysis.paced)}",
                   "what sets the pace", "share", "s", "twice as fast", "instant")
    for part in analysis.path[:_MOST_PARTS]:
        table.add_row(path_words(part), f"{part.share:.1%}", f"{part.seconds:.3f}",
                      _gain(part.twice_as_fast), _gain(part.instant))
    return table


def _gain(gain: float | None) -> str:
    return "" if gain is None else f"+{gain:.1%}"


def _spread(spread: Spread | None) -> tuple[str, str, str]:
    return ("", "", "") if spread is None else \
        (f"{spread.p50:.3f}", f"{spread.p99:.3f}", f"{spread.max:.3f}")
