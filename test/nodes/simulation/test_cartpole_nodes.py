import math

import pytest
import torch

from dnne_ros.nodes.simulation.cartpole import CartpoleActionNode, CartpoleRewardNode
from dnne_ros.rl.policy_output import PolicyOutput


def policy_output(actions, mean, std):
    n = len(actions)
    return PolicyOutput(observations=torch.zeros(n, 4), actions=torch.tensor(actions),
                        log_prob=torch.zeros(n), value=torch.zeros(n), mean=mean, std=std)


def test_actions_are_clamped_and_scaled(compute):
    node = CartpoleActionNode({"max_push_effort": 400.0})
    action = compute(node, network_output=torch.tensor([[0.5], [-3.0], [1.5]]))["action"]
    assert action.tolist() == [[200.0], [-400.0], [400.0]]


def test_a_policys_output_will_do(compute):
    output = policy_output([[0.25], [-1.0]], torch.zeros(2, 1), torch.ones(2, 1))
    action = compute(CartpoleActionNode(), network_output=output)["action"]
    assert action.tolist() == [[2.5], [-10.0]]


@pytest.mark.parametrize("choices, efforts", [
    (2, [-10.0, 10.0]), (3, [-10.0, 0.0, 10.0]), (5, [-10.0, -5.0, 0.0, 5.0, 10.0])])
def test_a_choice_becomes_an_effort(compute, choices, efforts):
    indices = [[float(i)] for i in range(choices)]
    output = policy_output(indices, torch.zeros(choices, choices), None)
    action = compute(CartpoleActionNode(), network_output=output)["action"]
    assert action.flatten().tolist() == efforts


def test_the_senders_tensor_stays_as_it_is(compute):
    actions = torch.tensor([[3.0]])
    compute(CartpoleActionNode(), network_output=actions)
    assert actions.tolist() == [[3.0]]


OBSERVATIONS = torch.tensor([
    [0.0, 0.0, 0.0, 0.0],
    [1.0, 2.0, 0.5, -4.0],
    [-2.5, 0.0, 0.0, 0.0],
    [0.0, 1.0, math.pi / 2 + 0.01, 0.0],
    [-2.0, -3.0, -math.pi / 2 + 0.01, 0.0],
])
# 1 - 0.5² - 0.01·2 - 0.005·4 = 0.71;  1 - 1.5608² - 0.03 = -1.46608
REWARDS = [1.0, 0.71, -2.0, -2.0, 1 - (math.pi / 2 - 0.01) ** 2 - 0.03]


def test_rewards_as_computed_by_hand(compute):
    outputs = compute(CartpoleRewardNode({"invert_for_loss": False}), observations=OBSERVATIONS)
    assert outputs["reward_or_loss"].tolist() == pytest.approx(REWARDS, abs=1e-6)
    assert outputs["reward_or_loss"].dtype == torch.float32
    assert outputs["done"].tolist() == [False, False, True, True, False]
    assert outputs["info_dict"] == {
        "mean_reward": pytest.approx(sum(REWARDS) / 5, abs=1e-6), "ended": 2}


def test_the_loss_is_the_negative_reward_even_so_the_info_is_not(compute):
    outputs = compute(CartpoleRewardNode(), observations=OBSERVATIONS)
    assert outputs["reward_or_loss"].tolist() == pytest.approx([-r for r in REWARDS], abs=1e-6)
    assert outputs["info_dict"]["mean_reward"] == pytest.approx(sum(REWARDS) / 5, abs=1e-6)


def test_the_track_may_be_longer(compute):
    node = CartpoleRewardNode({"reset_dist": 3.0, "invert_for_loss": False})
    assert compute(node, observations=OBSERVATIONS)["done"].tolist() == [
        False, False, False, True, False]


def test_the_nodes_run_on_streams(drive):
    async def script(context):
        context.feed("observations", *OBSERVATIONS.split(1))
        await context.sends(15)

    context = drive(CartpoleRewardNode(), script, linked=["observations"])
    assert [done.item() for done in context.outputs("done")] == [False, False, True, True, False]
    assert len(context.outputs("info_dict")) == 5
