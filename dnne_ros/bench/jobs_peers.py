"""Other queues with the same task: a process that does nothing."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from dnne_ros.bench.postgres import no_postgres, own_server
from dnne_ros.errors import DnneError

_BODY = """\
def nothing(number):
    started = time.time()
    subprocess.run([sys.executable, "-c", ""], check=True)
    with open({log!r}, "a") as log:
        log.write(f"{{number}} {{started}} {{time.time()}}\\n")
"""
_HUEY = """\
import subprocess, sys, time
from huey import SqliteHuey
huey = SqliteHuey(filename={where!r}, fsync=True)
@huey.task()
""" + _BODY
_PROCRASTINATE = """\
import subprocess, sys, time
import procrastinate
app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo={where!r}))
@app.task(name="nothing")
""" + _BODY
_PATIENCE = 600.0


def no_huey() -> str:
    """Return why huey cannot be measured, or nothing."""
    return "" if importlib.util.find_spec("huey") else "pip install 'dnne_ros[bench]'"


def no_procrastinate() -> str:
    """Return why procrastinate cannot be measured, or nothing."""
    return no_postgres() or (
        "" if importlib.util.find_spec("procrastinate") else "pip install 'dnne_ros[bench]'")


def huey(folder: Path, jobs: str) -> dict[str, float]:
    """Measure huey on SQLite, synced to disk, with one worker that looks every 30 ms."""
    log = _written(folder, "bench_huey", _HUEY, str(folder / "huey.db"))
    nothing = importlib.import_module("bench_huey").nothing
    return _measured(folder, log, int(jobs), nothing, [
        "huey.bin.huey_consumer", "bench_huey.huey", "-w", "1", "-k", "thread", "-d", "0.03", "-b",
        "1.0", "-m", "0.03"])


def procrastinate(folder: Path, jobs: str) -> dict[str, float]:
    """Measure procrastinate with one worker, which the server notifies."""
    with own_server() as url:
        log = _written(folder, "bench_procrastinate", _PROCRASTINATE, url)
        peer = importlib.import_module("bench_procrastinate")
        with peer.app.open():
            peer.app.schema_manager.apply_schema()
            return _measured(
                folder, log, int(jobs), lambda number: peer.nothing.defer(number=number),
                ["procrastinate", "--app=bench_procrastinate.app", "worker", "--concurrency=1"])


def process_start() -> float:
    """Return how long an interpreter takes that does nothing, in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.perf_counter() - started


def _written(folder: Path, module: str, text: str, where: str) -> Path:
    """Write the peer's module; returns the log in which its tasks say when they were run."""
    log = folder / f"{module}.log"
    log.touch()
    (folder / f"{module}.py").write_text(text.format(where=where, log=str(log)), encoding="utf-8")
    importlib.invalidate_caches()
    return log


def _measured(folder: Path, log: Path, jobs: int, submit: Callable[[int], object],
              worker: Sequence[str]) -> dict[str, float]:
    """Submit a task when the one before is over, to one worker: ``python -m worker…``."""
    consumer = subprocess.Popen([sys.executable, "-m", *worker], cwd=folder,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    accepted, waited, whole = [], [], []
    try:
        for number in range(jobs + 1):
            time.sleep(0.1)
            submitted, before = time.time(), time.perf_counter()
            submit(number)
            accepted.append(time.perf_counter() - before)
            started, ended = _times(log, number, consumer)
            waited.append(started - submitted)
            whole.append(ended - submitted)
    finally:
        consumer.terminate()
        consumer.wait()
    process = median(process_start() for _ in range(10))
    # The first has waited for the consumer to start.
    return {"accepted_ms": 1e3 * median(accepted[1:]), "dispatched_ms": 1e3 * median(waited[1:]),
            "process_ms": 1e3 * process, "overhead_ms": 1e3 * (median(whole[1:]) - process)}


def _times(log: Path, number: int, consumer: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Return when a task began and ended, once it has."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        for line in log.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if len(words) == 3 and int(words[0]) == number:
                return float(words[1]), float(words[2])
        if time.monotonic() > deadline or consumer.poll() is not None:
            raise DnneError(f"task {number} has not ended within {_PATIENCE:g} s, or its worker "
                            "has")
        time.sleep(0.005)
