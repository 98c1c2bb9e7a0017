"""The figures of ``dnne-ros bench edges`` as tables, and the ratios that matter."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

from dnne_ros.bench.edge_peers.running import (
    BARE,
    DORA,
    OURS,
    PEERS,
    PLAIN,
    QUEUE,
    Peer,
    place_name,
)
from dnne_ros.bench.edge_watching import NOBODY, VIEW, WATCHED, WATCHED_PAYLOAD, WATCHERS
from dnne_ros.bench.rounds import ratio
from dnne_ros.bench.table import Table
from dnne_ros.transport.frame import LARGE_FROM


def _time(us: float) -> str:
    for limit, unit in ((1e3, "µs"), (1e6, "ms")):
        if us < limit:
            return f"{us / limit * 1e3:.3g} {unit}"
    return f"{us / 1e6:.3g} s"


def _rate(per_second: float) -> str:
    if per_second >= 1e4:
        return f"{per_second / 1e6:.3g} M" if per_second >= 1e6 else f"{per_second / 1e3:.3g} k"
    return f"{per_second:.0f}" if per_second >= 100 else f"{per_second:.3g}"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"


_FIGURES: dict[str, tuple[str, Callable[[float], str]]] = {
    "trip p50": ("p50_us", _time), "trip p99": ("p99_us", _time),
    "trips/s": ("trips_s", _rate), "items/s": ("items_s", _rate),
    "lost": ("lost", "{:.0%}".format), "CPU/item": ("cpu_us", _time)}
_COLUMNS = {1: ("trip p50", "trip p99", "trips/s", "items/s", "CPU/item"),
            2: ("trip p50", "trip p99", "items/s", "lost", "CPU/item")}
"""Headings of the tables for one process and for two."""

COPIES = "two processes: its copies alone"
"""The case that makes the copies of a round trip through shared memory and nothing else."""

_WANTED = {
    f"two processes, 16 B: trip p50, {OURS} / {PLAIN}": "≤ 0.4",
    f"two processes, 16 B: trip p50, {OURS} / {BARE}": "≤ 1.25",
    f"two processes, 16 B: trip p50, {OURS} / {DORA}": "< 1",
    f"two processes, 64 KiB: trip p50, {OURS} / {PLAIN}": "≤ 0.5",
    f"two processes, 64 KiB: trip p50, {OURS} / {BARE}": "≤ 0.9",
    f"two processes, 4 MiB: trip p50, {OURS} / {PLAIN}": "≤ 0.15",
    f"two processes, 4 MiB: trip p50, {OURS} / its copies alone": "≤ 1.3",
    f"two processes, 32 MiB: trip p50, {OURS} / {PLAIN}": "≤ 0.15",
    f"one process, 16 B: trips/s, {OURS} / {QUEUE}": "≥ 0.5",
    "one process: trips/s, unwatched / without topics": "≥ 0.97",
    **{f"{place}: items/s, {watcher} watcher / {NOBODY}": "≥ 0.95"
       for place in WATCHED for watcher in WATCHERS},
}
"""What this package promises of each ratio."""


def payload_name(payload: int) -> str:
    """Return ``64 KiB`` for 65536."""
    for unit, name in ((2**20, "MiB"), (2**10, "KiB")):
        if payload >= unit and payload % unit == 0:
            return f"{payload // unit} {name}"
    return f"{payload} B"


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return a table for each payload and number of processes, and one of ratios."""
    shown = [_payload_table(document, payload_name(payload), processes)
             for payload in document["payloads"] for processes in (1, 2)]
    ratios = Table("medians of the rounds' ratios", ("", "ratio", "wanted"), [
        (row["name"], _number(row["ratio"]), row["wanted"]) for row in document["ratios"]
        if "error" not in row])
    means = Table("means of the rounds' ratios", ("", "ratio", "standard error", "wanted"), [
        (row["name"], f"{row['ratio']:.4f}",
         "" if row["error"] is None else f"{row['error']:.4f}", row["wanted"])
        for row in document["ratios"] if "error" in row])
    problems = Table("not measured", ("", "why"), list(document["problems"].items()))
    every = (*shown, _watching_table(document), ratios, means, problems)
    return [table for table in every if table.rows]


def _payload_table(document: Mapping[str, Any], payload: str, processes: int) -> Table:
    table = Table(f"{payload} of float32, {place_name(processes)}", (
        "", *_COLUMNS[processes], "copies"))
    for peer in PEERS:
        figures = document["medians"].get(peer.case, {})
        if peer.processes == processes and f"{payload} p50_us" in figures:
            cells = (_FIGURES[heading] for heading in _COLUMNS[processes])
            table.rows.append((
                peer.name, *(form(figures[f"{payload} {figure}"]) for figure, form in cells),
                str(document["copies"][peer.case][payload])))
    return table


def _watching_table(document: Mapping[str, Any]) -> Table:
    table = Table(f"an edge of {payload_name(WATCHED_PAYLOAD)} items and who watches it", (
        "", "items/s", "CPU/item"))
    for case in WATCHED.values():
        figures = document["medians"].get(case, {})
        table.rows += [(f"{case} by {kind}", _rate(figures[f"{kind} items_s"]),
                        _time(figures[f"{kind} cpu_us"]))
                       for kind in (NOBODY, *WATCHERS) if f"{kind} items_s" in figures]
    return table


def ratio_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return name, ratio and what is wanted of it, for all that were measured."""
    rounds = document["all_rounds"]
    found: dict[str, float | None] = {}
    for payload in map(payload_name, document["payloads"]):
        for peer in PEERS:
            if peer.name != OURS and (peer.processes, peer.name) != (1, BARE):
                found.update(_against(rounds, payload, peer))
    for payload in document["payloads"]:
        if payload >= LARGE_FROM:
            figure = f"{payload_name(payload)} p50_us"
            found[f"two processes, {payload_name(payload)}: trip p50, {OURS} / its copies alone"] \
                = _ratio(rounds, (f"two processes: {OURS}", figure), (COPIES, figure))
    found["one process: trips/s, unwatched / without topics"] = _ratio(
        rounds, (VIEW, "with topics trips_s"), (VIEW, "without topics trips_s"))
    for place, case in WATCHED.items():
        for watcher in WATCHERS:
            found[f"{place}: items/s, {watcher} watcher / {NOBODY}"] = _ratio(
                rounds, (case, f"{watcher} items_s"), (case, f"{NOBODY} items_s"))
    return [{"name": name, "ratio": value, "wanted": _WANTED.get(name, "")}
            for name, value in found.items() if value is not None]


def _against(rounds: Mapping[str, Any], payload: str, peer: Peer) -> dict[str, float | None]:
    """Return our ratios to ``peer``: times where processes talk, rates in one."""
    place = place_name(peer.processes)
    figure, label = ("p50_us", "trip p50") if peer.processes == 2 else ("trips_s", "trips/s")
    return {f"{place}, {payload}: {label}, {OURS} / {peer.name}": _ratio(
        rounds, (f"{place}: {OURS}", f"{payload} {figure}"), (peer.case, f"{payload} {figure}"))}


def _ratio(rounds: Mapping[str, Mapping[str, list[float]]], ours: tuple[str, str],
           theirs: tuple[str, str]) -> float | None:
    """Return the median of the rounds' ratios; if one failed in some rounds, that of medians."""
    above, below = (rounds.get(case, {}).get(figure, []) for case, figure in (ours, theirs))
    if not above or not below:
        return None
    if len(above) == len(below):
        return statistics.median(a / b for a, b in zip(above, below, strict=True))
    return ratio(statistics.median(above), statistics.median(below))
