"""``python -m chaos.jobs``: jobs under attack; what was accepted ends once, whoever is killed.

Short jobs put a file in place each.  Programs that submit, programs with workers, the workers
and the jobs' own processes are killed at random; only processes that this program has started,
and their children, are.  Then everything is left alone until no job is open, and counted.

With ``--two-machines`` some workers do not see the processes of the others, as on a machine of
their own, and in the end these workers die for good.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil
from job_stores import write_kit
from python_path import python_path

from dnne_ros.durable_files import is_left_over

_TEST = Path(__file__).parents[1]
_BETWEEN_SECONDS = 0.3
"""So that jobs still come in while others are killed."""
_KINDS = ["work", "server", "worker", "job"]
"""A program with workers, the process that it forks them from, these, and theirs."""
_NAMESPACE = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]


class Attack:
    """A store, programs at work on it, and what is done to them."""

    def __init__(self, folder, store, seed, two_machines):
        """Work in ``folder`` on a ``store``: a folder or a URL."""
        self.folder, self.store = folder, store
        self._elsewhere = "work1" if two_machines else ""
        self._gone = set()
        self._draw = random.Random(seed)
        self._kit = folder / "kit"
        self._kit.mkdir()
        write_kit(self._kit)
        (folder / "effects").mkdir()
        self._accepted = folder / "accepted"
        self._accepted.touch()
        self._programs = {}
        self.killed = Counter()
        self._environment = {**os.environ, "PYTHONPATH": python_path(
            _TEST.parent, _TEST, _TEST / "support", self._kit)}

    def accepted(self):
        """The numbers that submitters have been given, each a line that was written whole."""
        return [int(line) for line in self._accepted.read_text().split("\n")[:-1]]

    def keep_going(self, jobs):
        """Start programs that are not there: two with workers, and one that submits."""
        for name in ("work0", "work1", *(["submit"] if len(self.accepted()) < jobs else [])):
            program = self._programs.get(name)
            there = program is not None and program.poll() is None
            if not there and name not in self._gone:
                self._programs[name] = self._start(name, jobs)

    def _start(self, name, jobs):
        words = ["-m", "dnne_ros", "jobs", "work", "--count", "3", "--store", self.store,
                 "--folder", str(self.folder / "store")]
        if name == "submit":
            words = ["-m", "chaos.jobs", "--submit", str(jobs), "--in", str(self.folder),
                     "--store", self.store]
        with (self.folder / f"{name}.log").open("ab") as log:
            own = _NAMESPACE if name == self._elsewhere else []
            return subprocess.Popen(
                [*own, sys.executable, *words], env=self._environment, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL)

    def kill_one(self):
        """Kill a process of a kind that is drawn, once there are jobs that run."""
        kinds = self._victims()
        if "job" not in kinds:
            return
        kind = self._draw.choice(sorted(kinds))
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._draw.choice(kinds[kind]), signal.SIGKILL)
            self.killed[kind] += 1

    def _victims(self):
        """The processes that there are, by kind."""
        kinds = {}
        for name, program in self._programs.items():
            level = [psutil.Process(program.pid)] if program.poll() is None else []
            names = ["submit"] if name == "submit" else _KINDS
            if name == self._elsewhere:
                names = ["work", *_KINDS]  # below what makes the namespace
            for kind in names:
                if level:
                    kinds.setdefault(kind, []).extend(process.pid for process in level)
                with contextlib.suppress(psutil.Error):
                    level = [child for process in level for child in process.children()]
        return kinds

    def lose_a_machine(self):
        """Kill all that runs elsewhere, if anything does, and never start it again."""
        program = self._programs.pop(self._elsewhere, None)
        if program is not None:
            self._gone.add(self._elsewhere)
            program.kill()  # its namespace goes with it
            program.wait()

    def stop(self):
        """End the programs in good order."""
        for program in self._programs.values():
            program.send_signal(signal.SIGINT)
        for program in self._programs.values():
            program.wait()


def submit(folder, store, jobs):
    """Submit jobs, and note each number once it is known, until there are enough."""
    from job_stores import job

    from dnne_ros.jobs.store.store import JobStore

    accepted = folder / "accepted"
    with JobStore(store, folder=folder / "store") as opened, accepted.open("a") as log:
        while accepted.read_text().count("\n") < jobs:
            number = opened.submit(job(
                "mark", arguments={"path": f"{folder}/effects/{time.time_ns()}", "seconds": 0.5},
                retries=1000, backoff="immediate"))
            log.write(f"{number}\n")
            log.flush()
            time.sleep(_BETWEEN_SECONDS)


def attacked(folder, store, jobs, kills, seed, two_machines=False):
    """Return what came of an attack, with all that is wrong in ``complaints``."""
    from dnne_ros.jobs.store.store import JobStore

    attack = Attack(folder, store, seed, two_machines)
    started = time.monotonic()
    draw = random.Random(seed + 1)
    with JobStore(store, folder=folder / "store") as opened:
        while attack.killed.total() < kills and (
                len(attack.accepted()) < jobs or opened.open_count()):
            attack.keep_going(jobs)
            time.sleep(draw.uniform(0.05, 0.8))
            attack.kill_one()
        attack.lose_a_machine()
        while len(attack.accepted()) < jobs or opened.open_count():
            attack.keep_going(jobs)
            time.sleep(0.2)
        attack.stop()
        complaints = _complaints(opened, attack.accepted(), folder)
        everything = opened.jobs()
    return {"seed": seed, "jobs": len(everything), "accepted": len(attack.accepted()),
            "kills": dict(attack.killed), "starts": sum(each.starts for each in everything),
            "seconds": round(time.monotonic() - started, 1), "complaints": complaints}


def _complaints(store, accepted, folder):
    found = []
    jobs = {each.id: each for each in store.jobs()}
    found += [f"job {number} was accepted and is not there"
              for number in accepted if number not in jobs]
    for number, each in jobs.items():
        ends = [change.state for change in store.changes(number)].count("succeeded")
        if each.state != "succeeded" or ends != 1:
            found.append(f"job {number} is {each.state} ({each.reason}), succeeded {ends} times")
        effect = Path(store.spec(number).task.arguments["path"])
        if not effect.exists() or effect.read_text() != str(number):
            found.append(f"job {number} has not left its file")
    # What was killed while it wrote has left a file that was never put in place.
    in_place = {each.name for each in (folder / "effects").iterdir()
                if not is_left_over(each.name)}
    wanted = {Path(store.spec(number).task.arguments["path"]).name for number in jobs}
    found += [f"{name} is in place, and no job's" for name in in_place - wanted]
    return found


def main():
    """Attack, and say what came of it; exit code 1 if something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", default="", help="a URL; default: a folder of its own")
    parser.add_argument("--two-machines", action="store_true",
                        help="some workers in a namespace of their own, which needs root")
    parser.add_argument("--json", type=Path, help="where to write what came of it")
    parser.add_argument("--submit", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--in", dest="folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.submit:
        submit(options.folder, options.store, options.submit)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = attacked(folder, options.store or str(folder / "store"), options.jobs,
                         options.kills, options.seed, options.two_machines)
    print(json.dumps(found, indent=1))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(bool(found["complaints"]))


if __name__ == "__main__":
    sys.exit(main())
