"""Which groups of observations, and which columns, actor and critic see."""

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.sim.group_columns import Part, parse_groups, select
from dnne_ros.sim.observation_groups import choose_groups
from dnne_ros.sim.registry import make_simulator
from dnne_ros.testing.simulator_tests import SimulatorTests


def cartpole(num_envs=3, seed=0):
    return make_simulator("Cartpole", num_envs, backend="mujoco", seed=seed)


class TestChosenColumns(SimulatorTests):
    """A simulator of which the actor sees some columns is a simulator."""

    backend, task = "mujoco", "Cartpole"

    def make_simulator(self, num_envs, seed):
        return choose_groups(cartpole(num_envs, seed), "observations[3, 0:3]", "")

    def survive(self, observations):
        return observations @ torch.tensor([-13.5, 2.8, 5.6, -60.0]).unsqueeze(1)


@pytest.mark.parametrize("text, parts", [
    ("", ()), (" state ", (Part("state", None),)),
    ("state,camera", (Part("state", None), Part("camera", None))),
    ("a[0, 2:4], b", (Part("a", (0, 2, 3)), Part("b", None)))])
def test_groups_are_written_like_this(text, parts):
    assert parse_groups(text) == parts


@pytest.mark.parametrize("text", [
    "[0]", "a[", "a[]", "a[x]", "a b", ",", "a[1:]", "a[-1]", "a[1-2]",
    "a[4:2]", "a[2:2]", "a[0, 3:3]", "a[0:99999999999]", "a[0:" + 5000 * "9" + "]"])
def test_what_says_nothing_is_refused(text):
    with pytest.raises(ValueError, match="expected (groups|columns) such as"):
        parse_groups(text)


def test_pictures_are_put_flat_beside_numbers():
    groups = {"state": torch.arange(4.0).view(2, 2), "camera": torch.arange(24.0).view(2, 3, 2, 2)}
    rows = select(groups, parse_groups("state[1], camera"))
    assert rows.shape == (2, 13) and rows[1].tolist() == [3.0, *range(12, 24)]


def test_actor_and_critic_see_what_was_chosen():
    simulator, whole = choose_groups(cartpole(), "observations[0, 2]", "observations"), cartpole()
    assert simulator.spec.observation.names == ("cart_position", "pole_angle")
    assert simulator.spec.observation.signals == (
        "slider_to_cart.position", "cart_to_pole.position")
    actions, resets = torch.full((3, 1), 100.0), 0
    for _ in range(40):
        assert torch.equal(simulator.observations(), whole.observations()[:, [0, 2]])
        assert torch.equal(simulator.critic_observations(), whole.observations())
        step, expected = simulator.step(actions), whole.step(actions)
        assert torch.equal(step.next_observations, expected.next_observations[:, [0, 2]])
        assert torch.equal(simulator.next_critic_observations(step), expected.next_observations)
        resets += int(expected.terminated.sum())
    assert resets > 0
    assert simulator.joint_state(1) == whole.joint_state(1)


def test_without_groups_a_critic_sees_what_the_actor_sees():
    simulator = cartpole()
    assert choose_groups(simulator, "", "") is simulator
    assert torch.equal(simulator.critic_observations(), simulator.observations())
    assert list(simulator.groups()) == ["observations"]


@pytest.mark.parametrize("widget, text, problem", [
    ("critic_group", "privileged_state",
     r"there is no group 'privileged_state'; there are observations \(4\)"),
    ("actor_group", "observations[4]", "there is no column 4; they go from 0 to 3")])
def test_a_group_that_there_is_not_is_refused(widget, text, problem):
    chosen = {"actor_group": "", "critic_group": ""} | {widget: text}
    with pytest.raises(InputError, match=f"Cartpole, {widget}: .*{problem}"):
        choose_groups(cartpole(), chosen["actor_group"], chosen["critic_group"])
