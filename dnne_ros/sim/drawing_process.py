"""Pictures of a robot, drawn in a process that does nothing else.

Without a GPU, Mesa draws with code that LLVM compiles for it.  Triton has an LLVM of its own, and
the two do not share a process: one that has drawn crashes when it imports Triton, which CUDA
builds of torch do with their compiler.  What else is imported there is up to the graph's node
types, so drawing keeps away from it, and from the loop that steps.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim import drawing_worker
from dnne_ros.sim.worker_process import WorkerProcess

if TYPE_CHECKING:
    from dnne_ros.sim.simulator import TaskSpec

START_SECONDS = 120.0
"""How long the process may take to import MuJoCo and set OpenGL up, and then to load a robot."""
DRAW_SECONDS = 10.0
"""How long it may take for a picture."""
# Without the working folder, where there may be anything.
_CODE = (f"import sys; sys.path = [*filter(None, sys.path)]; "
         f"from {drawing_worker.__name__} import main; main()")


class DrawingProcess:
    """A running `drawing_worker`; its calls wait, and may come from any thread, one at a time.

    The kernel ends the process with the thread that makes this object.
    """

    def __init__(self, width: int, height: int):
        """Start the process and set OpenGL up in it.

        Raises InputError where nothing can be drawn without a screen, and SimulationError if the
        process dies, fails or takes too long.
        """
        path = os.pathsep.join(map(os.path.abspath, sys.path))
        self._worker = WorkerProcess(
            "drawing process", "camera", [sys.executable, "-c", _CODE],
            {**os.environ, "PYTHONPATH": path})
        try:
            self._worker.ask("open", START_SECONDS, width=width, height=height)
            self._picture: np.ndarray = np.frombuffer(
                self._worker.memory(), np.uint8).reshape(height, width, 3)
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The process' id."""
        return self._worker.pid

    def load(self, task: TaskSpec) -> None:
        """Take up the robot of ``task``; InputError if there is no description of it."""
        if not task.description:
            raise InputError("camera", [f"the task {task.name} has no robot description to draw"])
        self._worker.ask("load", START_SECONDS, description=task.description, joints=task.joints)

    def load_model(self, file: str, view: str) -> None:
        """Take up a whole model, the MJB ``file``, seen by its camera ``view``.

        It is moved by all of its qpos.  An empty ``view`` is one from outside.
        """
        self._worker.ask("load_model", START_SECONDS, file=file, view=view)

    def draw(self, positions: Sequence[float]) -> np.ndarray:
        """Return the robot with joints at ``positions`` (m, rad), uint8 RGB (height, width, 3).

        Raises SimulationError, with the process' last words, if it has died, fails or takes longer
        than `DRAW_SECONDS`; it is of no use then.
        """
        self._worker.ask("draw", DRAW_SECONDS, positions=list(positions))
        return np.array(self._picture)

    def close(self) -> None:
        """End the process; a second call does nothing."""
        self._worker.close()
