"""One graph under attack, from its start to the verdict."""

import contextlib
import json
import os
import random
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from commands import Command
from python_path import python_path

from chaos.files import (
    FAULTS,
    HOLD,
    NUMBER,
    RECORD,
    place_of,
    progress_of,
    rounds_of,
    started_of,
    taken_by,
    total_of,
)
from chaos.items import round_value
from chaos.plan import ACTS, Plan
from chaos.verdict import Figures, Taken, judge, lives

_NODES = Path(__file__).with_name("nodes.py")
_TEST = Path(__file__).parents[1]
_SHARED_MEMORY = Path("/dev/shm")
_LEFT_BYTES = 2**16
"""What a full /dev/shm has left."""
_LAST = 8
"""As many rounds are those in which a node ends, and no others."""


@dataclass
class Outcome(Figures):
    """What came of a seed."""

    seed: int = 0
    processes: int = 0
    kills: int = 0
    stops: int = 0
    fills: int = 0
    seconds: float = 0.0
    faults: str = ""
    complaints: tuple = ()


class Trial:
    """Runs the graph of a plan and does to it what the plan says.

    ``private``: nobody else uses /dev/shm, so it may be filled, and what is left there is ours.
    """

    def __init__(self, plan, folder, server, private):
        """Start the run in an empty ``folder``, as a fork of ``server``."""
        self._plan = plan
        self._folder = folder
        self._private = private
        self._server = None
        self._seen = set()
        self._looked_at = {}
        self._filler = _SHARED_MEMORY / "filled_on_purpose"
        self._stopped = set()
        self.outcome = Outcome(seed=plan.seed, processes=len(plan.parts),
                               faults=json.dumps(plan.faults))
        (folder / FAULTS).write_text(json.dumps(plan.faults))
        workflow = folder / f"chaos_{plan.seed}.json"
        workflow.write_text(json.dumps(plan.workflow(), indent=1))
        self._forked_by = server
        self._run = self._command(
            "run", workflow, "--nodes", _NODES, "--place", "split", "--respawn",
            "--report", "report.json", "--peer-timeout", "1h", "--quiet")

    def go(self):
        """Return the outcome."""
        started = time.monotonic()
        try:
            self._live()
        except AssertionError as error:
            self.outcome.complaints += (str(error),)
        finally:
            self._empty()
            for process in self._stopped:
                with contextlib.suppress(psutil.Error):
                    process.resume()
            self._run.kill()
        self._look_for_leftovers()
        self.outcome.seconds = round(time.monotonic() - started, 1)
        return self.outcome

    def _command(self, *words):
        """Start a command of ours."""
        return Command("dnne_ros", list(words), self._folder, {
            **os.environ, "PYTHONPATH": python_path(_TEST.parent, _TEST, _TEST / "support")},
            self._forked_by)

    def _live(self):
        self._until(self._taken, "the first items")
        for act in self._plan.acts:
            enough = self._taken() + act.items
            self._until(lambda: self._taken() >= enough or self._some_feed_is_through(),
                        f"{enough} items before {act}")
            self._pause(act.after)
            getattr(self, "_" + act.what.replace(" ", "_"))(act)
        totals = self._end_feeds()
        self._wait_for_all(self._plan.streams(totals))
        self._run.interrupt()
        code = self._run.wait()
        assert code == 130, f"exit code {code}\n{self._run.said()}"
        report = json.loads((self._folder / "report.json").read_text())
        verdict = judge(self._plan, totals, self._folder, report)
        for name, value in vars(verdict).items():
            setattr(self.outcome, name, tuple(value) if name == "complaints" else value)
        if verdict.complaints:
            self.outcome.complaints += (self._run.said(),)

    def _until(self, condition, what):
        return self._run.until(condition, what, moved=self._taken)

    def _taken(self):
        """Return how many items the sinks have written down, with those that came twice."""
        files = [self._folder / taken_by(part.name) for part in self._plan.of_type("Keep")]
        return sum(file.stat().st_size // RECORD.size for file in files if file.exists())

    def _wait_for_all(self, streams):
        """Wait until every lossless sink has all that it is to have, or something wrong."""
        for part in self._plan.of_type("Keep"):
            if part.policy("taken") == "lossless":
                wanted = streams[part.sources["taken"]]
                self._until(lambda: self._sink_is_through(part, wanted),
                            f"{sum(map(len, wanted))} items at {part.name}")
        for part in (*self._plan.of_type("Work"), *self._plan.of_type("Account")):
            rounds = [[round_value(part.widgets["salt"], taken) for taken in branch]
                      for branch in self._plan.rounds(part, streams)]
            self._until(lambda: self._work_is_through(part, rounds),
                        f"{sum(map(len, rounds))} rounds of {part.name}")
        for part in self._plan.parts:
            self._until(lambda: self._runs(part.name), f"{part.name} to be back")
        # Whoever has taken the place of another is given again what the other one may have had.
        for part in self._plan.parts:
            for port, source in part.sources.items():
                if part.policy(port) == "lossless":
                    count = sum(map(len, streams[source]))
                    self._until(lambda: self._place(part, port) >= count,
                                f"{part.name}/{port} to be through with {count} items")

    def _sink_is_through(self, part, wanted):
        file = self._folder / taken_by(part.name)
        size = file.stat().st_size if file.exists() else 0
        if size < RECORD.size * sum(map(len, wanted)) or self._looked_at.get(part.name) == size:
            return False
        self._looked_at[part.name] = size
        taken = Taken(wanted)
        for life in lives(file):
            taken.add(life)
        return taken.wrong or not taken.lacking

    def _work_is_through(self, part, rounds):
        """Tell whether a node has been through its last rounds; it may have given nothing."""
        file = self._folder / rounds_of(part.name)
        data = file.read_bytes() if file.exists() else b""
        found = [number for number, in NUMBER.iter_unpack(data[:len(data) // 8 * 8])]
        if part.replicas:  # they write down their rounds as they come to them
            return {each for branch in rounds for each in branch[-_LAST:]} <= set(found)
        if len(rounds) == 1:
            return _newest(found) == _newest(rounds[0])
        return {branch[-1] for branch in rounds if branch} <= set(found)

    def _pause(self, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def _process(self, name):
        """Return the process of a name; waits for one that has just been killed to come back."""
        found = self._until(lambda: self._child(name), name)
        self._seen.add(found)
        return found

    def _child(self, name):
        """Return a process of the graph that runs, or None.

        The kernel's list is asked, as looking through all processes takes the time of many items.
        """
        for process_id in self._children_of(self._fork_server()):
            with contextlib.suppress(psutil.NoSuchProcess):
                forked = psutil.Process(process_id)
                if forked.name() == name and forked.status() != psutil.STATUS_ZOMBIE:
                    return forked
        return None

    def _runs(self, name):
        """Tell whether a process is there and has met the others."""
        found = self._child(name)
        return found is not None and (self._folder / started_of(found.pid)).exists()

    def _place(self, part, port):
        """Return how many items an input is through with, as far as its process has said so.

        What a node in the middle has taken last is handled when its sinks have it and it takes
        the next of every input, which may never come.
        """
        found = self._child(part.name)
        file = self._folder / place_of(0 if found is None else found.pid, f"{part.name}/{port}")
        data = file.read_bytes() if file.exists() else b""
        taken, handled = [number for number, in NUMBER.iter_unpack(data)] or (0, 0)
        return handled if part.type == "Keep" else taken

    def _fork_server(self):
        if self._server is None:
            self._server = next(iter(self._children_of(self._run.process.pid)), None)
        return self._server

    @staticmethod
    def _children_of(process_id):
        try:
            return [int(word) for word in Path(
                f"/proc/{process_id}/task/{process_id}/children").read_text().split()]
        except OSError:
            return []

    def _kill_all(self, names):
        processes = [self._process(name) for name in names]
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
                self.outcome.kills += 1
        return processes

    def _kill(self, act):
        self._kill_all(act.names)

    def _kill_replicas(self, act):
        """Kill some of the processes that work for a node."""
        for name in act.names:
            with contextlib.suppress(psutil.NoSuchProcess):
                helpers = self._process(name).children(recursive=True)
                workers = [each for each in helpers if each.name() != "fork server"]
                for worker in workers[:random.randint(1, 2)]:
                    self._seen.add(worker)
                    worker.kill()
                    self.outcome.kills += 1

    def _scale(self, act):
        """Have another number of replicas for a node."""
        name, count = act.names
        self._process(name)
        done = self._command("scale", f"/chaos_{self._plan.seed}/{name}", count)
        done.wait()
        assert done.process.returncode == 0, done.output

    def _again(self, act):
        """Kill processes, and those that take their places once they are there."""
        for name, old in zip(act.names, self._kill_all(act.names)):
            self._until(lambda: (new := self._child(name)) is not None
                        and new.pid != old.pid, f"another {name}")
        self._pause(act.seconds)
        self._kill_all(act.names)

    def _stop(self, act):
        """Let processes sleep for a while."""
        for process in (processes := [self._process(name) for name in act.names]):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()
                self._stopped.add(process)
                self.outcome.stops += 1
        self._pause(act.seconds)
        for process in processes:
            self._stopped.discard(process)
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _stop_and_kill(self, act):
        """Let processes die in their sleep, or let one sleep while the others die."""
        first, *others = [self._process(name) for name in act.names]
        with contextlib.suppress(psutil.NoSuchProcess):
            first.suspend()
            self._stopped.add(first)
            self.outcome.stops += 1
        self._pause(act.seconds)
        for process in others or [first]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
                self.outcome.kills += 1
        self._pause(act.seconds)
        self._stopped.discard(first)
        with contextlib.suppress(psutil.NoSuchProcess):
            first.resume()

    def _fill(self, act):
        """Leave next to no room in /dev/shm for a while."""
        if not self._private:
            return
        room = os.statvfs(_SHARED_MEMORY)
        size = room.f_bavail * room.f_frsize - _LEFT_BYTES
        if size > 0:
            with self._filler.open("wb") as file, contextlib.suppress(OSError):
                os.posix_fallocate(file.fileno(), 0, size)
                self.outcome.fills += 1
        self._pause(act.seconds)
        self._empty()

    def _empty(self):
        self._filler.unlink(missing_ok=True)

    def _begun_by(self, feed):
        """Return how many items a source has begun to send at the most."""
        file = self._folder / progress_of(feed.name)
        data = file.read_bytes() if file.exists() else b""
        return NUMBER.unpack(data)[0] if data else 0  # it is made before it has a size

    def _some_feed_is_through(self):
        return any(self._begun_by(part) >= part.widgets["most"]
                   for part in self._plan.of_type("Feed"))

    def _end_feeds(self):
        """Let the sources come to an end; returns how many items each group sends."""
        (self._folder / HOLD).touch()
        totals = {}
        for part in self._plan.of_type("Feed"):
            # One more may have begun in between.
            most = min(part.widgets["most"],
                       self._begun_by(part) + 2 + random.Random(part.id).randint(0, 40))
            group = part.widgets["group"]
            totals[group] = max(totals.get(group, 0), most)
        for group, total in totals.items():
            aside = self._folder / f"aside_{group}"
            aside.write_text(str(total))
            aside.rename(self._folder / total_of(group))
        return totals

    def _look_for_leftovers(self):
        left = [f"process {process.pid} is left" for process in self._seen
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
        if self._private:
            left += [f"/dev/shm/{path.name} is left" for path in _SHARED_MEMORY.iterdir()
                     if "dnne_ros" in path.name]
            for path in _SHARED_MEMORY.iterdir():
                path.unlink()
        self.outcome.complaints += tuple(left)


def _newest(rounds):
    """Return the last different rounds, the newest first.

    A process that takes another's place may begin with a round that was noted before; and rounds
    of empty items are all alike.
    """
    return list(dict.fromkeys(reversed(rounds)))[:_LAST]


def run_seed(seed, folder, server, private=False, acts=ACTS):
    """Return what came of a seed, as JSON values; its files stay where there are complaints."""
    folder = Path(folder) / str(seed)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    outcome = Trial(Plan(seed, acts), folder, server, private).go()
    if not outcome.complaints:
        shutil.rmtree(folder)
    return asdict(outcome)
