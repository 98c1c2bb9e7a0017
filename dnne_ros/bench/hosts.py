"""``dnne-ros bench hosts``: what it costs to move arrays from one machine to another.

The machines are network namespaces of this one, joined by virtual cables, so nothing is measured
but the way over the network; both ends share its cores.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench.edge_peers.rally import Job
from dnne_ros.bench.edge_peers.running import (
    BARE,
    OURS,
    PLAIN,
    Peer,
    our_graph,
    peer_module,
    run_peer,
)
from dnne_ros.bench.edge_tables import payload_name
from dnne_ros.bench.edges import effort_factor, job_of, payload_list
from dnne_ros.bench.rounds import Case, chosen, document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.bench.virtual_hosts import VirtualHost, virtual_hosts, why_no_virtual_hosts
from dnne_ros.errors import InputError

__all__ = ["add_arguments", "measure", "tables"]

_MEGABYTE = 1e6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --payloads, --only and --effort."""
    parser.add_argument("--payloads", default="16,64K,4M", type=payload_list, metavar="BYTES",
                        help="bytes of float32 in an item (default 16,64K,4M)")
    parser.add_argument("--only", default="", metavar="TEXT",
                        help="only the cases with this in their names, like 'ours'")
    parser.add_argument("--effort", type=effort_factor, default=1.0, metavar="X",
                        help="how many items, as a factor (default 1)")


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Run every case in turn, round after round; `InputError` where there can be no hosts."""
    if reason := why_no_virtual_hosts():
        raise InputError("bench hosts", [reason])
    problems: dict[str, str] = {}
    with virtual_hosts("robot", "desk") as (robot, desk):
        jobs = [job_of(payload, 1, options.effort) for payload in options.payloads]
        cases: dict[str, Case] = {
            peer.name: partial(_measure, peer, jobs, problems, say)
            for peer in (Peer(OURS, 2, 0, partial(_ours, robot, desk)),
                         Peer(PLAIN, 2, 0, partial(_rclpy, "plain_rclpy", robot, desk)),
                         Peer(BARE, 2, 0, partial(_rclpy, "bare_dds", robot, desk)))}
        found = interleave(chosen("bench hosts", cases, options.only, ","), options.rounds, say)
    written = document("hosts", found, options.rounds, payloads=list(options.payloads),
                       effort=options.effort, problems=problems)
    return {**written, "ratios": _ratios(written)}


def tables(document: Mapping[str, Any]) -> list[Table]:
    """Return a table for each payload, and one of ratios."""
    shown = []
    for payload in document["payloads"]:
        name = payload_name(payload)
        table = Table(f"{name} of float32 from one host to another", (
            "", "items/s", "MB/s", "lost", "trip p50", "CPU/item"))
        for case, figures in document["medians"].items():
            if f"{name} items_s" in figures:
                items = figures[f"{name} items_s"]
                table.rows.append((
                    case, f"{items:,.0f}", f"{items * payload / _MEGABYTE:,.1f}",
                    f"{figures[f'{name} lost']:.1%}", f"{figures[f'{name} p50_us']:,.0f} µs",
                    f"{figures[f'{name} cpu_us']:,.0f} µs"))
        shown.append(table)
    shown.append(Table("medians of the rounds' ratios of items/s", ("", "ratio", "wanted"), [
        (row["name"], f"{row['ratio']:.2f}", "> 1") for row in document["ratios"]]))
    shown.append(Table("not measured", ("", "why"), list(document["problems"].items())))
    return [table for table in shown if table.rows]


def _ratios(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    rounds = document["all_rounds"]
    found = []
    for payload in map(payload_name, document["payloads"]):
        ours, plain = (rounds.get(case, {}).get(f"{payload} items_s", [])
                       for case in (OURS, PLAIN))
        if ours and len(ours) == len(plain):
            found.append({"name": f"{payload}: {OURS} / {PLAIN}", "ratio": statistics.median(
                a / b for a, b in zip(ours, plain, strict=True))})
    return found


def _measure(peer: Peer, jobs: Sequence[Job], problems: dict[str, str],
             say: Callable[[str], None], _: int) -> Mapping[str, float]:
    figures, problem = run_peer(peer, jobs, {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET", "DNNE_ROS_RUN_KEY": secrets.token_hex(32)})
    if problem:
        problems[peer.name] = problem
        say(f"{peer.name}: {problem}")
    return {f"{payload_name(payload)} {figure}": value for payload, values in figures.items()
            for figure, value in values.items()}


def _ours(robot: VirtualHost, desk: VirtualHost, folder: Path) -> dict[str, list[str]]:
    place = folder / "hosts.json"
    place.write_text(json.dumps({"hosts": {robot.name: [1], desk.name: [2]}}), encoding="utf-8")
    return {host.name: host.words(*our_graph(folder, "--place", str(place), "--host", host.name))
            for host in (robot, desk)}


def _rclpy(module: str, robot: VirtualHost, desk: VirtualHost, folder: Path
           ) -> dict[str, list[str]]:
    return {role: host.words(*peer_module(module, str(folder), role))
            for role, host in (("pong", desk), ("ping", robot))}
