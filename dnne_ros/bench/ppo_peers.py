"""The peers on our simulator: ``python -m dnne_ros.bench.ppo_peers``.

Runs one training in this process and prints its figures as the last line, a JSON object.  All
read the returns of episodes as our trainer does, with `EpisodeStatistics`; their own are off.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch

from dnne_ros.bench import ppo_setting as setting
from dnne_ros.rl.episodes import EpisodeStatistics
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import Simulator, StepResult


class Enough(Exception):
    """The training is over: solved, or out of time."""


class Watched:
    """A simulator whose episodes and steps are counted."""

    def __init__(self, simulator: Simulator, seconds: float, until: float):
        """Simulate until the mean return is ``until``, or for so long."""
        self.simulator = simulator
        self.device = simulator.observations().device
        envs = simulator.spec.num_envs
        self.episodes = EpisodeStatistics(envs)
        self.envs = envs
        self._seconds = seconds
        self._until = until
        self._steps = 0
        self._started = 0.0

    def step(self, actions: torch.Tensor) -> StepResult:
        """Act with ``actions`` (n, 1) in [-1, 1]; beyond they are clipped."""
        result = self.simulator.step(actions.clamp(-1.0, 1.0) * setting.PUSH)
        self.episodes.add(result.rewards, result.terminated | result.timed_out)
        self._steps += 1
        return result

    def run(self, train: Callable[[], object]) -> dict[str, Any]:
        """Time ``train``, which must call `check` after each update."""
        self._started = time.perf_counter()
        with contextlib.suppress(Enough):
            train()
        seconds = time.perf_counter() - self._started
        return {"seconds": seconds, "env_steps": self._steps * self.envs,
                "solved": self._solved, "mean_return": self.episodes.mean_return}

    @property
    def _solved(self) -> bool:
        mean = self.episodes.mean_return
        return self.episodes.window_full and mean is not None and mean >= self._until

    def check(self) -> None:
        """Raise `Enough` when the goal or the time has come."""
        if self._solved or time.perf_counter() - self._started > self._seconds:
            raise Enough


def rsl_rl(watched: Watched) -> dict[str, Any]:
    """Train with rsl_rl's OnPolicyRunner."""
    from rsl_rl.env import VecEnv
    from rsl_rl.runners import OnPolicyRunner
    from tensordict import TensorDict

    class Env(VecEnv):  # type: ignore[misc]  # rsl_rl has no annotations
        num_envs, num_actions, max_episode_length = watched.envs, 1, 500
        device = watched.device
        cfg: ClassVar[dict[str, Any]] = {}
        episode_length_buf = torch.zeros(watched.envs, dtype=torch.long, device=device)

        def get_observations(self) -> TensorDict:
            return self._wrapped(watched.simulator.observations())

        def step(self, actions: torch.Tensor
                 ) -> tuple[TensorDict, torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
            result = watched.step(actions)
            return (self._wrapped(result.observations), result.rewards,
                    result.terminated | result.timed_out, {"time_outs": result.timed_out})

        def _wrapped(self, observations: torch.Tensor) -> TensorDict:
            return TensorDict({"policy": observations}, batch_size=[watched.envs])

    network = {"class_name": "MLPModel", "hidden_dims": list(setting.HIDDEN), "activation": "elu"}
    runner = OnPolicyRunner(Env(), {
        "num_steps_per_env": setting.HORIZON, "save_interval": 10**9,
        "check_for_nan": False,  # the simulator does
        "obs_groups": {"actor": ["policy"], "critic": ["policy"]},
        "algorithm": {
            "class_name": "PPO", "num_learning_epochs": setting.EPOCHS,
            "num_mini_batches": setting.minibatches(watched.envs), "clip_param": setting.CLIP,
            "gamma": setting.GAMMA, "lam": setting.GAE_LAMBDA,
            "value_loss_coef": setting.VALUE_COEF, "entropy_coef": setting.ENTROPY_COEF,
            "learning_rate": setting.LEARNING_RATE, "max_grad_norm": setting.MAX_GRAD_NORM,
            "use_clipped_value_loss": False, "schedule": "fixed", "desired_kl": None},
        "actor": {**network, "distribution_cfg": {
            "class_name": "GaussianDistribution", "std_type": "log",
            "init_std": math.exp(setting.LOG_STD)}},
        "critic": network}, device=str(watched.device))
    runner.logger.log = lambda **_: watched.check()  # called after each update
    return watched.run(lambda: runner.learn(10**9))


def stable_baselines3(watched: Watched) -> dict[str, Any]:
    """Train with Stable-Baselines3's PPO."""
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

    from dnne_ros.bench.sb3_envs import SimulatorVecEnv

    class Check(BaseCallback):
        def _on_step(self) -> bool:
            return True

        def _on_rollout_start(self) -> None:
            if self.num_timesteps:
                watched.check()

    model = PPO(
        "MlpPolicy", SimulatorVecEnv(watched.simulator, watched.step),
        learning_rate=setting.LEARNING_RATE, n_steps=setting.HORIZON,
        batch_size=setting.HORIZON * watched.envs // setting.minibatches(watched.envs),
        n_epochs=setting.EPOCHS, gamma=setting.GAMMA, gae_lambda=setting.GAE_LAMBDA,
        clip_range=setting.CLIP, ent_coef=setting.ENTROPY_COEF, vf_coef=setting.VALUE_COEF,
        max_grad_norm=setting.MAX_GRAD_NORM, device="cpu", policy_kwargs={
            "net_arch": list(setting.HIDDEN), "activation_fn": torch.nn.ELU,
            "log_std_init": setting.LOG_STD})
    model.set_logger(Logger(None, []))
    return watched.run(lambda: model.learn(10**12, callback=Check()))


def cleanrl(watched: Watched) -> dict[str, Any]:
    """Train with a loop in one file, as CleanRL's, compiled."""
    from dnne_ros.bench import ppo_single_file

    def step(actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        result = watched.step(actions)
        return result.observations, result.rewards, result.terminated | result.timed_out

    updates = ppo_single_file.train(step, watched.simulator.observations(), 1)
    next(updates)

    def train() -> None:
        for _ in updates:
            watched.check()

    return watched.run(train)


PEERS = {"rsl_rl": rsl_rl, "stable_baselines3": stable_baselines3, "cleanrl": cleanrl}


def main() -> None:
    """Run the peer that the command line names."""
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--envs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--until", type=float, default=math.inf)
    parser.add_argument("--backend", default="mujoco")
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(setting.TORCH_THREADS)
    torch.manual_seed(options.seed)
    np.random.seed(options.seed)  # noqa: NPY002 - what the peers draw from
    simulator = make_simulator("Cartpole", options.envs, seed=options.seed,
                               backend=options.backend, device=options.device)
    watched = Watched(simulator, options.seconds, options.until)
    print(json.dumps(PEERS[options.peer](watched)), flush=True)


if __name__ == "__main__":
    main()
