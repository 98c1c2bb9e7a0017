"""Runs one way of moving arrays, in one process or two, and puts its figures together."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dnne_ros.bench.children import CaseFailed, Children, child_environment
from dnne_ros.bench.edge_peers.namespaces import namespace_of
from dnne_ros.bench.edge_peers.rally import Job, write_jobs
from dnne_ros.transport.frame import LARGE_FROM
from dnne_ros.transport.unix_sockets import KEPT_FROM

_ROOM = "dnne_ros.bench.edge_peers"
_SECONDS = 120.0


@dataclass(frozen=True)
class Peer:
    """A way of moving arrays: its commands by name of the process, given the folder.

    ``processes``: 1 or 2, what the arrays move between.  ``copies`` of an array from the
    sender's to the receiver's, as counted in the code on the way (see the peer's module): one
    number, or three: of small payloads, from the size at which `dnne_ros.transport` leaves them in
    their packets, and from that at which it shares memory.
    ``needs``: a package that may be missing.
    """

    name: str
    processes: int
    copies: int | tuple[int, int, int]
    commands: Callable[[Path], dict[str, list[str]]]
    needs: str = ""

    @property
    def case(self) -> str:
        """Return the name of the case, ``two processes: ours``."""
        return f"{place_name(self.processes)}: {self.name}"

    def copies_of(self, payload: int) -> int:
        """Return how often a payload of so many bytes is copied on its way."""
        if isinstance(self.copies, int):
            return self.copies
        return self.copies[(payload >= KEPT_FROM) + (payload >= LARGE_FROM)]


def place_name(processes: int) -> str:
    """Return ``one process`` or ``two processes``."""
    return "one process" if processes == 1 else "two processes"


def peer_module(name: str, *words: str) -> list[str]:
    """Return the command that runs a module of the peers."""
    return [sys.executable, "-m", f"{_ROOM}.{name}", *words]


def _rclpy_peer(module: str, processes: int) -> Callable[[Path], dict[str, list[str]]]:
    roles = ("both",) if processes == 1 else ("pong", "ping")
    return lambda folder: {role: peer_module(module, str(folder), role) for role in roles}


def _ours(place: str) -> Callable[[Path], dict[str, list[str]]]:
    return lambda folder: {"graph": our_graph(folder, "--place", place)}


def our_graph(folder: Path, *options: str) -> list[str]:
    """Return the command that runs our two nodes, whose workflow is left in ``folder``."""
    workflow = folder / "edges.json"
    workflow.write_text(json.dumps({
        "1": {"class_type": "Ping", "inputs": {"folder": str(folder), "back": ["2", 0]}},
        "2": {"class_type": "Pong", "inputs": {"folder": str(folder), "ball": ["1", 0]}},
    }), encoding="utf-8")
    nodes = Path(__file__).with_name("ours_nodes.py")
    return [sys.executable, "-m", "dnne_ros", "run", str(workflow), "--quiet", "--nodes",
            str(nodes), "--duration", "110s", *options, "--ros-args", "-r",
            f"__ns:={namespace_of(folder)}"]


OURS, PLAIN, BARE, QUEUE, DORA = "ours", "plain rclpy", "bare DDS", "asyncio.Queue", "dora"

PEERS = (
    Peer(OURS, 1, 0, _ours("fused")),
    Peer(PLAIN, 1, 7, _rclpy_peer("plain_rclpy", 1)),
    Peer(BARE, 1, 4, _rclpy_peer("bare_dds", 1)),
    Peer(QUEUE, 1, 0, lambda folder: {"both": peer_module("queues", str(folder))}),
    Peer(OURS, 2, (6, 4, 1), _ours("split")),
    Peer(PLAIN, 2, 9, _rclpy_peer("plain_rclpy", 2)),
    Peer(BARE, 2, 6, _rclpy_peer("bare_dds", 2)),
    Peer(DORA, 2, 1, lambda folder: {"flow": peer_module("dora_flow", str(folder))}, needs="dora"),
)
"""All ways, in the order of the tables."""


def run_peer(peer: Peer, jobs: Sequence[Job],
             environment: Mapping[str, str] = MappingProxyType({})
             ) -> tuple[dict[int, dict[str, Any]], str]:
    """Return the figures by payload, and what went wrong before the last one ('' if nothing).

    ``environment``: what its processes are given beside what all are.
    """
    with tempfile.TemporaryDirectory(prefix="edges_") as name:
        folder = Path(name)
        write_jobs(folder, jobs)
        problem = ""
        with Children(folder, {**child_environment(), **environment}) as children:
            try:
                for process, words in peer.commands(folder).items():
                    children.start(process, words)
                for process in peer.commands(folder):
                    children.wait(process, _SECONDS)
            except CaseFailed as error:
                problem = str(error)
        return _together(folder, peer.processes), problem


def _together(folder: Path, processes: int) -> dict[int, dict[str, Any]]:
    """Return the figures of both ends as one, by payload in bytes."""
    serving, returning = ({figures["payload"]: figures for figures in _read(folder, role)}
                          for role in ("ping", "pong"))
    return {payload: _merged(serving[payload], returning[payload], processes)
            for payload in serving if payload in returning}


def _read(folder: Path, role: str) -> list[dict[str, Any]]:
    file = folder / f"{role}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def _merged(serving: dict[str, Any], returning: dict[str, Any], processes: int
            ) -> dict[str, Any]:
    ends = (serving,) if processes == 1 else (serving, returning)
    received = returning["received"]
    merged = {
        **{figure: serving[figure] for figure in ("p50_us", "p99_us", "trips_s")},
        "items_s": received / serving["stream_s"],
        "lost": 1 - received / returning["items"],
        "cpu_us": sum(end["cpu_stream_s"] for end in ends) / received * 1e6,
        "cpu_trip_us": sum(end["cpu_trips_s"] for end in ends) / serving["trips"] * 1e6}
    for check in ("same_object", "same_values"):
        if check in serving:
            merged[check] = float(serving[check])
    return merged
