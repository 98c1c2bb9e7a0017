"""The PPO nodes: their widgets reach the policy and the learner."""

import pytest
import torch
from passed_boundary import PassedBoundary

from dnne_ros.errors import InputError
from dnne_ros.nodes.rl.ppo_agent import PPOAgentNode
from dnne_ros.nodes.rl.ppo_trainer import PPOTrainerNode
from dnne_ros.rl.policy import ActorCritic
from dnne_ros.rl.policy_spec import PolicySpec
from dnne_ros.rl.shared_policy import SharedPolicy
from dnne_ros.testing.driver import run

INPUTS = ["state", "policy_output", "reward", "done", "model"]


def train(drive, values, spec=PolicySpec(3, 1, (4,))):
    """Drive a trainer through two updates of 3 steps; return it, its context and the policy."""
    shared = SharedPolicy(ActorCritic(spec, torch.Generator().manual_seed(0)))
    node = PPOTrainerNode({"horizon_length": 3, "num_epochs": 1, "minibatch_size": 4, **values})

    async def script(context):
        context.ends = []

        def boundary(*_, ends=None, **__):
            context.ends.append(ends)
            return PassedBoundary()

        context.boundary = boundary
        context.feed("model", shared)
        generator = torch.Generator().manual_seed(1)
        for step in range(6):
            observations = torch.randn(2, 3, generator=generator)
            context.feed("policy_output", shared.policy.act(observations, generator))
            context.feed("reward", torch.full((2,), 2.0))
            context.feed("done", torch.tensor([step == 2, False]))
            context.feed("state", observations)
            while len(context.outputs("training_complete")) <= step:
                await context.sends(len(context.sent) + 1)

    return node, drive(node, script, linked=INPUTS), shared.policy


def test_returns_are_shown_as_they_came_whatever_is_learned(drive):
    _, plain, policy = train(drive, {})
    _, scaled, other = train(drive, {"reward_scale": 0.01})
    assert plain.outputs("mean_return") == scaled.outputs("mean_return") == [6.0, 6.0]
    assert not torch.equal(policy.critic[0].weight, other.critic[0].weight)
    assert scaled.reported[0]["value_loss"] < plain.reported[0]["value_loss"]


@pytest.mark.parametrize("discrete", [False, True])
def test_an_adaptive_rate_moves(drive, discrete):
    spec = PolicySpec(3, 2, (4,), discrete=discrete)
    _, context, _ = train(drive, {"lr_schedule": "adaptive", "desired_kl": 1.0}, spec)
    rates = [metrics["learning_rate"] for metrics in context.reported]
    assert rates[1] > rates[0] >= 3e-4


def test_a_linear_schedule_ends(drive):
    _, context, _ = train(drive, {"lr_schedule": "linear", "schedule_updates": 1})
    assert [metrics["learning_rate"] for metrics in context.reported] == pytest.approx(
        [3e-4, 1e-5])


def test_the_agent_makes_the_policy_that_its_widgets_describe(drive):
    async def script(context):
        context.feed("observations", torch.randn(2, 3))
        await context.sends(2)

    node = PPOAgentNode({"hidden_sizes": "8", "shared_trunk": True, "normalize_values": True,
                         "normalize_observations": True})
    context = drive(node, script, linked=["observations"])
    spec = context.outputs("model")[0].policy.spec
    assert spec == PolicySpec(3, 1, (8,), "elu", shared_trunk=True, normalize_observations=True,
                              normalize_values=True)


def test_a_checkpoint_of_another_policy_is_refused(drive, run_async):
    async def script(context):
        context.feed("observations", torch.randn(2, 3))
        await context.sends(2)

    node = PPOAgentNode({"normalize_observations": True})
    drive(node, script, linked=["observations"])
    saved = run_async(node.save_state(False))
    assert {"observation_normalizer.mean", "observation_normalizer.variance",
            "observation_normalizer.count"} <= set(saved.weights)
    other = PPOAgentNode({})
    other.context = node.context
    other.setup()
    with pytest.raises(ValueError, match="normalize_observations is True in the checkpoint and "
                                         "False in the workflow"):
        other.load_state(saved)


@pytest.mark.parametrize("max_updates, ends", [(0, [None, None]), (1, ["max_updates"] * 2),
                                               (2, [None, "max_updates"])])
def test_so_many_updates_and_no_more(drive, max_updates, ends):
    _, context, _ = train(drive, {"max_updates": max_updates})
    assert context.ends == ends
    metrics = context.outputs("metrics")
    assert [each["total_updates"] for each in metrics] == [1, 2]
    assert [each["env_steps"] for each in metrics] == [6, 12]
    # Three steps with a reward of 2 end the episode of the first environment.
    assert [(each["episodes"], each["mean_return"]) for each in metrics] == [(1, 6.0)] * 2
    assert [each["loss"] for each in metrics] == pytest.approx(
        [loss.item() for loss in context.outputs("loss")])


def test_a_checkpoint_with_all_updates_behind_it_is_refused(drive):
    node, _, _ = train(drive, {"max_updates": 2})
    state = run(node.save_state(True))
    with pytest.raises(ValueError, match="it has 2 updates behind it: expected max_updates above"):
        node.load_state(state)
    node.values["max_updates"] = 3
    node.load_state(state)


def test_an_agent_begins_with_weights_from_elsewhere(drive):
    """One hidden unit of weights 1 and no bias: relu(1 + 2 + 3) = 6, times -0.5 is the action."""
    weights = {"shared.0.weight": torch.ones(1, 3), "shared.0.bias": torch.zeros(1),
               "policy_mean.weight": torch.tensor([[-0.5]]), "policy_mean.bias": torch.zeros(1),
               "value.weight": torch.tensor([[2.0]]), "value.bias": torch.zeros(1),
               "policy_log_std.log_std": torch.zeros(1)}
    node = PPOAgentNode({"hidden_sizes": "1", "activation": "relu", "deterministic": True})

    def act(observations):
        async def script(context):
            node.load_weights(weights, ())
            context.feed("observations", observations)
            await context.sends(2)

        output, = drive(node, script, linked=["observations"]).outputs("policy_output")
        return output

    output = act(torch.tensor([[1.0, 2.0, 3.0]]))
    assert output.actions.item() == -3.0 and output.value.item() == 12.0
    with pytest.raises(InputError, match="its policy sees 3 numbers .*, found observations of 2"):
        act(torch.ones(1, 2))
    with pytest.raises(InputError) as caught:
        node.load_weights({**weights, "value.weight": torch.ones(1, 2)}, ())
    assert [str(line) for line in caught.value.problems] == [
        "critic.2.weight: expected (1, 1), found (1, 2)"]


def test_a_trainer_has_no_weights_of_its_own():
    with pytest.raises(InputError, match="PPOTrainerNode has none of its own"):
        PPOTrainerNode().load_weights({}, ())


def test_in_inference_it_says_the_same_without_torch(drive):
    observations = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))

    async def script(context):
        context.feed("observations", observations)
        await context.sends(1)

    said, state = [], None
    for values in ({}, {"runtime": "torch"}, {"runtime": "cpu"}):
        node = PPOAgentNode({"hidden_sizes": "8", **values})
        if state is not None:
            node.setup = lambda node=node, setup=node.setup: (setup(), node.load_state(state))
        context = drive(node, script, linked=["observations"], outputs=["policy_output"],
                        inference=True)
        said.append(context.outputs("policy_output")[0])
        if state is None:
            state = run(node.save_state(False))
    assert context.health.values["runtime"] == "cpu" and context.health.values["actions"] == 1
    assert torch.equal(said[1].actions, said[0].actions)
    for name in ("observations", "actions", "log_prob", "value", "mean", "std"):
        torch.testing.assert_close(getattr(said[2], name), getattr(said[1], name),
                                   rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options, linked, expected", [
    ({}, {}, "expected --inference with runtime=cpu: training takes torch"),
    ({"inference": True}, {"outputs": ["model"]}, "expected no link with runtime=cpu"),
    ({"inference": True}, {"outputs": ["policy_output"]}, "expected a trained policy")])
def test_onnxruntime_runs_trained_policies_alone(drive, options, linked, expected):
    async def script(context):
        context.feed("observations", torch.zeros(1, 3))
        await context.sends(1)

    with pytest.raises(InputError, match=expected):
        drive(PPOAgentNode({"runtime": "cpu"}), script, linked=["observations"], **linked,
              **options)


def test_a_step_on_a_device_waits_for_nothing(drive):
    """Tensors of "meta" have no numbers: whatever waits for one raises."""
    shared = SharedPolicy(ActorCritic(PolicySpec(3, 1, (4,)), torch.Generator()).to("meta"))
    node = PPOTrainerNode({"horizon_length": 4})

    async def script(context):
        context.feed("model", shared)
        for step in range(3):
            observations = torch.zeros(2, 3, device="meta")
            context.feed("policy_output", shared.policy.act(observations, torch.Generator()))
            context.feed("reward", torch.zeros(2, device="meta"))
            context.feed("done", torch.zeros(2, dtype=torch.bool, device="meta"))
            context.feed("info", {"time_outs": torch.zeros(2, dtype=torch.bool, device="meta")})
            context.feed("next_observations", observations)
            context.feed("state", observations)
            while len(context.outputs("training_complete")) <= step:
                await context.sends(len(context.sent) + 1)

    context = drive(node, script, linked=[*INPUTS, "info", "next_observations"])
    assert len(context.outputs("training_complete")) == 3
