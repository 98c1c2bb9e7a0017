"""mjlab and Isaac Lab: the tasks of their managers, in a worker process (docs/lab.md)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim.array_process import find_python
from dnne_ros.sim.episode_log import EpisodeLog, logged
from dnne_ros.sim.group_columns import CRITIC, Part, actors_group
from dnne_ros.sim.lab_process import LabProcess
from dnne_ros.sim.listed_tasks import ListedTask
from dnne_ros.sim.simulator import ArraySpec, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.unsaved_simulator import first_seed
from dnne_ros.sim.worker_simulator import WorkerSimulator

if TYPE_CHECKING:
    from dnne_ros.sim.renderer import Renderer

_NAMES = {"mjlab": ("mjlab", "MJLAB_PYTHON", "pip install mjlab"),
          "isaaclab": ("Isaac Lab", "ISAACLAB_PYTHON", "install Isaac Lab")}
"""What a back end is called, which variable names its interpreter, and how to get it."""


class LabEnvs(WorkerSimulator):
    """The environments of a worker; tensors come through shared memory.

    *Ends.*  What is truncated timed out, unless the task says that its horizon is finite.
    *Observations* are the group ``actor`` or ``policy``, a critic's the group ``critic``.
    *Actions* have no bounds.
    """

    def __init__(self, lab: str, settings: SimulatorSettings):
        """Start the worker of ``lab`` and wait until its environments are there.

        Raises InputError if the interpreter, a module, the task or a group for the actor is not
        there, and SimulationError if the worker fails.
        """
        what, options = _NAMES[lab][0], settings.isaac
        self._seed, self._device = settings.seed, torch.device(settings.device)
        self._worker = _worker(lab, options.python, {
            "task": settings.task, "num_envs": settings.num_envs,
            "seed": first_seed(settings.seed, 0), "device": options.device,
            "headless": options.headless, "drawn": settings.drawn,
            "paths": [path for path in (options.gym_path,) if path]}, settings.still_starting)
        try:
            self._begin(what, settings)
        except BaseException:
            self._worker.close()
            raise

    def _begin(self, what: str, settings: SimulatorSettings) -> None:
        hello, arrays = self._worker.hello, self._worker.arrays
        self._names = [name.partition("/")[2] for name in arrays if name.startswith("now/")]
        own = actors_group(self._names)
        source = f"simulator {settings.task}"
        if own is None:
            raise InputError(source, [f"expected a group actor or policy among the observations, "
                                      f"found {', '.join(self._names)}"])
        self.own_group = own
        if hello["num_envs"] != settings.num_envs:
            raise InputError(source, [f"{what} makes {hello['num_envs']} environments, not "
                                      f"{settings.num_envs}"])
        if CRITIC in self._names and own != CRITIC:
            self.for_critic = (Part(CRITIC, None),)
        size = int(np.prod(arrays[f"now/{own}"].shape[1:]))
        actions = arrays["actions"].shape[1]
        self._spec = TaskSpec(
            name=settings.task, num_envs=settings.num_envs,
            observation=ArraySpec.unbounded(
                tuple(f"observation_{i}" for i in range(size)), ("",) * size),
            action=ArraySpec.unbounded(
                tuple(f"action_{i}" for i in range(actions)), ("",) * actions),
            discrete_actions=None, step_seconds=hello["step_seconds"],
            max_episode_steps=hello["max_episode_steps"], joints=tuple(hello["joints"]),
            device=settings.device)
        self._log: EpisodeLog | None = None
        self._spec.check_observations(self.observations(), 0)

    def observations(self) -> Tensor:
        """Return the present observations."""
        return self._take(f"now/{self.own_group}").flatten(1)

    def groups(self) -> Mapping[str, Tensor]:
        """Return all groups at present."""
        return {name: self._take(f"now/{name}") for name in self._names}

    def next_groups(self, step: StepResult) -> Mapping[str, Tensor]:
        """Return all groups before any reset of the last step, as far as they are known."""
        return {name: self._take(f"before/{name}") for name in self._names}

    def step(self, actions: Tensor) -> StepResult:
        """Act in all environments."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        self._worker.arrays["actions"][:] = actions.detach().cpu().numpy()
        answer = self._ask("step")
        observations, rewards = self.observations(), self._take("rewards")
        following = self._take(f"before/{self.own_group}").flatten(1)
        for each in (following, observations):
            self._spec.check_observations(each, self._steps)
        self._spec.check_rewards(rewards, self._steps)
        for moment in ("before", "now"):
            self._spec.check_groups({
                name: torch.from_numpy(self._worker.arrays[f"{moment}/{name}"])
                for name in self._names if name != self.own_group}, self._steps)
        terminated, timed_out = (self._take(name).bool() for name in ("terminated", "timed_out"))
        self._log = logged(answer, int((terminated | timed_out).sum()))
        return StepResult(observations, rewards, terminated, timed_out, following)

    def episode_log(self) -> EpisodeLog | None:
        """Return what the managers say of the episodes that ended with the last step."""
        return self._log

    def renderer(self, width: int, height: int) -> Renderer:
        """Let the environments draw themselves, in the worker, as large as their viewer."""
        from dnne_ros.sim.renderer import OwnRenderer

        return OwnRenderer(self._draw)

    def _draw(self, env: int) -> np.ndarray:
        answer = self._ask("picture", env=env)
        shape = tuple(answer["shape"])
        return np.frombuffer(self._worker.memory(), np.uint8, int(np.prod(shape)),
                             answer["offset"]).reshape(shape)

    def _start(self) -> None:
        self._ask("restart", seed=first_seed(self._seed, self._steps), steps=self._steps)


def _worker(lab: str, python: str, request: Mapping[str, Any],
            still_starting: Callable[[], object] = lambda: None) -> LabProcess:
    """Start the worker of ``lab`` under the interpreter ``python``; empty: as the page says."""
    what, variable, install = _NAMES[lab]
    if python or find_spec(lab) is None:
        python = find_python(what, variable, python, f"such as ~/{lab}/bin/python")
    return LabProcess(what, python or sys.executable, install, {"lab": lab, **request},
                      still_starting)


def mjlab_tasks() -> list[ListedTask]:
    """Return the names of mjlab's tasks, which its interpreter takes seconds to tell."""
    worker = _worker("mjlab", "", {"task": "", "paths": []})
    worker.close()
    return [ListedTask(name) for name in worker.hello["tasks"]]


def mjlab(settings: SimulatorSettings) -> LabEnvs:
    """Make what the settings ask for."""
    return LabEnvs("mjlab", settings)


def isaaclab(settings: SimulatorSettings) -> LabEnvs:
    """Make what the settings ask for."""
    return LabEnvs("isaaclab", settings)
