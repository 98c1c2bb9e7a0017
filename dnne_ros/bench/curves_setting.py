"""How ``dnne-ros bench curves`` trains: one set of hyperparameters, for us and for the peer.

They are Stable-Baselines3's own for PPO, but for observations that are normalised and eight
environments.
"""

from __future__ import annotations

from typing import Any

from dnne_ros.bench.ppo_setting import node

ENVIRONMENTS, HORIZON, EPOCHS, MINIBATCH = 8, 256, 10, 64
GAMMA, GAE_LAMBDA, CLIP = 0.99, 0.95, 0.2
VALUE_COEF, ENTROPY_COEF, MAX_GRAD_NORM, LEARNING_RATE = 0.5, 0.0, 0.5, 3e-4
HIDDEN, LOG_STD = (64, 64), 0.0
TORCH_THREADS = 1
UPDATE = ENVIRONMENTS * HORIZON
"""Environment steps of an update."""


def described() -> dict[str, Any]:
    """Return all of it: what a run that is kept was made with."""
    return {name.lower(): list(value) if isinstance(value, tuple) else value
            for name, value in globals().items() if name.isupper()}


def workflow(backend: str, task: str, actions: int, updates: int) -> dict[str, Any]:
    """Return our graph in the API format, for a task with so many ``actions``."""
    return {
        "1": node("SimulatorEnvNode", env_name=task, backend=backend, device="cpu",
                  num_envs=ENVIRONMENTS),
        "2": node("ORNode", input_a=["1", 1], input_b=["4", 0]),
        "3": node("PPOAgentNode", observations=["2", 0], action_dim=actions, activation="tanh",
                  hidden_sizes=",".join(map(str, HIDDEN)), init_log_std=LOG_STD,
                  normalize_observations=True),
        "4": node("SimulatorStepNode", sim_handle=["1", 0], actions=["5", 0], trigger=["6", 1]),
        "5": node("ActionNode", network_output=["3", 0], sim_handle=["1", 0]),
        "6": node("PPOTrainerNode", state=["4", 0], policy_output=["3", 0], reward=["4", 1],
                  done=["4", 2], model=["3", 1], info=["4", 3], next_observations=["4", 4],
                  horizon_length=HORIZON, num_epochs=EPOCHS, minibatch_size=MINIBATCH,
                  gamma=GAMMA, gae_lambda=GAE_LAMBDA, clip_param=CLIP, value_coef=VALUE_COEF,
                  entropy_coef=ENTROPY_COEF, learning_rate=LEARNING_RATE,
                  max_grad_norm=MAX_GRAD_NORM, max_updates=updates),
    }
