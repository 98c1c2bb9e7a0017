"""EnvPool by itself: ``python -m dnne_ros.bench.task_alone TASK ENVIRONMENTS SECONDS``.

Its own loop, with the same random actions as the graph's, its own way to start finished
environments again, and as many threads, on the same cores.  Prints, as JSON, environment steps a
second, and which share of the actions was lost.

A step is one that an action makes.  EnvPool starts a finished environment with its next step, and
ignores the action: that is none.
"""

from __future__ import annotations

import json
import os
import sys
import time

import envpool
import numpy as np
import torch

from dnne_ros.sim.envpool_envs import first_core

_KINDS, _FIRST = 64, 20


def stepped(task: str, num_envs: int, seconds: float) -> dict[str, float]:
    """Return how many environment steps it makes in a second, and the share of lost actions."""
    threads = min(num_envs, len(os.sched_getaffinity(0)))
    pool = envpool.make(task, env_type="gymnasium", num_envs=num_envs, seed=0,
                        num_threads=threads, thread_affinity_offset=first_core(threads))
    space = pool.action_space
    drawn = 2 * torch.rand(_KINDS, num_envs, *space.shape,
                           generator=torch.Generator().manual_seed(0)) - 1
    actions = drawn.numpy().astype(space.dtype)
    pool.reset()
    for number in range(_FIRST):
        pool.step(actions[number])
    began = now = time.perf_counter()
    elapsed: list[np.ndarray] = []
    while now - began < seconds:
        elapsed.append(pool.step(actions[len(elapsed) % _KINDS])[-1]["elapsed_step"])
        now = time.perf_counter()
    steps, actions_sent = sum(map(np.count_nonzero, elapsed)), len(elapsed) * num_envs
    return {"env_steps_per_s": steps / (now - began), "lost": 1.0 - steps / actions_sent}


if __name__ == "__main__":
    print(json.dumps(stepped(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
