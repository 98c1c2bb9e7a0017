"""Agents whose critic sees more than they do, and agents that remember."""

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

SEEN = torch.randn(6, 2, 3, generator=torch.Generator().manual_seed(2))
PRIVILEGED = torch.randn(6, 2, 5, generator=torch.Generator().manual_seed(3))
DONE = torch.tensor([[False, True], [False, False], [True, False]] * 2)


def act(drive, values, steps=range(6), *, with_done=True, asymmetric=False, state=None, **options):
    """Drive an agent through some steps; return it and its outputs, in order."""
    node = PPOAgentNode({"hidden_sizes": "4", "memory_size": 3, **values})
    if state is not None:
        node.setup = lambda setup=node.setup: (setup(), node.load_state(state))
    linked = ["observations", *["critic_observations"] * asymmetric, *["done"] * with_done]

    async def script(context):
        for number, step in enumerate(steps):
            if with_done and number:
                context.feed("done", DONE[step - 1])
            if asymmetric:
                context.feed("critic_observations", PRIVILEGED[step])
            context.feed("observations", SEEN[step])
            while len(context.outputs("policy_output")) <= number:
                await context.sends(len(context.sent) + 1)

    options = {"outputs": ["policy_output"], **options}
    context = drive(node, script, linked=linked, **options)
    return node, context.outputs("policy_output")


@pytest.mark.parametrize("memory", ["gru", "lstm"])
def test_episodes_begin_without_a_memory(drive, memory):
    _, outputs = act(drive, {"memory": memory})
    assert not outputs[0].memory.any()
    for step in range(1, 6):
        assert outputs[step].memory.any(dim=1).tolist() == (~DONE[step - 1]).tolist()
    assert outputs[1].memory.shape == (2, {"gru": 6, "lstm": 12}[memory])


def test_a_resumed_agent_goes_on_with_what_it_remembered(drive):
    whole = act(drive, {"memory": "lstm"})[1]
    node, _ = act(drive, {"memory": "lstm"}, range(4))
    node._remembering.forget(DONE[3])  # what comes before the fifth observations
    saved = run(node.save_state(False))
    assert saved.tensors["memory"].any()
    _, resumed = act(drive, {"memory": "lstm"}, range(4, 6), state=saved)
    for mine, its in zip(resumed, whole[4:], strict=True):
        assert torch.equal(mine.memory, its.memory) and torch.equal(mine.actions, its.actions)
    _, played = act(drive, {"memory": "lstm"}, range(4, 6), state=saved, inference=True)
    assert not played[0].memory.any() and played[1].memory.any()


def test_a_reset_makes_it_forget(drive):
    """As a gate asks for after a safe stop; on a robot nobody tells of ends of episodes."""
    async def script(context):
        for number in range(3):
            if number == 2:
                context.feed("reset", False, True)
                while context.waiting("reset"):
                    await context.idle()
            context.feed("observations", SEEN[number])
            await context.sends(len(context.sent) + 1)

    node = PPOAgentNode({"memory": "gru"})
    context = drive(node, script, linked=["observations", "reset"], outputs=["policy_output"],
                    inference=True)
    memories = [output.memory.any().item() for output in context.outputs("policy_output")]
    assert memories == [False, True, False]


@pytest.mark.parametrize("runtime", ["torch", "cpu"])
def test_in_inference_it_remembers_with_and_without_torch(drive, runtime):
    node, _ = act(drive, {"memory": "gru", "normalize_observations": True}, asymmetric=True)
    saved = run(node.save_state(False))
    values = {"memory": "gru", "normalize_observations": True}
    _, wanted = act(drive, values, state=saved, asymmetric=True, inference=True)
    _, found = act(drive, {**values, "runtime": runtime}, state=saved, inference=True)
    for mine, its in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine.actions, its.actions, rtol=1e-5, atol=1e-6)
        assert its.value.any() and not mine.value.any()  # the critic was not told anything


def test_training_with_a_memory_needs_the_ends_of_episodes(drive):
    with pytest.raises(InputError, match="input 'done': expected a link with memory=gru"):
        act(drive, {"memory": "gru"}, with_done=False)


def test_a_critic_that_sees_more_has_a_network_of_its_own(drive):
    node, outputs = act(drive, {"critic_hidden_sizes": "7,6", "normalize_observations": True},
                        with_done=False, asymmetric=True)
    assert torch.equal(outputs[2].critic_observations, PRIVILEGED[2])
    weights = run(node.save_state(False)).weights
    assert weights["critic.0.weight"].shape == (7, 5) and weights["actor.0.weight"].shape == (4, 3)
    assert weights["critic_observation_normalizer.mean"].shape == (5,)
    with pytest.raises(InputError, match="found critic_observations of 0"):
        act(drive, {"critic_hidden_sizes": "7,6", "normalize_observations": True},
            with_done=False, state=run(node.save_state(False)))


@pytest.mark.parametrize("values, problem", [
    ({"shared_trunk": True, "memory": "gru"}, "widget 'shared_trunk': actor and critic cannot"),
    ({"shared_trunk": True, "critic_hidden_sizes": "8"}, "with critic_hidden_sizes"),
    ({"critic_hidden_sizes": "8;8"}, "widget 'critic_hidden_sizes': expected sizes"),
    ({"action_choices": "3,2"}, "widget 'action_choices': expected none with action_space=contin"),
    ({"action_space": "discrete", "action_choices": "3,0"}, "expected numbers of choices such as"),
    ({"picture": "3;4"}, "widget 'picture': expected 3x64x64, found '3;4'"),
    ({"picture": "3x4"}, "widget 'picture': expected 3x64x64, found '3x4' (channels, height and"),
    ({"picture": "3x0x4"}, "found '3x0x4' (channels, height and width)"),
    ({"convolutions": "8:3"}, "a layer is kernels:size:stride")])
def test_what_does_not_go_together_is_refused_before_the_run(values, problem):
    node = PPOAgentNode(values)
    line, = PPOAgentNode.validate_parameters(node.values)
    assert problem in line


def test_the_last_numbers_are_a_picture(drive):
    """Of 3 numbers the last 2 are a picture of one row; a kernel sees both."""
    _, outputs = act(drive, {"picture": "1x1x2", "convolutions": "4:1:1"}, with_done=False)
    assert outputs[0].actions.shape == (2, 1)
    with pytest.raises(InputError, match="a picture of 1x1x2 is smaller than the kernels of 2"):
        act(drive, {"picture": "1x1x2", "convolutions": "4:2:1"}, with_done=False)


def test_several_choices_are_columns(drive):
    _, outputs = act(drive, {"action_space": "discrete", "action_choices": "3,2"},
                     with_done=False)
    assert outputs[0].actions.shape == (2, 2) and outputs[0].mean.shape == (2, 5)


def train(drive, linked, *, spec=PolicySpec(3, 1, (4,), critic_observation_size=5), info=None):
    """Drive a trainer through an update of 3 steps; return the policy and what it reported."""
    shared = SharedPolicy(ActorCritic(spec, torch.Generator().manual_seed(0)))
    node = PPOTrainerNode({"horizon_length": 3, "num_epochs": 1, "minibatch_size": 4})
    asymmetric = spec.critic_observation_size > 0

    async def script(context):
        context.boundary = lambda *_, **__: PassedBoundary()
        context.feed("model", shared)
        generator = torch.Generator().manual_seed(1)
        for step in range(3):
            context.feed("policy_output", shared.policy.act(
                SEEN[step], generator,
                critic_observations=PRIVILEGED[step] if asymmetric else None))
            context.feed("reward", torch.full((2,), 2.0))
            context.feed("done", torch.tensor([step == 1, False]))
            if "info" in linked:
                context.feed("info", {"time_outs": torch.tensor([step == 1, False]),
                                      **(info if step == 1 else {})})
            if "critic_observations" in linked:
                context.feed("critic_observations", PRIVILEGED[step + 1])
            context.feed("state", SEEN[step + 1])
            while len(context.outputs("training_complete")) <= step:
                await context.sends(len(context.sent) + 1)

    plain = ["state", "policy_output", "reward", "done", "model"]
    return shared.policy, drive(node, script, linked=[*plain, *linked]).reported[0]


def test_the_critic_learns_from_what_it_sees(drive):
    before = ActorCritic(PolicySpec(3, 1, (4,), critic_observation_size=5),
                         torch.Generator().manual_seed(0))
    policy, _ = train(drive, ["critic_observations"])
    assert not torch.equal(policy.critic[0].weight, before.critic[0].weight)


def test_time_outs_count_what_the_critic_would_have_seen(drive):
    rows = 100.0 * torch.ones(1, 5)
    _, known = train(drive, ["critic_observations", "info"],
                     info={"next_critic_observations": rows})
    _, unknown = train(drive, ["critic_observations", "info"], info={})
    assert known["value_loss"] != unknown["value_loss"]


def test_a_trainer_that_is_not_told_what_the_critic_sees_is_refused(drive):
    with pytest.raises(InputError, match="input 'critic_observations': expected a link, as at"):
        train(drive, [])


def test_a_critic_that_sees_what_the_actor_sees_needs_no_more(drive):
    spec = PolicySpec(3, 1, (4,))
    (one, _), (other, _) = (train(drive, linked, spec=spec)
                            for linked in ([], ["critic_observations"]))
    assert torch.equal(one.critic[0].weight, other.critic[0].weight)
