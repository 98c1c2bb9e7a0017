"""``python -m chaos.soak --hours 0.5``: Cartpole's training, split, watched, disturbed.

Memory, descriptors, threads and /dev/shm have to stay flat, and the losses to be those of an
undisturbed run.
"""

import argparse
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from commands import Command
from domains import join_domain
from python_path import python_path

from chaos import own_memory
from chaos.flatness import trends

_TEST = Path(__file__).parents[1]
_WORKFLOW = _TEST.parent / "config" / "workflows" / "cartpole_ppo.json"
_SHARED_MEMORY = Path("/dev/shm")
_RESPAWNED = ("cartpole_action", "display_7")
_KILLS = 9
"""Of each: one more in a run ends it."""
_SAMPLES = 400
_COMPARED = 300
"""With as many updates of an undisturbed run the losses are compared."""


class Soak:
    """A run that is watched, disturbed and measured."""

    def __init__(self, folder, seconds):
        """Run in ``folder`` for so many seconds."""
        self._folder = folder
        self._seconds = seconds
        self._series = {}
        self.kills = 0

    def _start(self, name, *arguments):
        return Command("dnne_ros", [
            "run", _WORKFLOW, "--place", "split", "--quiet", "--seed", "7", "--report",
            self._folder / f"{name}.json", *arguments], self._folder,
            {**os.environ, "PYTHONPATH": python_path(_TEST.parent)})

    def run(self):
        """Return the figures."""
        run = self._start("soak", "--respawn", "--save-checkpoint-dir", "checkpoint",
                          "--set", "6.checkpoint_enabled=true",
                          "--set", "6.checkpoint_trigger_type=time",
                          "--set", "6.checkpoint_trigger_value=20s")
        watcher = Command(Path(__file__).with_name("watcher.py"), [], self._folder,
                          {**os.environ, "PYTHONPATH": python_path(_TEST.parent)})
        try:
            run.until(lambda: (self._folder / "checkpoint").is_dir() and self._sample(run, -1.0),
                      "the first checkpoint", moved=self._moved)
            self._disturb(run)
            run.interrupt()
            code = run.wait()
        finally:
            run.kill()
            watcher.process.send_signal(signal.SIGINT)
            watcher.wait()
        report = json.loads((self._folder / "soak.json").read_text())
        return {
            "seconds": round(self._seconds), "exit_code": code, "kills": self.kills,
            "updates": report["updates"], "env_steps": report["env_steps"],
            "mean_return": report["mean_return"], "watched": watcher.output.strip(),
            "said": run.output.splitlines()[-3:],
            "lost": sum(edge["lost"] for edge in report["edges"]),
            "duplicated": sum(edge["duplicated"] for edge in report["edges"]),
            "equal_losses": self._equal_losses(report["losses"]),
            "resources": trends(self._series)}

    def _moved(self):
        return sum(1 for _ in self._folder.rglob("*"))

    def _disturb(self, run):
        started = time.monotonic()
        step = self._seconds / _SAMPLES
        kills = [(index + 0.5) / _KILLS * self._seconds for index in range(_KILLS)]
        while (now := time.monotonic() - started) < self._seconds:
            assert run.returncode is None, run.said()
            if kills and now >= kills[0]:
                kills.pop(0)
                self._kill(run)
            self._sample(run, now)
            time.sleep(max(0.0, step - (time.monotonic() - started - now)))

    def _kill(self, run):
        for name in _RESPAWNED:
            if (found := run.child(name)) is not None:
                with contextlib.suppress(psutil.Error):
                    found.kill()
                    self.kills += 1

    def _sample(self, run, now):
        """Note what each process holds; those that have just been started again grow yet."""
        found = {"supervisor": psutil.Process(run.process.pid), **run.children()}
        for name, process in found.items():
            with contextlib.suppress(psutil.Error):
                if name.startswith(_RESPAWNED) and time.time() - process.create_time() < 15:
                    continue
                sample = (process.memory_info().rss, process.num_fds(), process.num_threads())
                for what, value in zip(("rss", "descriptors", "threads"), sample):
                    self._series.setdefault((name, what), []).append((now, value))
        used = 0
        for path in _SHARED_MEMORY.glob("*"):
            with contextlib.suppress(FileNotFoundError):
                used += path.stat().st_blocks * 512
        self._series.setdefault(("/dev/shm", "bytes"), []).append((now, used))
        return len(found) > 6

    def _equal_losses(self, losses):
        """Return how many losses are those of an undisturbed run, and of how many."""
        count = min(len(losses), _COMPARED)
        undisturbed = self._start("undisturbed", "--max-updates", str(count))
        undisturbed.wait()
        wanted = json.loads((self._folder / "undisturbed.json").read_text())["losses"]
        return [int(np.sum(np.equal(losses[:count], wanted[:count]))), count]


def main():
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=0.5)
    parser.add_argument("--results", type=Path, default=Path("soak.json"))
    parser.add_argument("--own-memory", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.own_memory:
        own_memory.mount()
    elif words := own_memory.words():
        sys.exit(subprocess.run([*words, sys.executable, "-m", "chaos.soak", "--own-memory",
                                 *sys.argv[1:]], check=False).returncode)
    domain = join_domain()
    with tempfile.TemporaryDirectory(prefix="soak_") as folder:
        found = Soak(Path(folder), 3600 * options.hours).run()
    found["machine"] = {"cores": os.cpu_count(), "python": platform.python_version()}
    options.results.write_text(json.dumps(found, indent=1) + "\n")
    domain.close()
    growing = [name for name, trend in found["resources"].items() if not trend["flat"]]
    equal, compared = found["equal_losses"]
    print(json.dumps({key: value for key, value in found.items() if key != "resources"}, indent=1))
    print("all is flat" if not growing else f"not flat: {', '.join(growing)}")
    sys.exit(bool(growing) or equal < compared or found["exit_code"] != 130 or found["lost"] > 0)


if __name__ == "__main__":
    main()
