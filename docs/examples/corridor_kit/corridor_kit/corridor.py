"""A corridor whose floor slopes towards both walls: stay away from them."""

import torch

from dnne_ros import ArraySpec, SimulationError, Simulator, StepResult, TaskSpec

STEP_SECONDS = 0.05
MAX_EPISODE_STEPS = 200
HALF_WIDTH = 1.0
"""m"""
MAX_PUSH = 4.0
"""m/s²"""
SLOPE = 2.0
"""How much the floor accelerates away from the middle, 1/s²."""


class Corridor(Simulator):
    """Vehicles that drive through the corridor and are pushed to the left or right."""

    def __init__(self, settings):
        """Make the vehicles of ``settings`` and put them at their starts."""
        self._spec = TaskSpec(
            name=settings.task, num_envs=settings.num_envs,
            observation=ArraySpec.unbounded(("offset", "speed"), ("m", "m/s")),
            action=ArraySpec(("push",), ("m/s²",), (-MAX_PUSH,), (MAX_PUSH,)),
            discrete_actions=None, step_seconds=STEP_SECONDS,
            max_episode_steps=MAX_EPISODE_STEPS)
        self._random = torch.Generator().manual_seed(settings.seed)
        self._steps = 0
        self._lengths = torch.zeros(settings.num_envs, dtype=torch.int64)
        self._states = self._starts()

    @property
    def spec(self):
        """The task."""
        return self._spec

    def observations(self):
        """Return offset and speed of each vehicle, float32 (n, 2)."""
        return self._states.clone()

    def step(self, actions):
        """Push each vehicle for one step; those that touch a wall start again."""
        self._spec.check_actions(actions, self._steps + 1)
        self._steps += 1
        offset, speed = self._states.unbind(1)
        push = actions.detach()[:, 0].clamp(-MAX_PUSH, MAX_PUSH)
        speed = speed + (push + SLOPE * offset) * STEP_SECONDS
        offset = offset + speed * STEP_SECONDS
        before = torch.stack((offset, speed), 1)
        self._lengths += 1
        terminated = offset.abs() > HALF_WIDTH
        timed_out = (self._lengths >= MAX_EPISODE_STEPS) & ~terminated
        done = terminated | timed_out
        self._lengths *= ~done
        self._states = torch.where(done[:, None], self._starts(), before) if done.any() \
            else before.clone()
        rewards = torch.where(terminated, -10.0, 1.0 - offset.abs())
        return StepResult(self.observations(), rewards, terminated, timed_out, before)

    def state(self):
        """Return everything that the future depends on."""
        return {"states": self._states.clone(), "lengths": self._lengths.clone(),
                "random": self._random.get_state()}, {
            "num_envs": self._spec.num_envs, "steps": self._steps}

    def restore(self, tensors, values):
        """Go back to what `state` returned."""
        if values["num_envs"] != self._spec.num_envs:
            raise SimulationError(f"{self._spec.name}: expected a state of {self._spec.num_envs} "
                                  f"environments, found one of {values['num_envs']}")
        self._spec.check_state(tensors, self.state()[0])
        self._states, self._lengths = tensors["states"].clone(), tensors["lengths"].clone()
        self._random.set_state(tensors["random"])
        self._steps = values["steps"]

    def _starts(self):
        shape = (self._spec.num_envs, 2)
        return torch.rand(shape, generator=self._random) * 0.4 - 0.2
