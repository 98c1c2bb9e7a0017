"""Policies of every kind that `PPOAgentNode` trains, and what a checkpoint says of them."""

import torch

from dnne_ros.checkpoints.checkpoint_store import CheckpointStore
from dnne_ros.node_api.state import NodeState
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec

CONTRACT = {
    "task": "Reacher", "joints": ["shoulder", "elbow"], "rate_hz": 50.0,
    "observations": ["shoulder.position", "elbow.position", "shoulder.velocity",
                     "elbow.velocity", "target"],
    "observation_units": ["rad", "rad", "rad/s", "rad/s", "m"],
    "actions": ["shoulder.effort", "elbow.effort"], "action_units": ["N·m", "N·m"],
    "action_scale": [2.0]}
VARIANTS = {
    "plain": {}, "shared trunk": {"shared_trunk": True}, "tanh": {"activation": "tanh"},
    "relu": {"activation": "relu"}, "normalizer": {"normalize_observations": True},
    "both normalizers": {"normalize_observations": True, "normalize_values": True,
                         "shared_trunk": True},
    "discrete": {"discrete": True, "action_size": 3}, "no hidden layer": {"hidden_sizes": ()}}


def policy_of(variant):
    """Return an `ActorCritic` that has seen something, with actions that need clipping."""
    spec = PolicySpec(**{"observation_size": 5, "action_size": 2, "hidden_sizes": (16, 8),
                         **VARIANTS[variant]})
    generator = torch.Generator()
    generator.manual_seed(1)
    policy = ActorCritic(spec, generator)
    with torch.no_grad():
        policy.actor[-1].weight.mul_(100.0)
        policy.actor[-1].bias.uniform_(-0.2, 0.2, generator=generator)
    policy.learn_observations(3.0 * torch.randn(100, 5, generator=generator) + 1.0)
    return policy


def write_checkpoint(folder, policies, contract=CONTRACT):
    """Write a checkpoint with the networks of some nodes, by id; returns its folder."""
    store = CheckpointStore(folder)
    store.prepare()
    files = {}
    for node, policy in policies.items():
        values = {"architecture": policy.spec.to_json()} if hasattr(policy, "spec") else {}
        files |= store.write_node(1, node, NodeState(dict(policy.state_dict()), values=values))
    store.commit(1, dict.fromkeys(policies, "PPOAgentNode"), files, {}, contract)
    return folder
