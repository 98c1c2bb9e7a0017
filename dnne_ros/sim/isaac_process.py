"""Starts `isaac_worker` under another interpreter."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim.isaac_worker import PROTOCOL
from dnne_ros.sim.worker_process import WorkerProcess

START_SECONDS = 300.0
"""How long Isaac Gym may take to make its environments; thousands of them take minutes."""
ANSWER_SECONDS = 8.0
"""How long it may take for a step."""
_WORKER = Path(__file__).with_name("isaac_worker.py")
# Those of this interpreter would shadow the other one's packages.
_NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


class IsaacProcess(WorkerProcess):
    """A running worker and the arrays that both sides map."""

    def __init__(self, python: str, request: Mapping[str, Any]):
        """Start the interpreter ``python`` with an ``open`` message; `hello` is its answer.

        Raises InputError if the interpreter, a module or the task is not there, and
        SimulationError if the worker dies, fails or takes longer than `START_SECONDS`.
        """
        self._python = python
        super().__init__("Isaac Gym worker", "Isaac Gym", [python, "-u", str(_WORKER)],
                         _environment(python))
        self.arrays: dict[str, np.ndarray] = {}
        try:
            self.hello = self.ask("open", START_SECONDS, protocol=PROTOCOL, **request)
            self._map(self.hello["layout"])
        except BaseException:
            self.close()
            raise

    def call(self, say: str, **content: Any) -> dict[str, Any]:
        """Return the answer to a message; SimulationError, as `ask`, after `ANSWER_SECONDS`."""
        return self.ask(say, ANSWER_SECONDS, **content)

    def refusal(self, stage: str, message: str) -> str:
        """Say where to look for a module that is not there."""
        if not stage.startswith("import"):
            return super().refusal(stage, message)
        return (f"{self._python} cannot {stage} ({message}): set the widgets "
                "isaac_gym_path and isaac_gym_envs_path to where Isaac Gym and "
                "IsaacGymEnvs are, or isaac_python (ISAACGYM_PYTHON) to an interpreter "
                "that has them (docs/isaac_gym.md)")

    def close(self) -> None:
        """End the worker; a second call does nothing."""
        super().close()
        self.arrays = {}  # the memory is unmapped when the last view of it is gone

    def _map(self, layout: list[dict[str, Any]]) -> None:
        memory = self.memory()
        for entry in layout:
            shape = tuple(entry["shape"])
            self.arrays[entry["name"]] = np.frombuffer(
                memory, entry["dtype"], int(np.prod(shape)), entry["offset"]).reshape(shape)


def _environment(python: str) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items()
                   if name not in _NOT_INHERITED}
    # Isaac Gym's module wants libpython, which conda keeps where the loader does not look.
    library = Path(python).resolve().parents[1] / "lib"
    environment["LD_LIBRARY_PATH"] = ":".join(filter(None, (
        environment.get("LD_LIBRARY_PATH"), str(library))))
    return environment


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
