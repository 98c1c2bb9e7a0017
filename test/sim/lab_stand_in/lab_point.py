"""Stands in for what mjlab and Isaac Lab make: ``ManagerBasedRlEnv``, with a point that moves.

A point (x, y) goes by a tenth of an action, which is clipped at ±1; its episode ends beyond 1, or
with the 20th step.  What the settings ask for of its last observations, it does as they do.
"""

import os
import signal
import sys
import time
from types import SimpleNamespace

import numpy as np
import torch

LIMIT = 20
FAILS, LEAVES, DIES, HANGS, NOT_A_NUMBER, RUBBISH, OTHER_WORDS, CRITIC, REWARD, FLOODS = (
    1000.0 * kind for kind in range(1, 11))


def settings(num_envs=1, **more):
    return SimpleNamespace(scene=SimpleNamespace(num_envs=num_envs), seed=None, decimation=4,
                           viewer=SimpleNamespace(env_idx=0), **more)


class Point:
    """``log`` says how far the points of the episodes that ended had come."""

    metadata = {"render_modes": [None, "rgb_array"]}
    step_dt, max_episode_length = 0.02, LIMIT

    def __init__(self, cfg, device="cpu", render_mode=None, names=("actor", "critic")):
        self.cfg, self.render_mode, self.names = cfg, render_mode, names
        self.num_envs = cfg.scene.num_envs
        self.single_action_space = SimpleNamespace(shape=(2,))
        self.common_step_counter = 0
        self.place = torch.zeros(self.num_envs, 2)
        self.steps = torch.zeros(self.num_envs, dtype=torch.long)
        data = SimpleNamespace(joint_pos=self.place, joint_vel=self.place)
        self.scene = {"robot": SimpleNamespace(joint_names=["x", "y"], data=data)}
        self.waiting = torch.zeros(self.num_envs, dtype=torch.bool)
        self.spoilt = 0.0

    @property
    def unwrapped(self):
        return self

    def observe(self):
        actor, critic = self.names
        steps = self.steps[:, None].float()
        if self.spoilt == CRITIC:
            steps[2] = torch.nan
        return {actor: self.place.clone(),
                critic: torch.cat([self.place, steps], 1)}

    def begin(self, envs):
        self.place[envs] = torch.rand(len(envs), 2) * 0.2 - 0.1
        self.steps[envs] = 0
        self.waiting[envs] = False

    def reset(self, *, seed=None, options=None, env_ids=None):
        if seed is not None:
            torch.manual_seed(seed)
        ids = torch.arange(self.num_envs) if env_ids is None else env_ids
        extras = {"log": {"Episode_Reward/far": self.place[ids].abs().mean(),
                          "Episode_Termination/out": len(ids), "words": "none"}}
        self.begin(ids)
        return self.observe(), extras

    def step(self, actions):
        assert not self.waiting.any()
        self.fail(float(actions.max()))
        self.common_step_counter += 1
        self.steps += 1
        self.place += 0.1 * actions.clamp(-1.0, 1.0)
        terminated = self.place.abs().amax(1) > 1.0
        truncated = (self.steps >= LIMIT) & ~terminated
        done = (terminated | truncated).nonzero().flatten()
        final, extras = self.observe(), {"log": {"Metrics/level": 2.0}}
        if len(done) and not getattr(self.cfg, "auto_reset", True):
            self.waiting[done] = True
        elif len(done):
            extras["log"].update(self.reset(env_ids=done)[1]["log"])
            if getattr(self.cfg, "compute_final_obs", False):
                extras["final_obs"] = final
            elif getattr(self.cfg, "capture_terminal_observations", False):
                extras["terminal"] = {name: group[done] for name, group in final.items()}
        rewards = torch.ones(self.num_envs)
        if self.spoilt == REWARD:
            rewards[3] = -torch.inf
        return self.observe(), rewards, terminated, truncated, extras

    def fail(self, most):
        if most == FAILS:
            raise ValueError("the ground is gone")
        if most == LEAVES:
            sys.exit(3)
        if most == DIES:
            print("about to die", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        if most == FLOODS:
            sys.stdout.write("x" * 3_000_000)
            sys.stdout.flush()
            raise ValueError("it has said enough")
        if most == HANGS:
            time.sleep(3600)
        if most == NOT_A_NUMBER:
            self.place[1, 0] = torch.nan
        if most in (RUBBISH, OTHER_WORDS):
            words = b"Segmentation fault?\n" if most == RUBBISH else b'{"say": "joints"}\n'
            os.write(int(sys.argv[-3]), words)
        self.spoilt = most

    def close(self):
        pass

    def render(self):
        picture = np.zeros((24, 32, 3), np.uint8)
        picture[:, :, 0] = int(100 + 100 * float(self.place[self.cfg.viewer.env_idx, 0]))
        return picture
