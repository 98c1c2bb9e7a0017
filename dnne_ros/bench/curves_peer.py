"""Stable-Baselines3's PPO on our simulator: ``python -m dnne_ros.bench.curves_peer TASK``.

Prints its curve as the last line, a JSON object.  Returns are counted as our trainer counts them;
its own are off.  What it trains on are its own observations, normalised by its own wrapper.  On
its own vector environment of Gymnasium's task it is timed alone: the curve is empty.
"""

from __future__ import annotations

import argparse
import json
import time
from functools import partial
from typing import Any

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from dnne_ros.bench import curves_setting as setting
from dnne_ros.bench.sb3_envs import SimulatorVecEnv
from dnne_ros.rl.episodes import EpisodeStatistics
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import StepResult


def train(backend: str, task: str, seed: int, updates: int) -> dict[str, Any]:
    """Return ``seconds`` and the ``curve``: steps and mean return after each update."""
    simulator = make_simulator(task, setting.ENVIRONMENTS, backend=backend, seed=seed)
    low, high = (torch.tensor(bounds) for bounds in (simulator.spec.action.low,
                                                     simulator.spec.action.high))
    episodes = EpisodeStatistics(setting.ENVIRONMENTS)
    curve: list[tuple[int, float]] = []

    def step(actions: torch.Tensor) -> StepResult:
        result = simulator.step(low + (actions.clamp(-1.0, 1.0) + 1.0) / 2.0 * (high - low))
        episodes.add(result.rewards, result.terminated | result.timed_out)
        return result

    class Noting(BaseCallback):
        def _on_step(self) -> bool:
            return True

        def _on_rollout_end(self) -> None:
            if episodes.mean_return is not None:
                curve.append((self.num_timesteps, episodes.mean_return))

    return {"seconds": _learn(SimulatorVecEnv(simulator, step), updates, Noting()),
            "curve": curve}


def train_its_own(task: str, seed: int, updates: int) -> dict[str, Any]:
    """Return ``seconds``, on the vector environment that it makes of Gymnasium's task itself."""
    environments = make_vec_env(task, setting.ENVIRONMENTS, seed)
    return {"seconds": _learn(environments, updates, None), "curve": []}


def _learn(environments: VecEnv, updates: int, callback: BaseCallback | None) -> float:
    """Return the seconds that learning takes; the clock starts when all is made."""
    model = PPO(
        "MlpPolicy", VecNormalize(environments, norm_reward=False),
        learning_rate=setting.LEARNING_RATE, n_steps=setting.HORIZON,
        batch_size=setting.MINIBATCH, n_epochs=setting.EPOCHS, gamma=setting.GAMMA,
        gae_lambda=setting.GAE_LAMBDA, clip_range=setting.CLIP, ent_coef=setting.ENTROPY_COEF,
        vf_coef=setting.VALUE_COEF, max_grad_norm=setting.MAX_GRAD_NORM, device="cpu",
        policy_kwargs={"net_arch": list(setting.HIDDEN), "log_std_init": setting.LOG_STD})
    model.set_logger(Logger(None, []))
    started = time.perf_counter()
    model.learn(updates * setting.UPDATE, callback=callback)
    return time.perf_counter() - started


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--backend", default="", help="empty: its own vector environment")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--updates", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(setting.TORCH_THREADS)
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)  # noqa: NPY002 - what it draws from
    run = partial(train, options.backend) if options.backend else train_its_own
    print(json.dumps(run(options.task, options.seed, options.updates)), flush=True)


if __name__ == "__main__":
    main()
