"""What copies into shared memory and out of it take alone, beside round trips of ours."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dnne_ros.bench.children import Children, child_environment
from dnne_ros.bench.edge_peers.copies import FIGURES
from dnne_ros.bench.edge_peers.rally import Job, write_jobs
from dnne_ros.bench.edge_peers.running import peer_module
from dnne_ros.bench.edge_tables import COPIES, payload_name

__all__ = ["COPIES", "measure_copies"]

_SECONDS = 120.0


def measure_copies(jobs: Sequence[Job], _: int) -> Mapping[str, float]:
    """Return the median of each payload's trips, µs; those too small for shared memory as well."""
    with tempfile.TemporaryDirectory(prefix="copies_") as name:
        folder = Path(name)
        write_jobs(folder, jobs)
        with Children(folder, child_environment()) as children:
            children.start("copies", peer_module("copies", name))
            children.wait("copies", _SECONDS)
        trips = json.loads((folder / FIGURES).read_text(encoding="utf-8"))
    return {f"{payload_name(int(payload))} p50_us": statistics.median(times)
            for payload, times in trips.items()}
