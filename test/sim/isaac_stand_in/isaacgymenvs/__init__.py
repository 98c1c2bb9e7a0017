"""Stands in for IsaacGymEnvs: `make` and what a `VecTask` shows, with NumPy's Cartpole.

The order of things in a step is that of IsaacGymEnvs' ``tasks/cartpole.py`` and
``tasks/base/vec_task.py``: act, simulate, reset what ended in the step before, observe, judge.
"""

import math
import os
import signal
import sys
import time
from types import SimpleNamespace

import isaacgym  # noqa: F401  (must come before torch)
import numpy as np
import torch


class _Gym:
    def get_actor_dof_names(self, env, actor):
        return ["slider_to_cart", "cart_to_pole"]


class Cartpole:
    """The buffers and attributes of the real task, and its physics on the back of an envelope."""

    max_push_effort = 400.0
    reset_dist = 3.0
    control_freq_inv = 1
    clip_actions = 1.0
    clip_obs = 5.0

    def __init__(self, num_envs, device):
        self.num_envs, self.num_obs, self.num_acts = num_envs, 4, 1
        self.max_episode_length = 500
        self.sim_params = SimpleNamespace(dt=0.0166)
        self.gym, self.envs = _Gym(), [None] * num_envs
        self.dof_pos = torch.zeros(num_envs, 2, device=device)
        self.dof_vel = torch.zeros(num_envs, 2, device=device)
        self.obs_buf = torch.zeros(num_envs, 4, device=device)
        self.reset_buf = torch.ones(num_envs, dtype=torch.long, device=device)
        self.progress_buf = torch.zeros(num_envs, dtype=torch.long, device=device)
        self.extras = {}

    def reset(self):
        return {"obs": self.obs_buf}

    def reset_idx(self, envs):
        self.dof_pos[envs] = 0.2 * (torch.rand(len(envs), 2) - 0.5)
        self.dof_vel[envs] = 0.5 * (torch.rand(len(envs), 2) - 0.5)
        self.reset_buf[envs] = 0
        self.progress_buf[envs] = 0

    def simulate(self, efforts):
        """Two substeps of semi-implicit Euler for a cart of 1 kg and a pole of 1 kg."""
        h, pole = self.sim_params.dt / 2, 0.47
        inertia = (0.06 ** 2 + 1.0) / 12 + pole ** 2
        for _ in range(2):
            angle, turn = self.dof_pos[:, 1], self.dof_vel[:, 1]
            coupling = -pole * torch.cos(angle)
            force = efforts - pole * torch.sin(angle) * turn ** 2
            torque = 9.81 * pole * torch.sin(angle)
            determinant = 2.0 * inertia - coupling ** 2
            self.dof_vel[:, 0] += h * (inertia * force - coupling * torque) / determinant
            self.dof_vel[:, 1] += h * (2.0 * torque - coupling * force) / determinant
            self.dof_pos += h * self.dof_vel

    def step(self, actions):
        self.simulate(actions.clamp(-self.clip_actions, self.clip_actions)[:, 0]
                      * self.max_push_effort)
        self.progress_buf += 1
        ended = self.reset_buf.nonzero(as_tuple=False).flatten()
        if len(ended):
            self.reset_idx(ended)
        self.observe()
        position, speed, angle, turn = self.obs_buf.unbind(1)
        fallen = (position.abs() > self.reset_dist) | (angle.abs() > math.pi / 2)
        reward = 1.0 - angle ** 2 - 0.01 * speed.abs() - 0.005 * turn.abs()
        reward = torch.where(fallen, torch.full_like(reward, -2.0), reward)
        late = self.progress_buf >= self.max_episode_length - 1
        self.reset_buf = (fallen | late).long()
        self.extras["time_outs"] = late & (self.reset_buf != 0)
        return {"obs": self.obs_buf.clamp(-self.clip_obs, self.clip_obs)}, reward, \
            self.reset_buf, self.extras

    def observe(self):
        self.obs_buf[:, 0::2] = self.dof_pos
        self.obs_buf[:, 1::2] = self.dof_vel


class Faulty(Cartpole):
    """Breaks in its step number ``seed % 1000`` in the way that ``seed // 1000`` says."""

    def __init__(self, num_envs, device, seed):
        super().__init__(num_envs, device)
        self.kind, self.at = seed // 1000, seed % 1000
        self.steps = 0

    def step(self, actions):
        self.steps += 1
        result = super().step(actions)
        if self.steps == self.at:
            print("the last thing it said")
            if self.kind == 1:
                raise RuntimeError("PhysX error: out of memory")
            if self.kind == 2:
                sys.exit()
            if self.kind == 3:
                sys.stdout.flush()
                os.kill(os.getpid(), signal.SIGKILL)
            if self.kind == 4:
                sys.stdout.flush()
                time.sleep(3600)
            if self.kind == 5:
                result[0]["obs"][1, 2] = np.nan
        return result


def make(seed, task, num_envs, sim_device, rl_device, graphics_device_id=-1, headless=False,
         multi_gpu=False, virtual_screen_capture=False, force_render=True, cfg=None):
    print("making", cfg.task["task"], "with", cfg.task["physics_engine"])
    assert cfg.task["num_envs"] == str(num_envs)
    assert sim_device == rl_device == cfg.task["sim_device"]
    if task == "Faulty":
        return Faulty(num_envs, sim_device, seed)
    return Cartpole(num_envs, sim_device)
