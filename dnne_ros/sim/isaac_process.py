"""Starts `isaac_worker` under another interpreter, talks with it and notices when it is gone."""

from __future__ import annotations

import json
import mmap
import os
import shutil
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.errors import InputError, signal_name
from dnne_ros.sim.isaac_worker import PROTOCOL
from dnne_ros.sim.simulator import SimulationError

START_SECONDS = 300.0
"""How long Isaac Gym may take to make its environments; thousands of them take minutes."""
ANSWER_SECONDS = 8.0
"""How long it may take for a step."""
_LEAVE_SECONDS = 1.0
_LOG_LINES = 30
_WORKER = Path(__file__).with_name("isaac_worker.py")
# Those of this interpreter would shadow the other one's packages.
_NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


class IsaacProcess:
    """A running worker and the arrays that both sides map.

    The kernel ends the worker with the thread that makes this object, which must therefore live
    as long as it.
    """

    def __init__(self, python: str, request: Mapping[str, Any]):
        """Start the interpreter ``python`` with an ``open`` message; `hello` is its answer.

        Raises InputError if the interpreter, a module or the task is not there, and
        SimulationError if the worker dies, fails or takes longer than `START_SECONDS`.
        """
        self._python = python
        self._received = b""
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        self._memory_file = os.memfd_create("isaac_gym", os.MFD_CLOEXEC)
        self._memory: mmap.mmap | None = None
        self._channel, theirs = socket.socketpair()
        with theirs:
            self._process = self._start(theirs)
        self._reader = threading.Thread(target=self._read_log, daemon=True, name="isaac log")
        self._reader.start()
        self.arrays: dict[str, np.ndarray] = {}
        try:
            self.hello = self.ask("open", START_SECONDS, protocol=PROTOCOL, **request)
            self._map(self.hello["layout"])
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Return the worker's process id."""
        return self._process.pid

    def ask(self, say: str, seconds: float | None = None, **content: Any) -> dict[str, Any]:
        """Send a message and return the answer.  ``seconds`` None: `ANSWER_SECONDS`.

        Raises SimulationError, with the end of the worker's log, when it fails, has died or does
        not answer within ``seconds`` (it is killed then).
        """
        seconds = ANSWER_SECONDS if seconds is None else seconds
        try:
            self._channel.sendall(json.dumps({**content, "say": say}).encode() + b"\n")
            answer = self._receive(time.monotonic() + seconds)
        except TimeoutError:
            self._process.kill()
            raise self._error(f"has not answered {say!r} for {seconds:g} s") from None
        except (EOFError, OSError):
            raise self._error(self._describe_end()) from None
        if answer["say"] == "failed":
            self._refuse(answer)
        return answer

    def close(self) -> None:
        """End the worker; a second call does nothing."""
        if self._memory_file < 0:
            return
        with suppress(OSError):  # it has gone already
            self._channel.sendall(b'{"say": "close"}\n')
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._channel.close()
        self._reader.join(_LEAVE_SECONDS)
        os.close(self._memory_file)
        self._memory_file = -1
        self.arrays = {}
        self._memory = None  # unmapped when the last view of it is gone

    def _start(self, theirs: socket.socket) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items()
                       if name not in _NOT_INHERITED}
        # Isaac Gym's module wants libpython, which conda keeps where the loader does not look.
        library = Path(self._python).resolve().parents[1] / "lib"
        environment["LD_LIBRARY_PATH"] = ":".join(filter(None, (
            environment.get("LD_LIBRARY_PATH"), str(library))))
        try:
            return subprocess.Popen(
                [self._python, "-u", str(_WORKER), str(theirs.fileno()), str(self._memory_file),
                 str(os.getpid())],
                pass_fds=[theirs.fileno(), self._memory_file], stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                env=environment,
                # Ctrl-C reaches the run, which ends the worker when it has saved.
                start_new_session=True)
        except OSError as error:
            self._channel.close()
            os.close(self._memory_file)
            raise InputError("Isaac Gym", [f"cannot start {self._python}: {error}"]) from None

    def _read_log(self) -> None:
        output = self._process.stdout
        assert output is not None  # it was started with a pipe
        with output:
            for line in output:
                self._log.append(line.rstrip("\n"))

    def _receive(self, deadline: float) -> dict[str, Any]:
        """Return the next message; TimeoutError after the deadline, EOFError if there is none."""
        while b"\n" not in self._received:
            self._channel.settimeout(max(deadline - time.monotonic(), 1e-3))
            data = self._channel.recv(65536)
            if not data:
                raise EOFError
            self._received += data
        line, _, self._received = self._received.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _map(self, layout: list[dict[str, Any]]) -> None:
        self._memory = mmap.mmap(self._memory_file, os.fstat(self._memory_file).st_size)
        for entry in layout:
            shape = tuple(entry["shape"])
            self.arrays[entry["name"]] = np.frombuffer(
                self._memory, entry["dtype"], int(np.prod(shape)), entry["offset"]).reshape(shape)

    def _refuse(self, answer: Mapping[str, Any]) -> None:
        stage, message = answer["stage"], answer["message"]
        if stage == "run":
            self._reader.join(_LEAVE_SECONDS)  # it ends now, and what it has said comes first
            self._log.extend(answer["traceback"])
            raise self._error(f"has failed: {message}")
        if stage.startswith("import"):
            message = (f"{self._python} cannot {stage} ({message}): set the widgets "
                       "isaac_gym_path and isaac_gym_envs_path to where Isaac Gym and "
                       "IsaacGymEnvs are, or isaac_python (ISAACGYM_PYTHON) to an interpreter "
                       "that has them (docs/isaac_gym.md)")
        raise InputError("Isaac Gym", [message])

    def _describe_end(self) -> str:
        try:
            code = self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return "has closed its end"
        if code < 0:
            return f"was killed by {signal_name(-code)}"
        return f"has ended with exit status {code}"

    def _error(self, what: str) -> SimulationError:
        """Return the error that names the worker, with the tail of its log."""
        self._reader.join(_LEAVE_SECONDS if self._process.poll() is not None else 0.1)
        lines = "\n".join(f"    {line}" for line in self._log)
        return SimulationError(
            f"the Isaac Gym worker (process {self.pid}, {self._python}) {what}"
            + (f"; the end of its log:\n{lines}" if lines else "; its log is empty"))


def find_python(widget: str) -> str:
    """Return the interpreter that a widget or ``ISAACGYM_PYTHON`` names; InputError if neither."""
    named = widget or os.environ.get("ISAACGYM_PYTHON", "")
    if not named:
        raise InputError("Isaac Gym", [
            "it runs in an interpreter of its own (Python 3.6 to 3.8): set the widget "
            "isaac_python, or the environment variable ISAACGYM_PYTHON, to the one that has it, "
            "such as ~/miniconda3/envs/rlgpu/bin/python"])
    origin = "isaac_python" if widget else "ISAACGYM_PYTHON"
    found = shutil.which(os.path.expanduser(named))
    if found is None:
        raise InputError("Isaac Gym", [f"{origin}: expected an interpreter, found no executable "
                                       f"{named!r}"])
    return found


def search_paths(gym_path: str, envs_path: str) -> list[str]:
    """Return the folders that hold ``isaacgym`` and ``isaacgymenvs``; InputError for others.

    ``gym_path`` may be Isaac Gym's own folder or the ``python`` in it.
    """
    found = []
    for widget, text, package in (("isaac_gym_path", gym_path, "isaacgym"),
                                  ("isaac_gym_envs_path", envs_path, "isaacgymenvs")):
        if not text:
            continue
        folder = Path(text).expanduser().absolute()
        holder = next((place for place in (folder, folder / "python")
                       if (place / package).is_dir()), None)
        if holder is None:
            raise InputError("Isaac Gym", [f"{widget}: expected a folder with {package} in it, "
                                           f"found {text!r}"])
        found.append(str(holder))
    return found
