"""What the PPO benchmark trains: one task and one set of hyperparameters, for us and for peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SOLVED = 450.0
"""Mean return of the last 100 episodes; at most 500."""
HORIZON = 16
EPOCHS = 2
MINIBATCH = 1024
GAMMA = 0.99
GAE_LAMBDA = 0.9
CLIP = 0.2
VALUE_COEF = 0.25
ENTROPY_COEF = 0.0
LEARNING_RATE = 3e-3
FIRST_SEED = 100
"""Of the seeds that are trained until solved: the learning rate was chosen with 0 to 4."""
MAX_GRAD_NORM = 1.0
HIDDEN = (64, 64)
LOG_STD = -1.0
PUSH = 10.0
"""Effort at an action of 1, N."""
TORCH_THREADS = 1
"""For everybody, in every process: networks of this size lose by more."""

ENVIRONMENTS, AGENT, TRAINER = "1", "3", "6"
THREE_PROCESSES = {"processes": {"simulate": ["1", "4"], "act": ["2", "3", "5"], "learn": ["6"]}}


def minibatches(envs: int) -> int:
    """Return into how many minibatches a rollout of ``envs`` environments is cut."""
    return max(1, HORIZON * envs // MINIBATCH)


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """Return a node in the API format."""
    return {"class_type": kind, "inputs": inputs}


@dataclass(frozen=True)
class Simulated:
    """Which back end simulates, and where tensors live: cpu or cuda."""

    backend: str = "mujoco"
    device: str = "cpu"


def workflow(envs: int, place: Simulated = Simulated()) -> dict[str, Any]:
    """Return the graph in the API format."""
    return {
        ENVIRONMENTS: node("SimulatorEnvNode", env_name="Cartpole", num_envs=envs,
                           backend=place.backend, device=place.device),
        "2": node("ORNode", input_a=[ENVIRONMENTS, 1], input_b=["4", 0]),
        AGENT: node("PPOAgentNode", observations=["2", 0], action_dim=1, activation="elu",
                    hidden_sizes=",".join(map(str, HIDDEN)), init_log_std=LOG_STD),
        "4": node("IsaacGymStepNode", sim_handle=[ENVIRONMENTS, 0], actions=["5", 0],
                  trigger=[TRAINER, 1]),
        "5": node("CartpoleActionNode", network_output=[AGENT, 0], max_push_effort=PUSH),
        TRAINER: node(
            "PPOTrainerNode", state=["4", 0], policy_output=[AGENT, 0], reward=["4", 1],
            done=["4", 2], model=[AGENT, 1], info=["4", 3], next_observations=["4", 4],
            horizon_length=HORIZON, num_epochs=EPOCHS,
            minibatch_size=HORIZON * envs // minibatches(envs), gamma=GAMMA,
            gae_lambda=GAE_LAMBDA, clip_param=CLIP, value_coef=VALUE_COEF,
            entropy_coef=ENTROPY_COEF, learning_rate=LEARNING_RATE, max_grad_norm=MAX_GRAD_NORM),
    }
