"""What a robot at the desk looks like, or what its camera sees."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnne_ros.nodes.simulation.simulator_camera import parse_format

if TYPE_CHECKING:
    from dnne_ros.sim.drawing_process import DrawingProcess
    from dnne_ros.sim.robot.mujoco_robot import MujocoRobot
    from dnne_ros.sim.robot.robot_model import RobotModel


class DrawnRobot:
    """A robot with all that its model has, seen by one of the model's cameras."""

    def __init__(self, robot: MujocoRobot, view: str):
        """Draw ``robot`` as the camera ``view`` sees it, or from outside if that is empty."""
        self._robot, self._view = robot, view

    def load_into(self, process: DrawingProcess) -> None:
        """Let a process take the model up."""
        with tempfile.TemporaryDirectory(prefix="dnne_ros_") as folder:
            file = str(Path(folder) / "robot.mjb")
            self._robot.write_model(file)
            process.load_model(file, self._view)

    def positions(self, env: int) -> Sequence[float]:
        """Return the whole of qpos; there is one robot."""
        found: list[float] = self._robot.data.qpos.tolist()
        return found


def camera_misfit(values: Mapping[str, Any]) -> None:
    """Raise ValueError for a ``camera`` that is no format."""
    try:
        if values["camera"]:
            parse_format(values["camera"])
    except ValueError as error:
        raise ValueError(f"widget 'camera': {error}") from None


def view_misfit(robot: RobotModel, values: Mapping[str, Any]) -> None:
    """Raise ValueError for a ``view`` that the model does not have."""
    names = [robot.model.camera(index).name for index in range(robot.model.ncam)]
    if values["view"] and values["view"] not in names:
        raise ValueError(f"widget 'view': expected one of the model's cameras "
                         f"({', '.join(filter(None, names)) or 'it has none'}), found "
                         f"{values['view']!r:.80}")
