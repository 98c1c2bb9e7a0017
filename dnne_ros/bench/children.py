"""The processes of one case of a benchmark, none of which outlives it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_TERM_SECONDS = 6.0
_POLL_SECONDS = 0.01
_LAST_LINES = 3


class CaseFailed(Exception):
    """A case could not be measured; the text says why."""


class Children:
    """Starts processes and, at the end of a ``with`` block, ends those that still run.

    They get sessions of their own: Ctrl-C reaches the benchmark alone, which ends them in order.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]):
        """Write what each process prints to a file in ``folder``."""
        self._folder = folder
        self.environment = dict(environment)
        """Of those that are started next."""
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(list(self._running))

    def start(self, name: str, words: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start the command ``words`` under a name of its own."""
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True)
        return self._running[name]

    def wait(self, name: str, seconds: float) -> None:
        """Wait for a process to end; `CaseFailed` if it fails, or does not within ``seconds``."""
        self.wait_until(lambda: self._running[name].poll() is not None, seconds, name)
        if self._running[name].returncode != 0:
            raise CaseFailed(f"{name} ended with exit code {self._running[name].returncode}: "
                             f"{self._last_words(name)}")

    def wait_until(self, condition: Callable[[], bool], seconds: float, what: str) -> None:
        """Wait for a condition; `CaseFailed` after ``seconds``, or if a process fails first."""
        deadline = time.monotonic() + seconds
        while not condition():
            for name, process in self._running.items():
                if process.poll() not in (None, 0):
                    raise CaseFailed(f"{name} ended with exit code {process.returncode}: "
                                     f"{self._last_words(name)}")
            if time.monotonic() > deadline:
                raise CaseFailed(f"{what}: not ready within {seconds:.0f} s")
            time.sleep(_POLL_SECONDS)

    def end(self, names: Sequence[str]) -> None:
        """End processes, with those of their groups; what they start elsewhere follows them."""
        processes = [self._running.pop(name) for name in names]
        for process in processes:
            _signal(process, signal.SIGTERM)
            _signal(process, signal.SIGCONT)
        deadline = time.monotonic() + _TERM_SECONDS
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):  # the next line does not ask
                process.wait(max(0.0, deadline - time.monotonic()))
            _signal(process, signal.SIGKILL)
            process.wait()

    def _last_words(self, name: str) -> str:
        text = (self._folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
        lines = [line for line in text.splitlines() if line.strip()]
        return "; ".join(lines[-_LAST_LINES:])[-500:] or "it said nothing"


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # all of the group have ended


def child_environment() -> dict[str, str]:
    """Return the environment of processes that find each other on this machine only.

    They keep what Python has compiled, as an installed package does, whatever it was told here.
    """
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST", **os.environ,
            "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": ""}
