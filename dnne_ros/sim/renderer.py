"""Pictures of single environments, for films: each back end has one of these ways."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim.drawing_process import DrawingProcess

if TYPE_CHECKING:
    from dnne_ros.sim.simulator import Simulator


class Renderer(ABC):
    """Draws environments as they are at present; made, used and closed by one thread."""

    @abstractmethod
    def picture(self, env: int) -> np.ndarray:
        """Return environment ``env`` as uint8 RGB (height, width, 3).

        Raises SimulationError if that fails.
        """

    def close(self) -> None:  # noqa: B027 - many hold nothing
        """Free what it holds."""


class RobotRenderer(Renderer):
    """Draws the robot of a task's description with its joints where they are."""

    def __init__(self, simulator: Simulator, width: int, height: int):
        """Start to draw; InputError without a description or a library to draw with."""
        if not simulator.spec.description:
            raise InputError(f"simulator {simulator.spec.name}", [
                "it cannot be filmed: its back end draws nothing, and there is no description "
                "of its robot"])
        self._simulator = simulator
        self._process = DrawingProcess(width, height)
        self._process.load(simulator.spec)

    def picture(self, env: int) -> np.ndarray:
        """Draw it in the process."""
        return self._process.draw(self._simulator.joint_state(env)[0])

    def close(self) -> None:
        """End the process."""
        self._process.close()


def renderer_of(simulator: Simulator, width: int, height: int) -> Renderer:
    """Return what draws environments, in the simulator's own way or by the task's description.

    InputError where there is nothing to draw, or nothing to draw with.
    """
    return simulator.renderer(width, height) or RobotRenderer(simulator, width, height)


class ModelRenderer(Renderer):
    """Draws a whole model of MuJoCo's, moved by its qpos."""

    def __init__(self, model: Any, positions: Callable[[int], Sequence[float]], width: int,
                 height: int):
        """Start to draw ``model`` (an ``MjModel``), by the camera ``track`` if it has one.

        ``positions`` returns the qpos of an environment.  InputError without a library to draw
        with.
        """
        from dnne_ros.sim.quiet_mujoco import mujoco

        self._positions = positions
        names = [model.camera(number).name for number in range(model.ncam)]
        self._process = DrawingProcess(width, height)
        with tempfile.TemporaryDirectory(prefix="dnne_ros_film_") as folder:
            file = str(Path(folder) / "model.mjb")
            mujoco.mj_saveModel(model, file, None)
            self._process.load_model(file, "track" if "track" in names else "")

    def picture(self, env: int) -> np.ndarray:
        """Draw it in the process."""
        return self._process.draw(self._positions(env))

    def close(self) -> None:
        """End the process."""
        self._process.close()


class OwnRenderer(Renderer):
    """Pictures that the environments themselves make."""

    def __init__(self, draw: Callable[[int], Any], close: Callable[[], object] = lambda: None):
        """``draw`` returns the picture of an environment; ``close`` frees what it needs."""
        self._draw, self._close = draw, close

    def picture(self, env: int) -> np.ndarray:
        """Have it drawn."""
        return np.ascontiguousarray(self._draw(env), np.uint8)

    def close(self) -> None:
        """Free what they need to draw."""
        self._close()
