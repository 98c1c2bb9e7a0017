"""Gymnasium's environments: their rules as the interface's, beside Gymnasium itself."""

import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import SimulationError

gymnasium = pytest.importorskip("gymnasium")
GymnasiumEnvs = pytest.importorskip("dnne_ros.sim.gymnasium_envs").GymnasiumEnvs


class Counter(gymnasium.Env):
    """Counts steps; the action, 1 or 0 for each reason, says how the episode ends."""

    action_space = gymnasium.spaces.Box(0.0, 1.0, (2,), np.float64)
    observation_space = gymnasium.spaces.Dict({
        "count": gymnasium.spaces.Box(0.0, 1e3, (2, 1), np.float64),
        "sign": gymnasium.spaces.Discrete(3)})

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count = 0.0
        self.start = float(self.np_random.integers(1, 1000))
        return self._observation(), {}

    def step(self, action):
        assert action.dtype == np.float64
        self.count += 1.0
        return self._observation(), self.count, bool(action[0] == 1), bool(action[1] == 1), {}

    def _observation(self):
        return {"count": np.array([[self.start], [self.count]]), "sign": 2}


class Graph(gymnasium.Env):
    action_space = gymnasium.spaces.MultiBinary(3)
    observation_space = gymnasium.spaces.Box(0, 1, (1,))


class Buttons(gymnasium.Env):
    """Shows which of the three and which of the two buttons, numbered from 5, were pressed."""

    action_space = gymnasium.spaces.MultiDiscrete([3, 2], start=[5, 5])
    observation_space = gymnasium.spaces.Box(0.0, 10.0, (2,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(2, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return action.astype(np.float32), 0.0, False, False, {}


@pytest.fixture(autouse=True)
def registered():
    """Register the environments of this file while a test runs."""
    names = {"Counter-v0": Counter, "Graph-v0": Graph, "Buttons-v0": Buttons}
    for name, made in names.items():
        gymnasium.register(name, made, max_episode_steps=4)
    yield
    for name in names:
        del gymnasium.registry[name]


def counted(tensor):
    """Return the column that counts steps: Dict spaces are flattened in their keys' order."""
    return tensor[:, 1].tolist()


def test_ends_are_told_apart_and_observations_are_kept_before_the_reset():
    envs = GymnasiumEnvs("Counter-v0", 4, seed=0)
    stay, end, stop, both = [0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]
    envs.step(torch.tensor([stay] * 4))
    result = envs.step(torch.tensor([stay, end, stop, both]))
    assert result.terminated.tolist() == [False, True, False, True]
    assert result.timed_out.tolist() == [False, False, True, False]
    assert result.rewards.tolist() == [2.0, 2.0, 2.0, 2.0]
    assert counted(result.next_observations) == [2.0, 2.0, 2.0, 2.0]
    assert counted(result.observations) == [2.0, 0.0, 0.0, 0.0]
    for step in (3, 4):
        result = envs.step(torch.tensor([stay] * 4))
        assert result.timed_out.tolist() == [step == 4, False, False, False]
    assert counted(result.next_observations) == [4.0, 2.0, 2.0, 2.0]
    assert counted(result.observations) == [0.0, 2.0, 2.0, 2.0]


def test_spaces_of_other_shapes_are_flattened():
    envs = GymnasiumEnvs("Counter-v0", 2, seed=0)
    assert envs.spec.observation.size == 5
    assert envs.observations()[:, 2:].tolist() == [[0.0, 0.0, 1.0]] * 2


def test_actions_are_clipped_at_the_bounds():
    envs = GymnasiumEnvs("Counter-v0", 1, seed=0)
    assert envs.step(torch.tensor([[7.0, -7.0]])).terminated.item()


def test_what_cannot_be_saved_starts_new_episodes_the_same_ones_each_time():
    envs = GymnasiumEnvs("Counter-v0", 3, seed=0)
    assert not envs.resumes
    start = envs.observations()
    for _ in range(3):
        envs.step(torch.zeros(3, 2))
    state = envs.state()
    restored, again = GymnasiumEnvs("Counter-v0", 3, seed=0), GymnasiumEnvs("Counter-v0", 3, 0)
    restored.restore(*state), again.restore(*state)
    assert counted(restored.observations()) == [0.0, 0.0, 0.0]
    assert not torch.equal(restored.observations(), start)
    assert torch.equal(restored.observations(), again.observations())


@pytest.mark.parametrize("name", ["HalfCheetah-v5", "Ant-v5", "InvertedDoublePendulum-v5",
                                  "Pendulum-v1", "MountainCar-v0", "Acrobot-v1"])
def test_state_of_gymnasiums_own_goes_on_bit_identically(name):
    if name.endswith("-v5"):
        pytest.importorskip("mujoco")
    envs, restored = (GymnasiumEnvs(name, 2, seed) for seed in (1, 2))
    assert envs.resumes
    generator = torch.Generator().manual_seed(0)
    actions = torch.rand(30, 2, envs.spec.action.size, generator=generator)
    if envs.spec.discrete_actions is not None:
        actions = actions.round()
    for step in range(10):
        envs.step(actions[step])
    restored.restore(*envs.state())
    for step in range(10, 30):
        for mine, its in zip(envs.step(actions[step]), restored.step(actions[step])):
            assert torch.equal(mine, its)


def test_the_same_numbers_as_gymnasium_gives():
    """One environment by itself, with the same seed and actions, over two episodes."""
    envs = GymnasiumEnvs("Pendulum-v1", 3, seed=5)
    seed = int(np.random.SeedSequence([5, 0]).generate_state(3, np.uint64)[1])
    single = gymnasium.make("Pendulum-v1")
    observation, _ = single.reset(seed=seed)
    generator = torch.Generator().manual_seed(0)
    for _ in range(250):
        actions = 3 * torch.randn(3, 1, generator=generator)
        result = envs.step(actions)
        observation, reward, terminated, truncated, _ = single.step(
            actions[1].clamp(-2.0, 2.0).numpy())
        assert result.next_observations[1].tolist() == observation.tolist()
        assert result.rewards[1].item() == np.float32(reward)
        assert (result.terminated[1], result.timed_out[1]) == (terminated, truncated)
        if truncated:
            observation, _ = single.reset()
        assert result.observations[1].tolist() == observation.tolist()


def test_several_choices_are_a_column_each():
    envs = GymnasiumEnvs("Buttons-v0", 2, seed=0)
    assert envs.spec.discrete_actions == (3, 2) and envs.spec.action.high == (2.0, 1.0)
    step = envs.step(torch.tensor([[2.0, 0.0], [9.0, -3.0]]))
    assert step.observations.tolist() == [[7.0, 5.0], [7.0, 5.0]]


def test_a_part_of_a_choice_is_none():
    """Such as a Gaussian policy's: rounded, it would choose without anybody's notice."""
    envs = GymnasiumEnvs("Buttons-v0", 2, seed=0)
    with pytest.raises(SimulationError, match=r"Buttons-v0, step 1: expected a choice as a whole "
                       "number from 0, found 0.25 in environment 1: choice_1"):
        envs.step(torch.tensor([[2.0, 0.0], [1.0, 0.25]]))


def test_the_spec_says_what_gymnasium_knows():
    spec = GymnasiumEnvs("Pendulum-v1", 2, seed=0).spec
    assert (spec.name, spec.num_envs, spec.max_episode_steps) == ("Pendulum-v1", 2, 200)
    assert spec.observation.high == (1.0, 1.0, 8.0)
    assert (spec.action.low, spec.action.high, spec.discrete_actions) == ((-2.0,), (2.0,), None)
    assert spec.step_seconds == 0.05


@pytest.mark.parametrize("name, message", [
    ("HalfCheeta-v5", "has no environment 'HalfCheeta-v5'; the nearest of .* HalfCheetah-v5"),
    ("os:HalfCheetah-v5", "expected the id alone; import the module that registers it"),
    ("Graph-v0", r"action space Box, Discrete or MultiDiscrete, found MultiBinary\(3\)"),
    ("HalfCheetah-v3", "Gymnasium cannot make it"),
])
def test_what_cannot_be_made_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        GymnasiumEnvs(name, 1, seed=0)


class Misbehaving(gymnasium.Env):
    """Its third step is what its name says; the second environment's, where that shows."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,))
    action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))
    made = 0

    def __init__(self, how):
        self.how, self.steps = how, 0
        Misbehaving.made += 1
        self.is_second = Misbehaving.made % 3 == 0  # the first is only looked at

    def reset(self, *, seed=None, options=None):
        bad = self.how == "reset" and self.steps
        return np.full(3, np.nan if bad else 0.0, np.float32), {}

    def step(self, action):
        self.steps += 1
        now = self.steps == 3 and self.is_second
        if now and self.how == "raises":
            raise ZeroDivisionError("the ground is gone")
        observation = np.zeros(4 if now and self.how == "shape" else 3, np.float32)
        reward = np.nan if now and self.how == "reward" else 1.0
        return observation, reward, bool(now and self.how == "reset"), False, {}


@pytest.mark.parametrize("how, message", [
    ("reward", "the reward is nan in environment 1"),
    ("shape", r"environment 1 gave observations \(4,\), expected \(3,\)"),
    ("raises", r"step\(\) of the environments failed: ZeroDivisionError: the ground is gone \(.*"
               r"test_gymnasium_envs.py:\d+\)"),
    ("reset", "the physics has diverged in environment 1: observation_0 is nan")])
def test_what_an_environment_does_wrong_is_said_with_task_and_step(monkeypatch, how, message):
    monkeypatch.setattr(Misbehaving, "made", 0)
    name = f"Misbehaving{how.title()}-v0"
    gymnasium.register(name, Misbehaving, kwargs={"how": how})
    try:
        simulator = make_simulator(name, 2, seed=0)
        for _ in range(2):
            simulator.step(torch.zeros(2, 1))
        with pytest.raises(SimulationError, match=f"^{name}, step 3: {message}"):
            simulator.step(torch.zeros(2, 1))
    finally:
        gymnasium.registry.pop(name)
