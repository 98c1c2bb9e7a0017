"""How ``dnne-ros top`` looks: tables of nodes and edges, the worst first."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from dnne_ros.node_api.health import Level
from dnne_ros.top.state import Entry, GraphState, is_stale

_COLORS = {Level.OK: "", Level.WARN: "yellow", Level.ERROR: "bold red", Level.STALE: "dim"}
_BAR = 6
_TABLE_LINES = 2  # a title and a line of headings


def show_graph(graph: GraphState, now: float, rows: int | None = None, scroll: int = 0) -> Group:
    """Return the tables of a graph at time ``now``, in at most ``rows`` lines if that is given.

    ``scroll`` is the first line to show of whatever does not fit.
    """
    nodes, edges = _sorted(graph.nodes), _sorted(graph.edges())
    for_nodes, for_edges = _shares(len(nodes), len(edges), rows)
    return Group(
        _heading(graph, now),
        _table("node", _NODE_COLUMNS, nodes, now, for_nodes, scroll, _node_row),
        _table("edge", _EDGE_COLUMNS, edges, now, for_edges, scroll, _edge_row))


def show_graphs(namespaces: list[str], shown: str) -> Text:
    """Return a line that names all graphs, the one that is shown in reverse."""
    line = Text("graphs  ", style="dim")
    for namespace in namespaces:
        line.append(f" {namespace} ", style="reverse" if namespace == shown else "")
        line.append(" ")
    return line


def _heading(graph: GraphState, now: float) -> Text:
    processes = graph.processes(now)
    line = Text(f"{graph.namespace}", style="bold")
    if processes:
        count, expected = len(processes), max(graph.expected, len(processes))
        line.append(f"   {count if count == expected else f'{count} of {expected}'} "
                    f"process{'es' if expected > 1 else ''}, CPU {sum(processes.values()):.0f} %",
                    style="not bold" if count == expected else "not bold yellow")
    else:
        line.append(f"   silent for {now - graph.heard():.0f} s", style="red")
    if paused := graph.paused(now):
        line.append(f"   paused by {paused}", style="not bold yellow")
    clock = time.strftime("%H:%M:%S")
    return line.append(f"   {clock}", style="not bold dim")


def _sorted(entries: Mapping[str, Entry]) -> list[tuple[str, Entry]]:
    return sorted(entries.items(), key=lambda item: (-item[1].level, _natural(item[0])))


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a sort key that puts ``node_9`` before ``node_10``."""
    return [(text, int(word or 0)) for text, word in re.findall(r"(\D*)(\d*)", name)]


def _shares(nodes: int, edges: int, rows: int | None) -> tuple[int, int]:
    """Divide the lines between the two tables: edges get what nodes leave, and half at least."""
    if rows is None:
        return nodes, edges
    free = max(rows - 1 - 2 * _TABLE_LINES, 2)
    for_nodes = min(nodes, max(free // 2, free - edges))
    return for_nodes, free - for_nodes


_NODE_COLUMNS = ("node", "type", "process", "CPU %", "in/s", "out/s", "taken", "sent", "health")
_EDGE_COLUMNS = ("edge", "policy", "by", "items/s", "waiting", "blocked", "latency ms", "max",
                 "lost", "twice", "dropped", "state")
_CUT_SHORT = {"node", "type", "health", "edge"}
_TEXTS = {"node", "type", "process", "health", "edge", "policy", "by", "waiting", "state"}


def _table(title: str, columns: tuple[str, ...], entries: list[tuple[str, Entry]], now: float,
           rows: int, scroll: int, row: Any) -> Table:
    first = max(0, min(scroll, len(entries) - rows))
    last = min(first + rows, len(entries))
    part = "" if last - first == len(entries) else f", {first + 1} to {last}"
    plural = "" if len(entries) == 1 else "s"
    table = Table(title=f"{len(entries)} {title}{plural}{part}", title_justify="left",
                  title_style="dim", box=None, padding=(0, 1, 0, 0), header_style="dim")
    for name in columns:
        # On a narrow terminal columns of words give way; rich never narrows a no_wrap column.
        table.add_column(name, justify="left" if name in _TEXTS else "right",
                         no_wrap=name not in _CUT_SHORT)
    for name, entry in entries[first:last]:
        style = "bright_black" if is_stale(entry, now) else _COLORS[entry.level]
        table.add_row(*(Text(text, no_wrap=True, overflow="ellipsis")
                        for text in row(name, entry, now)), style=style)
    return table


def _node_row(name: str, entry: Entry, now: float) -> tuple[str, ...]:
    values = entry.values
    kind = values.get("type", "")
    if "replicas" in values:
        kind += f" × {values['replicas']}"
    return (name, kind, values.get("process", ""),
            _rate(values, "cpu_percent"), _rate(values, "taken_per_s"),
            _rate(values, "sent_per_s"), _count(values, "taken"), _count(values, "sent"),
            _state(entry, now))


def _edge_row(name: str, entry: Entry, now: float) -> tuple[str, ...]:
    values = entry.values
    rate = "received_per_s" if "received_per_s" in values else "sent_per_s"
    blocked = f"{values['blocked_percent']:.0f} %" if "blocked_percent" in values else "–"
    return (name, values.get("policy", ""), values.get("transport", ""), _rate(values, rate),
            _depth(values), blocked, _milliseconds(values, "latency_ms"),
            _milliseconds(values, "latency_max_ms"), _count(values, "lost"),
            _count(values, "duplicated"), _count(values, "dropped"),
            _state(entry, now).split()[0] if entry.level or is_stale(entry, now) else "ok")


def _state(entry: Entry, now: float) -> str:
    return f"silent for {now - entry.heard:.0f} s" if is_stale(entry, now) else entry.message


def _depth(values: Mapping[str, Any]) -> str:
    depth, capacity = values.get("depth", 0), max(values.get("capacity", 1), 1)
    filled = min(_BAR, math.ceil(_BAR * depth / capacity))
    return f"{'█' * filled}{'░' * (_BAR - filled)} {depth}/{capacity}"


def _count(values: Mapping[str, Any], key: str) -> str:
    return f"{values[key]:,}" if key in values else "–"


def _rate(values: Mapping[str, Any], key: str) -> str:
    if key not in values:
        return "–"
    return f"{values[key]:,.{0 if values[key] >= 100 else 1}f}"


def _milliseconds(values: Mapping[str, Any], key: str) -> str:
    number = values.get(key, 0)
    return f"{number:,.{0 if number >= 10 else 2}f}" if number else "–"
