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
    "discrete": {"discrete": True, "action_size": 3}, "no hidden layer": {"hidden_sizes": ()},
    "several choices": {"discrete": True, "action_size": 6, "choices": (3, 2, 1)}}
OTHER_ACTIONS = {"squashed": {"squash": True}, "scalar deviation": {"std_type": "scalar"}}
"""What comes out of them is something else, what goes in is as before."""
ASYMMETRIC = {
    "critic_observation_size": 7, "critic_hidden_sizes": (12,), "normalize_observations": True}
_PICTURE = {"picture": (1, 2, 2), "convolutions": ((3, 1, 1), (4, 2, 1))}
SEEING = {"picture": {**_PICTURE, "normalize_observations": True},
          "picture alone": {**_PICTURE, "observation_size": 5, "picture": (5, 1, 1),
                            "convolutions": ((6, 1, 1),), "activation": "tanh"}}
REMEMBERING = {
    "gru": {"memory": "gru", "memory_size": 6},
    "lstm": {"memory": "lstm", "memory_size": 6, "memory_layers": 2, **ASYMMETRIC}}
REMEMBERING_PICTURES = {"seeing gru": {**_PICTURE, "memory": "gru", "memory_size": 6}}


def policy_of(variant):
    """Return an `ActorCritic` that has seen something, with actions that need clipping."""
    spec = PolicySpec(**{"observation_size": 5, "action_size": 2, "hidden_sizes": (16, 8),
                         **{**VARIANTS, **OTHER_ACTIONS, **SEEING, **REMEMBERING,
                            **REMEMBERING_PICTURES}[variant]})
    generator = torch.Generator()
    generator.manual_seed(1)
    policy = ActorCritic(spec, generator)
    with torch.no_grad():
        policy.actor[-1].weight.mul_(100.0)
        policy.actor[-1].bias.uniform_(-0.2, 0.2, generator=generator)
    seen = 3.0 * torch.randn(100, 5 + spec.seen_by_critic, generator=generator) + 1.0
    policy.learn_observations(seen[:, :5], seen[:, 5:])
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
