"""Another queue with the same task: a process that does nothing."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from dnne_ros.errors import DnneError

_TASK = """\
import subprocess, sys, time
from huey import SqliteHuey
huey = SqliteHuey(filename={file!r}, fsync=True)
@huey.task()
def nothing(number):
    started = time.time()
    subprocess.run([sys.executable, "-c", ""], check=True)
    with open({log!r}, "a") as log:
        log.write(f"{{number}} {{started}} {{time.time()}}\\n")
"""
_PATIENCE = 600.0
PROCRASTINATE = "its case is not written"


def no_huey() -> str:
    """Return why huey cannot be measured, or nothing."""
    return "" if importlib.util.find_spec("huey") else "pip install 'dnne_ros[bench]'"


def huey(folder: Path, jobs: str) -> dict[str, float]:
    """Measure huey on SQLite, synced to disk, with one worker that looks every 30 ms as ours."""
    log = folder / "huey.log"
    log.touch()
    (folder / "bench_huey.py").write_text(
        _TASK.format(file=str(folder / "huey.db"), log=str(log)), encoding="utf-8")
    consumer = subprocess.Popen(
        [sys.executable, "-m", "huey.bin.huey_consumer", "bench_huey.huey", "-w", "1", "-k",
         "thread", "-d", "0.03", "-b", "1.0", "-m", "0.03"], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    nothing = importlib.import_module("bench_huey").nothing
    accepted, waited, whole = [], [], []
    try:
        for number in range(int(jobs) + 1):
            time.sleep(0.1)
            submitted, before = time.time(), time.perf_counter()
            nothing(number)
            accepted.append(time.perf_counter() - before)
            started, ended = _times(log, number)
            waited.append(started - submitted)
            whole.append(ended - submitted)
    finally:
        consumer.terminate()
        consumer.wait()
    process = median(process_start() for _ in range(10))
    # The first has waited for the consumer to start.
    return {"accepted_ms": 1e3 * median(accepted[1:]), "dispatched_ms": 1e3 * median(waited[1:]),
            "process_ms": 1e3 * process, "overhead_ms": 1e3 * (median(whole[1:]) - process)}


def process_start() -> float:
    """Return how long an interpreter takes that does nothing, in seconds."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.perf_counter() - started


def _times(log: Path, number: int) -> tuple[float, float]:
    """Return when a task began and ended, once it has."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        for line in log.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if len(words) == 3 and int(words[0]) == number:
                return float(words[1]), float(words[2])
        if time.monotonic() > deadline:
            raise DnneError(f"huey: task {number} has not ended within {_PATIENCE:g} s")
        time.sleep(0.005)
