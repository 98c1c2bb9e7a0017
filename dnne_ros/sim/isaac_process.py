"""Starts `isaac_worker` under another interpreter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dnne_ros.errors import InputError
from dnne_ros.sim import array_process
from dnne_ros.sim.array_process import ArrayProcess

START_SECONDS = 300.0
"""How long Isaac Gym may take to make its environments; thousands of them take minutes."""
ANSWER_SECONDS = 8.0
"""How long it may take for a step."""
_WORKER = Path(__file__).with_name("isaac_worker.py")
_NAME = "Isaac Gym"


class IsaacProcess(ArrayProcess):
    """A running worker and the arrays that both sides map."""

    def __init__(self, python: str, request: Mapping[str, Any],
                 still_starting: Callable[[], object] = lambda: None):
        """Start the interpreter ``python`` with an ``open`` message; `hello` is its answer.

        ``still_starting`` as `ArrayProcess`.
        """
        self._python = python
        super().__init__(_NAME, [python, "-u", str(_WORKER)], request, START_SECONDS,
                         ANSWER_SECONDS, still_starting)

    def refusal(self, stage: str, message: str) -> str:
        """Say where to look for a module that is not there."""
        if not stage.startswith("import"):
            return super().refusal(stage, message)
        return (f"{self._python} cannot {stage} ({message}): set the widgets "
                "isaac_gym_path and isaac_gym_envs_path to where Isaac Gym and "
                "IsaacGymEnvs are, or isaac_python (ISAACGYM_PYTHON) to an interpreter "
                "that has them (docs/isaac_gym.md)")


def find_python(widget: str) -> str:
    """Return the interpreter that a widget or ``ISAACGYM_PYTHON`` names; InputError if neither."""
    return array_process.find_python(
        _NAME, "ISAACGYM_PYTHON", widget,
        "of Python 3.6 to 3.8, such as ~/miniconda3/envs/rlgpu/bin/python")


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
