"""Isaac Gym: every task of IsaacGymEnvs, in a worker process (docs/isaac_gym.md).

Two things of the interface differ, as Isaac Gym does not offer them:

* An episode's end is one step in Isaac Gym and its reset is in the next (``resets_in_step`` is
  False).  Tasks that reset in the step itself give the first observations of the next episode as
  ``next_observations`` too.  rl_games learns from the same numbers.
* The physics cannot be saved (``resumes`` is False).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from dnne_ros.errors import InputError
from dnne_ros.sim import cartpole
from dnne_ros.sim.isaac_process import IsaacProcess, find_python, search_paths
from dnne_ros.sim.simulator import ArraySpec, StepResult, TaskSpec
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.worker_simulator import WorkerSimulator


class IsaacGym(WorkerSimulator):
    """The environments of a worker; tensors come through shared memory."""

    resets_in_step = False

    def __init__(self, settings: SimulatorSettings):
        """Start the worker, and wait until its environments are there.

        Raises InputError if the interpreter, Isaac Gym, IsaacGymEnvs or the task is not there,
        and SimulationError if the worker fails.
        """
        options = settings.isaac
        self._seed = settings.seed
        self._device = torch.device(settings.device)
        self._worker = IsaacProcess(find_python(options.python), {
            "task": settings.task, "num_envs": settings.num_envs, "seed": settings.seed,
            "device": options.device, "headless": options.headless,
            "physics_engine": options.physics_engine,
            "paths": search_paths(options.gym_path, options.gym_envs_path)},
            settings.still_starting)
        hello = self._worker.hello
        if hello["num_envs"] != settings.num_envs:
            self._worker.close()
            raise InputError("Isaac Gym", [f"{settings.task} makes {hello['num_envs']} "
                                           f"environments, not {settings.num_envs}"])
        self._spec, self._newtons = _task_spec(settings, hello, self._worker.arrays)
        self._spec.check_observations(self.observations(), 0)

    def observations(self) -> Tensor:
        """Return the present observations."""
        return self._take("observations")

    def step(self, actions: Tensor) -> StepResult:
        """Act in all environments; ``actions`` in ``spec.action.units``."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        self._worker.arrays["actions"][:] = (actions.detach() / self._newtons).cpu().numpy()
        self._ask("step")
        observations = self.observations()
        rewards = self._take("rewards")
        self._spec.check_observations(observations, self._steps)
        self._spec.check_rewards(rewards, self._steps)
        done, timed_out = self._take("done").bool(), self._take("timed_out").bool()
        return StepResult(observations, rewards, done & ~timed_out,
                          done & timed_out, observations.clone())

    def _start(self) -> None:
        self._ask("restart", seed=self._seed + self._steps)


def make(settings: SimulatorSettings) -> IsaacGym:
    """Make what the settings ask for."""
    return IsaacGym(settings)


def _task_spec(settings: SimulatorSettings, hello: dict[str, Any], arrays: dict[str, Any]
               ) -> tuple[TaskSpec, float]:
    """Return the task as the worker describes it, and what an action of 1 means in its units.

    Isaac Gym's actions are numbers in ±1.  Cartpole's are taken in newtons, as those of every
    other back end, so that a graph need not know which one it has.
    """
    scale, description = 1.0, ""
    observations, actions = (arrays[name].shape[1] for name in ("observations", "actions"))
    observation = ArraySpec.unbounded(
        tuple(f"observation_{i}" for i in range(observations)), ("",) * observations)
    names, unit = tuple(f"action_{i}" for i in range(actions)), ""
    joints = tuple(hello["joints"])
    if settings.task == "Cartpole" and (observations, actions) == (4, 1):
        scale = hello["max_push_effort"] or cartpole.MAX_EFFORT
        observation, names, unit = cartpole.OBSERVATION, cartpole.ACTION.names, "N"
        joints, description = cartpole.JOINTS, cartpole.description()
    limit = float("inf") if hello["clip_actions"] is None else scale * hello["clip_actions"]
    signals = cartpole.ACTION.signals if unit else ()
    return TaskSpec(
        name=settings.task, num_envs=settings.num_envs, observation=observation,
        action=ArraySpec(names, (unit,) * actions, (-limit,) * actions, (limit,) * actions,
                         signals),
        discrete_actions=None, step_seconds=hello["step_seconds"],
        max_episode_steps=hello["max_episode_steps"], joints=joints, device=settings.device,
        description=description), scale
