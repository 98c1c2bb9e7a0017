"""What every simulator must do, checked for each back end that is installed.

A new back end is tested by its line in `CASES`; a new task also needs a way to survive in
`SURVIVE`.
"""

import json

import pytest
import torch

from dnne_ros.sim.registry import BACKENDS, make_simulator
from dnne_ros.sim.simulator import SimulationError

NUM_ENVS = 5

CASES = [("Cartpole", "mujoco"), ("Cartpole", "torch"), ("Cartpole", "mujoco_warp"),
         ("CartPole-v1", "gymnasium"), ("InvertedPendulum-v5", "gymnasium")]


def feedback(*gains):
    """Return a controller: observations times ``gains``."""
    return lambda observations: observations @ torch.tensor(gains).unsqueeze(1)


# For each task, actions that keep an episode going until it times out.
SURVIVE = {
    "Cartpole": feedback(2.8, 5.6, -60.0, -13.5),
    "CartPole-v1": lambda observations: (
        feedback(0.1, 0.3, 1.0, 0.6)(observations) > 0).float(),
    "InvertedPendulum-v5": feedback(0.1, 5.0, 0.3, 1.0),
}


@pytest.fixture(params=CASES, ids="-".join)
def make(request):
    """Return a function that makes simulators of one task and back end."""
    task, backend = request.param
    pytest.importorskip(BACKENDS[backend].requires)
    made = []

    def make_one(num_envs=NUM_ENVS, seed=0, **options):
        made.append(make_simulator(task, num_envs, backend=backend, seed=seed, **options))
        return made[-1]

    yield make_one
    for simulator in made:
        simulator.close()


def random_actions(spec, generator):
    """Return actions within the bounds, or within ±1 where there are none."""
    shape = (spec.num_envs, spec.action.size)
    if spec.discrete_actions is not None:
        return torch.randint(spec.discrete_actions, shape, generator=generator).float()
    low = torch.tensor(spec.action.low).clamp(min=-1e6)
    high = torch.tensor(spec.action.high).clamp(max=1e6)
    return low + (high - low) * torch.rand(shape, generator=generator)


def run(simulator, steps, seed=0):
    """Return what ``steps`` random actions gave."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return [simulator.step(random_actions(simulator.spec, generator)) for _ in range(steps)]


def assert_same(results, others):
    """Compare results bit for bit."""
    for result, other in zip(results, others, strict=True):
        for mine, its in zip(result, other, strict=True):
            assert torch.equal(mine, its)


def test_spec_describes_the_environments(make):
    spec = make().spec
    assert spec.num_envs == NUM_ENVS
    assert spec.step_seconds > 0
    assert spec.max_episode_steps > 0


@pytest.mark.parametrize("num_envs", [1, 2, 33])
def test_shapes_and_dtypes(make, num_envs):
    simulator = make(num_envs)
    size = simulator.spec.observation.size
    assert simulator.observations().shape == (num_envs, size)
    for result in run(simulator, 3):
        assert result.observations.shape == result.next_observations.shape == (num_envs, size)
        assert result.observations.dtype == result.next_observations.dtype == torch.float32
        assert result.rewards.shape == (num_envs,)
        assert result.rewards.dtype == torch.float32
        assert result.terminated.shape == result.timed_out.shape == (num_envs,)
        assert result.terminated.dtype == result.timed_out.dtype == torch.bool


def test_what_was_handed_out_is_never_written_again(make):
    simulator = make()
    first = simulator.observations()
    first_before = first.clone()
    results = run(simulator, 1)
    before = [tensor.clone() for tensor in results[0]]
    tensors, _ = simulator.state()
    tensors_before = {name: tensor.clone() for name, tensor in tensors.items()}
    run(simulator, 50, seed=1)
    assert torch.equal(first, first_before)
    for tensor, copy in zip(results[0], before, strict=True):
        assert torch.equal(tensor, copy)
    for name, tensor in tensors.items():
        assert torch.equal(tensor, tensors_before[name])


def test_writing_into_a_result_changes_nothing_here(make):
    simulator, other = make(), make()
    for tensor in run(simulator, 1)[0]:
        tensor.zero_()
    simulator.observations().zero_()
    run(other, 1)
    assert_same(run(simulator, 20, seed=1), run(other, 20, seed=1))


def test_finished_episodes_start_again_in_the_same_step(make):
    simulator = make()
    ends = 0
    for result in run(simulator, 200):
        done = result.terminated | result.timed_out
        changed = (result.observations != result.next_observations).any(dim=1)
        assert torch.equal(changed, done)
        ends += int(done.sum())
    assert ends > 0
    assert torch.equal(simulator.observations(), result.observations)


def test_episodes_time_out_after_exactly_the_given_steps(make):
    simulator = make()
    survive = SURVIVE[simulator.spec.name]
    for _ in range(2):
        for step in range(1, simulator.spec.max_episode_steps + 1):
            result = simulator.step(survive(simulator.observations()))
            assert not result.terminated.any()
            assert bool(result.timed_out.all()) == (step == simulator.spec.max_episode_steps)
            assert bool(result.timed_out.any()) == (step == simulator.spec.max_episode_steps)


def test_an_episode_ends_for_one_reason(make):
    for result in run(make(), 300):
        assert not (result.terminated & result.timed_out).any()


def test_the_seed_decides(make):
    results = run(make(seed=3), 60)
    assert_same(results, run(make(seed=3), 60))
    assert not torch.equal(make(seed=3).observations(), make(seed=4).observations())


def test_environments_differ(make):
    observations = make().observations()
    assert len(observations.unique(dim=0)) == NUM_ENVS


@pytest.mark.parametrize("into_a_fresh_one", [True, False])
def test_restored_state_goes_on_bit_identically(make, into_a_fresh_one):
    simulator = make(seed=1)
    run(simulator, 40)
    tensors, values = simulator.state()
    observations = simulator.observations()
    expected = run(simulator, 100, seed=1)
    target = make(seed=2) if into_a_fresh_one else simulator
    target.restore(tensors, json.loads(json.dumps(values)))
    assert torch.equal(target.observations(), observations)
    assert_same(run(target, 100, seed=1), expected)


def test_a_state_of_another_number_of_environments_is_refused(make):
    simulator = make()
    before = simulator.observations()
    tensors, values = make(NUM_ENVS + 1).state()
    with pytest.raises(SimulationError, match=f"expected a state of {NUM_ENVS} environments, "
                                              f"found one of {NUM_ENVS + 1}"):
        simulator.restore(tensors, values)
    assert torch.equal(simulator.observations(), before)


def test_a_state_with_nan_is_refused(make):
    simulator = make()
    tensors, values = simulator.state()
    for name, tensor in tensors.items():
        if tensor.is_floating_point():
            broken = tensors | {name: torch.full_like(tensor, torch.nan)}
            with pytest.raises(SimulationError, match=f"saved {name}: not a finite number"):
                simulator.restore(broken, values)


def test_actions_of_another_shape_or_dtype_are_refused(make):
    simulator = make()
    size = simulator.spec.action.size
    for bad in (torch.zeros(NUM_ENVS + 1, size), torch.zeros(NUM_ENVS),
                torch.zeros(NUM_ENVS, size, dtype=torch.float64)):
        with pytest.raises(SimulationError) as caught:
            simulator.step(bad)
        assert f"float32 {(NUM_ENVS, size)}" in str(caught.value)
        assert str(tuple(bad.shape)) in str(caught.value)


@pytest.mark.parametrize("value", [torch.nan, torch.inf])
def test_actions_that_are_no_numbers_are_refused_and_change_nothing(make, value):
    simulator, other = make(), make()
    run(simulator, 2), run(other, 2)
    actions = torch.zeros(NUM_ENVS, simulator.spec.action.size)
    actions[3, 0] = value
    name = simulator.spec.action.names[0]
    with pytest.raises(SimulationError, match=f"step 3: .*environment 3: {name} is {value}"):
        simulator.step(actions)
    assert_same(run(simulator, 5), run(other, 5))


def test_close_twice(make):
    simulator = make()
    simulator.close()
    simulator.close()
