"""A simulator as one node: its numbers are the simulator's own."""

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.simulation.environment_settings import IsaacGymEnvs
from dnne_ros.nodes.simulation.isaac_gym_sim import IsaacGymSim, parse_action
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode
from dnne_ros.sim.registry import make_simulator
from dnne_ros.testing.assemblies import default_values

LINKED = ["env_config", "action", "reset"]


def cartpoles(count=2):
    return make_simulator("Cartpole", count, backend="torch", device="cpu", seed=5)


def play(drive, events, values=None, simulator=None, **options):
    """Feed actions (numbers for all environments) and resets; return the context."""
    simulator = simulator or cartpoles()

    async def script(context):
        context.feed("env_config", simulator)
        await context.idle()
        for event in events:
            if event == "reset":
                context.feed("reset", None)
            else:
                context.feed("action", torch.full((simulator.spec.num_envs, 1), event))
            await context.idle()

    return drive(IsaacGymSim(values or {}), script, linked=LINKED, **options)


def test_each_action_is_answered_with_what_the_simulator_says(drive):
    other = cartpoles()
    expected = [other.observations()]
    steps = [other.step(torch.full((2, 1), push)) for push in (3.0, -3.0, 0.0)]
    expected += [step.observations for step in steps]
    context = play(drive, [3.0, -3.0, 0.0])
    assert torch.equal(torch.stack(context.outputs("observation")), torch.stack(expected))
    assert torch.equal(torch.stack(context.outputs("rewards")),
                       torch.stack([step.rewards for step in steps]))
    assert context.outputs("done") == [] and not torch.stack(context.outputs("ended")).any()


def test_the_end_of_an_episode_is_told_behind_its_observation(drive):
    context = play(drive, [400.0] * 60)
    ended = torch.stack(context.outputs("ended"))
    assert ended.any() and len(context.outputs("done")) == int(ended.any(1).sum())
    ports = [port for port, _ in context.sent]
    assert ports[ports.index("done") - 3:ports.index("done")] == [
        "observation", "rewards", "ended"]


def test_a_reset_goes_back_to_where_the_run_began_and_takes_one_action(drive):
    context = play(drive, [3.0, "reset", "reset", -1.0, 3.0])
    first, pushed, again, pushed_again = context.outputs("observation")
    assert torch.equal(first, again) and torch.equal(pushed, pushed_again)
    assert not torch.equal(first, pushed) and len(context.outputs("rewards")) == 2


def test_the_first_observation_by_hand(drive):
    """From rest, upright, and without a push, nothing moves, and a step is worth 1."""
    simulator = cartpoles(1)
    tensors, values = simulator.state()
    simulator.restore({name: torch.zeros_like(tensor) if tensor.is_floating_point() else tensor
                       for name, tensor in tensors.items()}, values)
    context = play(drive, [0.0], simulator=simulator)
    assert [each.tolist() for each in context.outputs("observation")] == [[[0.0] * 4]] * 2
    assert context.outputs("rewards")[0].tolist() == [1.0]


def test_a_null_action_comes_first(drive):
    other = cartpoles()
    expected = other.step(torch.full((2, 1), 7.0)).observations
    context = play(drive, ["reset", 1.0], {"null_action": "7.0"})
    assert all(torch.equal(each, expected) for each in context.outputs("observation"))
    assert len(context.outputs("observation")) == 2
    with pytest.raises(InputError, match="expected 1 numbers .*, found '1, 2'"):
        play(drive, [], {"null_action": "1, 2"})


def test_an_action_of_a_single_environment_may_lack_its_axis(drive):
    async def script(context):
        context.feed("env_config", cartpoles(1))
        context.feed("action", torch.tensor([2.0]))
        await context.sends(2)

    context = drive(IsaacGymSim(), script, linked=["env_config", "action"])
    assert torch.equal(context.outputs("observation")[1],
                       cartpoles(1).step(torch.tensor([[2.0]])).observations)


@pytest.mark.parametrize("text, numbers", [("", []), (" ", []), ("1", [1.0]),
                                           ("0.0, -2,3e1", [0.0, -2.0, 30.0])])
def test_null_actions(text, numbers):
    assert parse_action(text) == numbers


@pytest.mark.parametrize("values, expected", [
    ({"null_action": "a"}, "'null_action': expected numbers"),
    ({"null_action": "1,nan"}, "'null_action': expected numbers"),
    ({"reset_when_done": False}, "'reset_when_done': expected true")])
def test_bad_values(values, expected):
    problem, = IsaacGymSim.validate_parameters({**default_values(IsaacGymSim), **values})
    assert expected in problem


def test_settings_become_environments():
    values = {**default_values(IsaacGymEnvs), "task": "CartPole-v1", "num_envs": 3,
              "sim_device": "cuda:1", "backend": "gymnasium", "randomization": "mass:0.9..1.1",
              "threads": 2}
    part, output = IsaacGymEnvs.stand_in(values)
    assert part.type is SimulatorEnvNode and output == "sim_handle"
    assert part.values == {
        "env_name": "CartPole-v1", "num_envs": 3, "headless": True, "device": "cuda",
        "physics_engine": "physx", "backend": "gymnasium", "randomization": "mass:0.9..1.1",
        "isaac_gym_path": "", "isaac_gym_envs_path": "", "isaac_python": "", "threads": 2,
        "actor_group": ""}
    problem, = IsaacGymEnvs.validate_parameters({**values, "randomization": "mass"})
    assert problem.startswith("widget 'randomization':")
