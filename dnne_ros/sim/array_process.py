"""A worker under an interpreter of its own, and the arrays that both sides map."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim.isaac_worker import PROTOCOL
from dnne_ros.sim.worker_process import WorkerProcess

FIRST_SECONDS = 120.0
"""How long an interpreter may take to run the worker's first lines, which say that it starts."""
# Those of this interpreter would shadow the other one's packages.
_NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")


class ArrayProcess(WorkerProcess):
    """Its first answer, `hello`, says where each of its `arrays` is in the shared memory."""

    def __init__(self, what: str, command: Sequence[str], request: Mapping[str, Any],
                 start_seconds: float, answer_seconds: float,
                 still_starting: Callable[[], object] = lambda: None):
        """Start ``command``, whose first word is an interpreter that has ``what``.

        ``request`` goes with the ``open`` message.  Raises InputError if the interpreter, a module
        or the task is not there, and SimulationError if the worker dies, fails or takes longer
        than ``start_seconds``, until which ``still_starting`` is called every few of them.
        """
        super().__init__(f"{what} worker", what, command, _environment(command[0]),
                         still_starting)
        self._answer_seconds = answer_seconds
        self.arrays: dict[str, np.ndarray] = {}
        try:
            self.hello = self.ask("open", start_seconds, first=FIRST_SECONDS, protocol=PROTOCOL,
                                  **request)
            self._map(self.hello["layout"])
        except BaseException:
            self.close()
            raise

    def call(self, say: str, **content: Any) -> dict[str, Any]:
        """Return the answer to a message; SimulationError, as `ask`, if it takes too long."""
        return self.ask(say, self._answer_seconds, **content)

    def close(self) -> None:
        """End the worker; a second call does nothing."""
        super().close()
        self.arrays = {}  # the memory is unmapped when the last view of it is gone

    def _map(self, layout: list[dict[str, Any]]) -> None:
        memory = self.memory() if layout else b""
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


def find_python(what: str, variable: str, widget: str, hint: str) -> str:
    """Return the interpreter that the widget isaac_python or an environment variable names.

    InputError, about ``what`` it is to have and with a ``hint``, if there is none.
    """
    named = widget or os.environ.get(variable, "")
    if not named:
        raise InputError(what, [
            f"it runs in an interpreter of its own: set the widget isaac_python, or the "
            f"environment variable {variable}, to the one that has it, {hint}"])
    origin = "isaac_python" if widget else variable
    found = shutil.which(os.path.expanduser(named))
    if found is None:
        raise InputError(what, [f"{origin}: expected an interpreter, found no executable "
                                f"{named!r}"])
    return found
