"""``python -m chaos --minutes 30``: random graphs under attack, one seed after the other."""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from python_path import python_path

from chaos import own_memory
from chaos.plan import ACTS

_TEST = Path(__file__).parents[1]
_MOST_FAILED = 10
"""So many seeds that fail have one cause, and more say nothing new."""
_COUNTED = ("processes", "kills", "stops", "fills", "items", "bytes", "lost", "out_of_order",
            "twice", "duplicated")


class Summary:
    """What came of all graphs so far."""

    def __init__(self, file):
        """Write it down in ``file``."""
        self._file = file
        self._started = time.monotonic()
        self._lock = threading.Lock()
        self._figures = dict.fromkeys(("graphs", *_COUNTED), 0)
        self._faults = {}
        self._failed = []
        self._seeds = []

    @property
    def failed(self):
        """The seeds with complaints."""
        return [each["seed"] for each in self._failed]

    def add(self, outcome):
        """Add what came of one graph, and say so."""
        with self._lock:
            self._seeds.append(outcome["seed"])
            self._figures["graphs"] += 1
            for name in _COUNTED:
                self._figures[name] += outcome[name]
            self._faults[outcome["faults"]] = self._faults.get(outcome["faults"], 0) + 1
            if outcome["complaints"]:
                said = [complaint.partition("\n")[0] for complaint in outcome["complaints"]]
                self._failed.append({**outcome, "complaints": said})  # the rest is printed
                print(f"seed {outcome['seed']} FAILED (make chaos SEED={outcome['seed']}):")
                for complaint in outcome["complaints"]:
                    print("   ", complaint)
            print(self.line(f"seed {outcome['seed']}, {outcome['seconds']} s"), flush=True)
            self._write()

    def line(self, last):
        """Return a line of progress."""
        f = self._figures
        return (f"{time.monotonic() - self._started:6.0f} s  {f['graphs']} graphs  "
                f"{f['kills']} kills  {f['stops']} stops  {f['items']} items  "
                f"{f['bytes'] / 2**20:.0f} MiB  {f['lost']} lost  {f['out_of_order']} out of "
                f"order  {f['twice']} twice ({f['duplicated']} counted)  {len(self._failed)} "
                f"failed  ({last})")

    def _write(self):
        content = {
            "seconds": round(time.monotonic() - self._started), **self._figures,
            "failed": self._failed, "faults": self._faults, "seeds": sorted(self._seeds),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()}}
        aside = self._file.with_suffix(".part")
        aside.write_text(json.dumps(content, indent=1) + "\n")
        aside.rename(self._file)


def work(words, seeds, until, summary, folder, acts):
    """Let one process work on ``seeds`` until there is no time left."""
    worker = subprocess.Popen(
        [*words, sys.executable, "-m", "chaos.worker", folder, "private" if words else "shared",
         str(acts)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": python_path(_TEST.parent, _TEST, _TEST / "support")})
    for seed in seeds:
        if time.monotonic() > until or len(summary.failed) >= _MOST_FAILED:
            break
        print(seed, file=worker.stdin, flush=True)
        line = worker.stdout.readline()
        if not line:
            raise RuntimeError(f"the worker has died at seed {seed}")
        summary.add(json.loads(line))
    worker.stdin.close()
    worker.wait()


def main():
    parser = argparse.ArgumentParser(prog="chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--first", type=int, default=1, help="the first of the seeds")
    parser.add_argument("--jobs", type=int, default=3, help="graphs at a time")
    parser.add_argument("--acts", type=int, default=ACTS, help="what is done to each graph")
    parser.add_argument("--results", type=Path, default=Path("chaos.json"))
    parser.add_argument("--folder", help="where graphs that failed are left")
    options = parser.parse_args()
    summary = Summary(options.results.absolute())
    folder = options.folder or tempfile.mkdtemp(prefix="chaos_")
    words = own_memory.words()
    if not words:
        print("no mount namespaces here: /dev/shm is left alone")
    numbers = itertools.count(options.first) if options.seed is None else [options.seed]
    lock, numbers = threading.Lock(), iter(numbers)

    def seeds():
        while True:
            with lock:
                seed = next(numbers, None)
            if seed is None:
                return
            yield seed

    until = time.monotonic() + 60 * options.minutes
    workers = [threading.Thread(target=work, args=(
        words, seeds(), until, summary, folder, options.acts)) for _ in range(options.jobs)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    print(f"results in {options.results}" + (
        f"; seeds that failed: {summary.failed}, their files in {folder}"
        if summary.failed else ""))
    sys.exit(bool(summary.failed))


if __name__ == "__main__":
    main()
