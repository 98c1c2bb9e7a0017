"""What every simulator must do, as tests that the author of one runs on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import Tensor

from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import SimulationError, Simulator, StepResult, TaskSpec

NUM_ENVS = 5

Make = Callable[..., Simulator]


class SimulatorTests:
    """Tests of the `Simulator` interface; subclass it as ``Test…`` and say which simulator.

    ``backend`` and ``task`` are the names that a workflow would use.  Override `survive` where
    zeros do not keep an episode going until it times out, and ``random_steps`` where that many
    steps of random actions end no episode.
    """

    backend: str
    task: str
    random_steps = 200

    def survive(self, observations: Tensor) -> Tensor:
        """Return actions (n, action.size) with which no episode ends before it times out."""
        return torch.zeros(len(observations), self._action_size)

    def make_simulator(self, num_envs: int, seed: int) -> Simulator:
        """Return a new simulator."""
        return make_simulator(self.task, num_envs, backend=self.backend, seed=seed)

    def put_away(self, simulator: Simulator) -> None:
        """Take back what `make_simulator` gave, when a test is over."""
        simulator.close()

    @pytest.fixture
    def make(self) -> Iterator[Make]:
        """Return a function that makes simulators, of `NUM_ENVS` environments unless told."""
        made: list[Simulator] = []

        def make_one(num_envs: int = NUM_ENVS, seed: int = 0) -> Simulator:
            made.append(self.make_simulator(num_envs, seed))
            self._action_size = made[-1].spec.action.size
            return made[-1]

        yield make_one
        for simulator in made:
            self.put_away(simulator)

    def test_spec_describes_the_environments(self, make: Make) -> None:
        """Sizes, time and limits are as asked for."""
        spec = make().spec
        assert spec.num_envs == NUM_ENVS
        assert spec.step_seconds > 0
        assert spec.max_episode_steps >= 0

    @pytest.mark.parametrize("num_envs", [1, 2, 33])
    def test_shapes_and_dtypes(self, make: Make, num_envs: int) -> None:
        """Results are as `StepResult` says, for one environment and for many."""
        simulator = make(num_envs)
        size = simulator.spec.observation.size
        assert simulator.observations().shape == (num_envs, size)
        for result in run(simulator, 3):
            for observations in (result.observations, result.next_observations):
                assert observations.shape == (num_envs, size)
                assert observations.dtype == torch.float32
            assert result.rewards.shape == (num_envs,)
            assert result.rewards.dtype == torch.float32
            assert result.terminated.shape == result.timed_out.shape == (num_envs,)
            assert result.terminated.dtype == result.timed_out.dtype == torch.bool

    def test_groups_are_of_the_same_moment(self, make: Make) -> None:
        """All groups, and what a critic sees, belong to the observations beside them."""
        simulator = make()
        for number in range(100):
            step, = run(simulator, 1, seed=number)
            groups, following = simulator.groups(), simulator.next_groups(step)
            assert list(groups) == list(following)
            done = step.terminated | step.timed_out
            for name, group in groups.items():
                assert group.shape == following[name].shape and len(group) == NUM_ENVS
                assert group.dtype == torch.float32
                if simulator.resets_in_step:
                    assert torch.equal(group[~done], following[name][~done])
            for_critic = simulator.critic_observations()
            assert for_critic.shape == simulator.next_critic_observations(step).shape
            assert for_critic.dim() == 2 and for_critic.dtype == torch.float32

    def test_what_was_handed_out_is_never_written_again(self, make: Make) -> None:
        """Observations, results and states stay as they were."""
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

    def test_writing_into_a_result_changes_nothing_here(self, make: Make) -> None:
        """What is handed out is a copy."""
        simulator, other = make(), make()
        for tensor in run(simulator, 1)[0]:
            tensor.zero_()
        simulator.observations().zero_()
        run(other, 1)
        assert_same(run(simulator, 20, seed=1), run(other, 20, seed=1))

    def test_finished_episodes_start_again(self, make: Make) -> None:
        """In the same step or, without `Simulator.resets_in_step`, in the next."""
        simulator = make()
        ended = torch.zeros(NUM_ENVS, dtype=torch.bool)
        ends = 0
        for result in run(simulator, self.random_steps):
            done = result.terminated | result.timed_out
            changed = (result.observations != result.next_observations).any(dim=1)
            if simulator.resets_in_step:
                assert torch.equal(changed, done)
            else:
                assert not changed.any() and not (done & ended).any()
            ended = done
            ends += int(done.sum())
        assert ends > 0, f"no episode ended in {self.random_steps} steps of random actions"
        assert torch.equal(simulator.observations(), result.observations)

    def test_episodes_time_out_after_exactly_the_given_steps(self, make: Make) -> None:
        """Neither earlier nor later, from the first to the second time."""
        simulator = make()
        steps = simulator.spec.max_episode_steps
        if not steps:
            pytest.skip("its episodes never time out")
        # A first episode begins with the reset that its first observations come from.
        first = steps if simulator.resets_in_step else steps - 1
        age = torch.full((NUM_ENVS,), steps - first)
        times_out = torch.zeros(NUM_ENVS, dtype=torch.int64)
        for _ in range(first + steps):
            result = simulator.step(self.survive(simulator.observations()))
            age += 1
            # One that ends by itself all the same, as a robot that is pushed, begins anew.
            assert torch.equal(result.timed_out, (age == steps) & ~result.terminated)
            times_out += result.timed_out
            age[result.timed_out | result.terminated] = 0
        assert times_out.any(), "no environment survived"

    def test_an_episode_ends_for_one_reason(self, make: Make) -> None:
        """Terminated wins."""
        for result in run(make(), 300):
            assert not (result.terminated & result.timed_out).any()

    def test_the_seed_decides(self, make: Make) -> None:
        """The same seed gives the same episodes, another one others."""
        simulator = make(seed=3)
        observations = simulator.observations()
        assert_same(run(simulator, 60), run(make(seed=3), 60))
        assert not torch.equal(observations, make(seed=4).observations())

    def test_environments_differ(self, make: Make) -> None:
        """No two begin in the same state."""
        rows = make().observations().tolist()
        assert len(set(map(tuple, rows))) == NUM_ENVS

    @pytest.mark.parametrize("into_a_fresh_one", [True, False])
    def test_a_restored_state_goes_on(self, make: Make, into_a_fresh_one: bool) -> None:
        """Bit-identically; or with new episodes, the same ones each time."""
        simulator = make(seed=1)
        run(simulator, 40)
        tensors, values = simulator.state()
        observations = simulator.observations()
        if not simulator.resumes:
            simulator.restore(tensors, json.loads(json.dumps(values)))
            observations = simulator.observations()
        expected = run(simulator, 100, seed=1)
        # A state holds the seed; new episodes have that of the simulator that starts them.
        target = make(seed=2 if simulator.resumes else 1) if into_a_fresh_one else simulator
        target.restore(tensors, json.loads(json.dumps(values)))
        assert torch.equal(target.observations(), observations)
        assert_same(run(target, 100, seed=1), expected)

    def test_a_state_of_another_number_of_environments_is_refused(self, make: Make) -> None:
        """And the simulator goes on as it was."""
        simulator = make()
        before = simulator.observations()
        tensors, values = make(NUM_ENVS + 1).state()
        with pytest.raises(SimulationError, match=f"expected a state of {NUM_ENVS} environments, "
                                                  f"found one of {NUM_ENVS + 1}"):
            simulator.restore(tensors, values)
        assert torch.equal(simulator.observations(), before)

    def test_a_state_with_nan_is_refused(self, make: Make) -> None:
        """A broken checkpoint is named."""
        simulator = make()
        tensors, values = simulator.state()
        for name, tensor in tensors.items():
            if tensor.is_floating_point():
                broken = tensors | {name: torch.full_like(tensor, torch.nan)}
                with pytest.raises(SimulationError, match=f"saved {name}: not a finite number"):
                    simulator.restore(broken, values)

    def test_actions_of_another_shape_or_dtype_are_refused(self, make: Make) -> None:
        """The message says what was expected and found."""
        simulator = make()
        size = simulator.spec.action.size
        for bad in (torch.zeros(NUM_ENVS + 1, size), torch.zeros(NUM_ENVS),
                    torch.zeros(NUM_ENVS, size, dtype=torch.float64)):
            with pytest.raises(SimulationError) as caught:
                simulator.step(bad)
            assert f"float32 {(NUM_ENVS, size)}" in str(caught.value)
            assert str(tuple(bad.shape)) in str(caught.value)

    @pytest.mark.parametrize("value", [torch.nan, torch.inf])
    def test_actions_that_are_no_numbers_are_refused_and_change_nothing(
            self, make: Make, value: float) -> None:
        """The message names step, environment and column."""
        simulator, other = make(), make()
        for each in (simulator, other):
            run(each, 2)
        actions = torch.zeros(NUM_ENVS, simulator.spec.action.size)
        actions[3, 0] = value
        name = simulator.spec.action.names[0]
        with pytest.raises(SimulationError, match=f"step 3: .*environment 3: {name} is {value}"):
            simulator.step(actions)
        assert_same(run(simulator, 5), run(other, 5))

    def test_close_twice(self, make: Make) -> None:
        """A second `close` does nothing."""
        simulator = make()
        simulator.close()
        simulator.close()


def random_actions(spec: TaskSpec, generator: torch.Generator) -> Tensor:
    """Return actions within the bounds; within ±10⁶ where there are none."""
    shape = (spec.num_envs, spec.action.size)
    if spec.discrete_actions is not None:
        choices = spec.discrete_actions
        counts = torch.tensor((choices,) if isinstance(choices, int) else choices)
        return (torch.rand(shape, generator=generator) * counts).floor()
    low = torch.tensor(spec.action.low).clamp(min=-1e6)
    high = torch.tensor(spec.action.high).clamp(max=1e6)
    return low + (high - low) * torch.rand(shape, generator=generator)


def run(simulator: Simulator, steps: int, seed: int = 0) -> list[StepResult]:
    """Return what ``steps`` random actions gave."""
    generator = torch.Generator()
    generator.manual_seed(seed)
    return [simulator.step(random_actions(simulator.spec, generator)) for _ in range(steps)]


def assert_same(results: Sequence[StepResult], others: Sequence[StepResult]) -> None:
    """Compare results bit for bit."""
    for result, other in zip(results, others, strict=True):
        for mine, its in zip(result, other, strict=True):
            assert torch.equal(mine, its)
