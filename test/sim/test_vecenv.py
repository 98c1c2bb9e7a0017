"""Vector environments of the user's: the interface, what is given on, and whose mistake it is."""

from pathlib import Path

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.nodes.simulation.environment_settings import IsaacGymEnvs
from dnne_ros.nodes.simulation.simulation import SimulatorEnvNode
from dnne_ros.plugins import trusted_code
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import SimulationError
from dnne_ros.testing import SimulatorTests
from dnne_ros.testing.assemblies import default_values

pytest.importorskip("gymnasium")

FILE = Path(__file__).with_name("vector_envs.py")
LIMIT = 20


@pytest.fixture(autouse=True)
def trusted(monkeypatch):
    """Let graphs run the file, as --nodes does."""
    monkeypatch.setattr(trusted_code, "_files", {FILE.resolve()})
    monkeypatch.setattr(trusted_code, "_folders", [])


def made(function, num_envs=5, seed=0):
    """Return a simulator that a function of the file makes."""
    return make_simulator(f"vecenv:vector_envs:{function}", num_envs, seed=seed)


def balance(observations):
    """Push a CartPole to where its pole leans."""
    gains = torch.tensor([0.1, 0.3, 1.0, 0.6])
    return (observations @ gains > 0).float().unsqueeze(1)


@pytest.mark.parametrize("case", [
    "next_step", "same_step", "cartpoles_next_step", "cartpoles_same_step", "cartpoles_disabled",
    "walk", "walk_with_final"], indirect=True)
class TestVectorEnvironments(SimulatorTests):
    backend = "vecenv"

    @pytest.fixture(autouse=True)
    def case(self, request, trusted):
        self.task = f"vector_envs:{request.param}"

    def survive(self, observations):
        if self.task.startswith("vector_envs:cartpoles"):
            return balance(observations)
        return super().survive(observations)


def to_the_end(simulator):
    """Push until the episodes end; return how many steps that took, the last two results."""
    before, actions = None, torch.ones(5, simulator.spec.action.size)
    for step in range(1, LIMIT + 1):
        result = simulator.step(actions)
        if (result.terminated | result.timed_out)[0]:
            return step, before, result
        before = result
    raise AssertionError("no end")


@pytest.mark.parametrize("function", ["same_step", "walk_with_final"])
def test_observations_from_before_the_reset_are_given_on(function):
    step, before, result = to_the_end(made(function))
    assert 9 <= step <= 11 and result.terminated[0]
    assert result.next_observations[0].tolist() == pytest.approx(
        (before.observations[0] + 0.1).tolist(), abs=1e-6)
    assert result.observations[0].abs().max() <= 0.1


def test_without_them_an_episode_ends_with_what_was_observed_before():
    _, before, result = to_the_end(made("walk"))
    assert result.next_observations[0].tolist() == before.observations[0].tolist()
    assert result.observations[0].abs().max() <= 0.1


def test_groups_may_be_a_tensordict():
    pytest.importorskip("tensordict")
    simulator, other = made("walk_with_tensordict"), made("walk")
    for _ in range(15):
        for mine, its in zip(simulator.step(torch.ones(5, 2)), other.step(torch.ones(5, 2))):
            assert torch.equal(mine, its)


def test_a_foreign_next_step_is_one_of_the_new_episode():
    simulator = made("next_step")
    assert not simulator.resets_in_step and simulator.spec.max_episode_steps == LIMIT + 1
    _, before, result = to_the_end(simulator)
    assert result.observations[0].tolist() == result.next_observations[0].tolist()
    assert result.observations[0].tolist() == pytest.approx(
        (before.observations[0] + 0.1).tolist(), abs=1e-6)
    result = simulator.step(torch.ones(5, 2))
    assert result.observations[0].abs().max() <= 0.1  # the action is lost


@pytest.mark.parametrize("function", ["cartpoles_next_step", "cartpoles_same_step"])
def test_gymnasiums_modes_give_the_same_episodes(function):
    simulator, other = made(function), made("cartpoles_disabled")
    assert simulator.resets_in_step and simulator.spec.max_episode_steps == 500
    for step in range(200):
        actions = torch.full((5, 1), float(step % 3 == 0))
        for mine, its in zip(simulator.step(actions), other.step(actions)):
            assert torch.equal(mine, its)


def test_what_times_out_is_told_apart():
    for function in ("same_step", "walk"):
        simulator = made(function)
        results = [simulator.step(torch.zeros(5, 2)) for _ in range(LIMIT)]
        assert results[-1].timed_out.all() and not results[-1].terminated.any()
        assert not any(result.timed_out.any() for result in results[:-1])


def test_the_spec_says_what_they_tell():
    spec = made("same_step").spec
    assert (spec.name, spec.observation.size, spec.step_seconds) == (
        "vecenv:vector_envs:same_step", 2, 0.04)
    assert (spec.action.low, spec.action.high) == ((-1.0,) * 2, (1.0,) * 2)
    spec = made("walk").spec
    assert (spec.observation.size, spec.step_seconds, spec.max_episode_steps) == (2, 0.04, LIMIT)


def test_code_runs_only_where_the_user_says_so(monkeypatch):
    monkeypatch.setattr(trusted_code, "_files", set())
    monkeypatch.chdir(FILE.parent)
    with pytest.raises(InputError, match=r"vector_envs.py is code that the graph brings along, "
                                         r"which runs only if you say so: type --nodes .*vector_"):
        made("walk")
    trusted_code.trust_folder(FILE.parent)
    made("walk").close()
    with pytest.raises(InputError, match="no such file as 'os.py'"):  # no module that there is
        make_simulator("vecenv:os:listdir", 1, seed=0)


@pytest.mark.parametrize("values", [
    {"env_name": "vecenv:vector_envs:walk"},
    {"env_name": "vector_envs:walk", "backend": "vecenv"},
    {"env_name": "vecenv:vector_envs:walk", "backend": "vecenv"}])
def test_a_graph_is_checked_before_anything_runs(monkeypatch, values):
    values = {**default_values(SimulatorEnvNode), **values}
    assert SimulatorEnvNode.validate_parameters(values) == []
    monkeypatch.setattr(trusted_code, "_files", set())
    monkeypatch.chdir(FILE.parent)
    problem, = SimulatorEnvNode.validate_parameters(values)
    assert problem.startswith(f"widget 'env_name': {FILE} is code that the graph brings along")
    settings = {**default_values(IsaacGymEnvs), "backend": "vecenv", "task": "vector_envs:walk"}
    assert len(IsaacGymEnvs.validate_parameters(settings)) == 1


@pytest.mark.parametrize("function, message", [
    ("missing", r"expected a function missing\(num_envs\), found none"),
    ("LIMIT", r"expected a function LIMIT\(num_envs\), found int"),
    ("without_num_envs", r"without_num_envs\(num_envs\), and seed and .*, found one of \(seed\)"),
    ("nothing", "VectorEnv or rsl_rl's VecEnv, found object without num_envs, num_actions, get_o"),
    ("of_another_size", r"expected 5 environments \(num_envs\), found 6"),
    ("failing", r"failing\(\) failed: OSError: no such robot \(.*vector_envs.py:\d+\)"),
    ("with_pictures", r"expected observations that are a Box, found Dict"),
])
def test_what_makes_no_environments_is_named(function, message):
    with pytest.raises(InputError, match=f"^simulator vecenv:vector_envs:{function}: .*{message}"):
        made(function)


@pytest.mark.parametrize("function, message", [
    ("raising", r"step\(\) of the environments failed: ZeroDivisionError: the ground is gone \(.*"
                r"vector_envs.py:\d+\)"),
    ("narrower", r"expected observations \(5, 2\), found \(5, 1\)"),
    ("nan_observations", "the physics has diverged in environment 1: observation_1 is nan"),
    ("nan_rewards", "the reward is inf in environment 3"),
    ("five_values", r"expected observations, rewards, dones and extras of step\(\), found 5 val"),
    ("no_actor", "expected a group 'actor' among the observations, found a, b"),
    ("nan_for_critic", "the observations 'critic' are not finite numbers"),
])
def test_mistakes_of_a_step_name_task_and_step(function, message):
    simulator = made(function)
    for _ in range(2):
        simulator.step(torch.zeros(5, 2))
    source = f"vecenv:vector_envs:{function}, step 3"
    with pytest.raises(SimulationError, match=f"^{source}: {message}"):
        simulator.step(torch.zeros(5, 2))


def test_ends_without_what_they_ended_with_are_refused():
    with pytest.raises(SimulationError, match="expected final_obs in the infos of a step that"):
        to_the_end(made("without_final"))


@pytest.mark.parametrize("task", ["vector_envs", "vector_envs:", ":walk", "vector_envs:a b"])
def test_a_name_that_is_none(task):
    with pytest.raises(InputError, match="expected vecenv:FILE:FUNCTION, such as vecenv:my_envs:"):
        make_simulator(task, 1, backend="vecenv", seed=0)
