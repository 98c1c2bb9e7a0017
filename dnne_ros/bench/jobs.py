"""Jobs: how soon one is accepted, begun and over, beside huey and procrastinate."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from dnne_ros.bench import jobs_peers
from dnne_ros.bench.postgres import no_postgres
from dnne_ros.bench.rounds import document, interleave
from dnne_ros.bench.table import Table
from dnne_ros.errors import DnneError
from dnne_ros.jobs.commands.command import need_engine

_FEW, _MANY = 10, 10_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument("--jobs", type=int, default=50,
                        help="so many jobs, one by one, in each case (default 50)")
    parser.add_argument("--queued", type=int, default=_MANY,
                        help=f"so many jobs in the long queue (default {_MANY})")
    parser.set_defaults(rounds=3)


def measure(options: argparse.Namespace, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure in turn; what could not be measured is in ``missing``, with the reason."""
    need_engine()
    cases: dict[str, Callable[[int], dict[str, float]]] = {
        "ours": lambda _: _in_process("one_by_one", options.jobs),
        f"ours, {_FEW} queued": lambda _: _in_process("long_queue", _FEW),
        f"ours, {options.queued} queued": lambda _: _in_process("long_queue", options.queued),
        "ours, 10 workers": lambda _: _in_process("many_workers", 10),
        "ours, 50 workers": lambda _: _in_process("many_workers", 50)}
    others = {"ours, PostgreSQL": ("on_a_server", no_postgres()),
              "huey": ("huey", jobs_peers.no_huey()),
              "procrastinate": ("procrastinate", jobs_peers.no_procrastinate())}
    missing = {name: why for name, (_, why) in others.items() if why}
    for name, (case, why) in others.items():
        if not why:
            cases[name] = partial(_one_by_one, case, options.jobs)
    found = interleave(cases, options.rounds, say)
    return document("jobs", found, options.rounds, jobs=options.jobs, missing=missing)


def tables(document: dict[str, Any]) -> list[Table]:
    """Return one table of single jobs and one of many, and what is missing."""
    figures = document["medians"]
    names = ("accepted_ms", "dispatched_ms", "overhead_ms", "process_ms", "next_stage_ms")
    single = Table(f"Jobs one by one ({document['jobs']}), medians in ms", (
        "", "accepted", "dispatched", "overhead", "process start", "next stage"))
    many = Table("Many", ("", "list", "dispatched", "workers up", "jobs/s"))
    for case, found in figures.items():
        if "accepted_ms" in found:
            single.rows.append((case, *(_ms(found.get(name)) for name in names)))
        else:
            many.rows.append((case, _ms(found.get("list_ms")), _ms(found.get("dispatched_ms")),
                              "–" if "up_s" not in found else f"{found['up_s']:.2f} s",
                              "–" if "jobs_per_s" not in found else
                              f"{found['jobs_per_s']:.1f}"))
    for case, why in document["missing"].items():
        single.rows.append((f"{case}: {why}", *("–",) * len(names)))
    return [single, many]


def _one_by_one(case: str, jobs: int, _: int) -> dict[str, float]:
    return _in_process(case, jobs)


def write_function(folder: Path) -> None:
    """Register a function that does nothing, as an installed package would."""
    (folder / "bench_jobs.py").write_text("def nothing(context):\n    pass\n", encoding="utf-8")
    info = folder / "bench_jobs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench_jobs\nVersion: 1\n",
                                   encoding="utf-8")
    (info / "entry_points.txt").write_text("[dnne_ros.jobs]\nnothing = bench_jobs:nothing\n",
                                           encoding="utf-8")


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _in_process(case: str, *arguments: object) -> dict[str, float]:
    """Run a case in a process and a folder of its own; returns its figures."""
    with tempfile.TemporaryDirectory() as folder:
        write_function(Path(folder))
        done = subprocess.run(
            [sys.executable, "-m", "dnne_ros.bench.jobs", case, folder, *map(str, arguments)],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([folder, *filter(None, sys.path)])})
    if done.returncode:
        raise DnneError(f"{case}: {done.stderr.strip()[-1000:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Run one case, as `sys.argv` says, and print its figures."""
    case, folder, *arguments = sys.argv[1:]
    from dnne_ros.bench import jobs_parts

    run = {"one_by_one": jobs_parts.one_by_one, "long_queue": jobs_parts.long_queue,
           "many_workers": jobs_parts.many_workers, "on_a_server": jobs_parts.on_a_server,
           "huey": jobs_peers.huey, "procrastinate": jobs_peers.procrastinate}[case]
    print(json.dumps(run(Path(folder), *arguments)))


if __name__ == "__main__":
    main()
