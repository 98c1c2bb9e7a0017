"""Policies of other programs do here what they did there."""

import pytest
import torch
from torch import nn

from dnne_ros.rl.foreign_policies import by_our_names
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec


def shared_network():
    """Return a network as DNNE makes it: hidden layers once, a head each."""
    torch.manual_seed(3)
    network = nn.ModuleDict({
        "shared": nn.Sequential(nn.Linear(4, 8), nn.ELU(), nn.Linear(8, 6), nn.ELU()),
        "policy_mean": nn.Linear(6, 2), "value": nn.Linear(6, 1)})
    network["policy_log_std"] = nn.ParameterDict({"log_std": nn.Parameter(torch.tensor([.1, .2]))})
    return network


@pytest.mark.parametrize("shared_trunk", [False, True])
def test_the_policy_acts_and_values_as_before(shared_trunk):
    network = shared_network()
    policy = ActorCritic(PolicySpec(4, 2, (8, 6), "elu", shared_trunk=shared_trunk))
    policy.load_state_dict(by_our_names(network.state_dict(), shared_trunk))
    observations = torch.randn(5, 4)
    features = network["shared"](observations)
    output = policy.act(observations, torch.Generator(), deterministic=True)
    assert torch.allclose(output.actions, network["policy_mean"](features), atol=1e-6)
    assert torch.allclose(output.value, network["value"](features).squeeze(1), atol=1e-6)
    assert torch.allclose(policy.log_std, torch.tensor([0.1, 0.2]))


def test_names_of_rl_games():
    names = ["a2c_network.actor_mlp.0.weight", "a2c_network.actor_mlp.0.bias",
             "a2c_network.mu.weight", "a2c_network.value.bias", "a2c_network.sigma", "other"]
    weights = {name: torch.zeros(1) for name in names}
    assert list(by_our_names(weights, True)) == [
        "trunk.0.weight", "trunk.0.bias", "actor.0.weight", "critic.0.bias", "log_std", "other"]
    assert list(by_our_names(weights, False)) == [
        "actor.0.weight", "critic.0.weight", "actor.0.bias", "critic.0.bias", "actor.2.weight",
        "critic.2.bias", "log_std", "other"]


def test_our_own_names_stay():
    state = ActorCritic(PolicySpec(3, 1, (4,))).state_dict()
    assert list(by_our_names(state, False)) == list(state)
