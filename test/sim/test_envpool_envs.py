"""EnvPool's tasks: the interface over ten of them, and their physics beside Gymnasium's."""

import warnings
import weakref

import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import SimulationError
from dnne_ros.testing import SimulatorTests

envpool = pytest.importorskip("envpool", reason="needs EnvPool: pip install 'dnne_ros[envpool]'")
gymnasium = pytest.importorskip("gymnasium")
EnvPoolEnvs = pytest.importorskip("dnne_ros.sim.envpool_envs").EnvPoolEnvs
PoolArrays = pytest.importorskip("dnne_ros.sim.envpool_arrays").PoolArrays


# Two more are in test_simulator_interface.py.  No action keeps each of these going.
@pytest.mark.parametrize("case", [
    "Reacher-v5", "Pusher-v5", "HalfCheetah-v5", "Pendulum-v1", "MountainCarContinuous-v0",
    "PandaPickCube-v1", "MetaWorld/Push-v3", "MetaWorld/Reach-v3"], indirect=True)
class TestTasksOfFourFamilies(SimulatorTests):
    backend = "envpool"
    random_steps = 1000

    @pytest.fixture(autouse=True)
    def case(self, request):
        self.task = request.param


def whole(observation, model):
    """Return qpos and qvel that an observation holds, with the columns it leaves out as 0."""
    hidden = max(model.nq + model.nv - len(observation), 0)
    return (np.concatenate([np.zeros(hidden), observation[:model.nq - hidden]]),
            observation[model.nq - hidden:][:model.nv])


def ant(observation, model):
    """Return qpos and qvel of an Ant, which has contact forces behind them."""
    return np.concatenate([[0.0, 0.0], observation[:13]]), observation[13:27]


def double_pendulum(observation, model):
    """Return qpos and qvel from sines and cosines."""
    return (np.array([observation[0], *np.arctan2(observation[1:3], observation[3:5])]),
            observation[5:8])


# Tasks, where their state is in an observation, the steps until it is put into Gymnasium's again
# (0: when an episode begins), how far observations and reward may differ in which share of the
# steps, and how many of these numbers are judged (None: all).  Hopper and Walker2d clip what they
# observe.  Of an Ant it is the state alone, in nearly all steps: what MuJoCo's solver begins from,
# the contact forces and the speed that is rewarded depend on the step before, too, and that is
# not observed, so that Gymnasium's cannot be given it.
BESIDE = [
    ("HalfCheetah-v5", whole, 1, 1e-6, 1.0, None), ("Ant-v5", ant, 1, 2e-3, 0.95, 27),
    ("Hopper-v5", whole, 0, 1e-6, 1.0, None), ("Walker2d-v5", whole, 0, 1e-6, 1.0, None),
    ("InvertedPendulum-v5", whole, 0, 1e-6, 1.0, None), ("Swimmer-v5", whole, 1, 1e-6, 1.0, None),
    ("InvertedDoublePendulum-v5", double_pendulum, 0, 1e-6, 1.0, None)]


@pytest.fixture
def exact(monkeypatch):
    """A list of what EnvPool observes in float64, where the interface has float32.

    Contacts make a chaos of the smallest difference, so Gymnasium's begin without any.
    """
    heard, named = [], PoolArrays._named

    def listen(self, arrays):
        stepped = named(self, arrays)
        heard.append(np.array(stepped.observations[0]))
        return stepped

    monkeypatch.setattr(PoolArrays, "_named", listen)
    return heard


@pytest.mark.parametrize("task, state_in, again, near, share, judged", BESIDE,
                         ids=[each[0] for each in BESIDE])
def test_the_same_steps_as_gymnasium(task, state_in, again, near, share, judged, exact):
    """Observations before the reset, rewards, ends and their reasons, over several episodes.

    Gymnasium's environments begin where EnvPool's do, and take the same actions.  What follows
    a reset must be a state to begin with: near to the one that the model's file gives.
    """
    num_envs, steps = 3, 1003 if task in ("HalfCheetah-v5", "Swimmer-v5") else 400
    envs = EnvPoolEnvs(task, num_envs, seed=1)
    peers = [gymnasium.make(task) for _ in range(num_envs)]
    lengths, ends = [0] * num_envs, {"terminated": 0, "timed_out": 0}
    generator = torch.Generator().manual_seed(0)
    for env, peer in enumerate(peers):
        peer.reset(seed=0)
        peer.unwrapped.set_state(*state_in(exact[0][env], peer.unwrapped.model))
    high, differences = torch.tensor(envs.spec.action.high), []
    for _ in range(steps):
        actions = high * (2 * torch.rand(num_envs, envs.spec.action.size, generator=generator) - 1)
        exact.clear()
        result = envs.step(actions)
        done = result.terminated | result.timed_out
        begun = exact[0]
        if done.any():
            begun[done] = exact[1]
        assert result.observations.tolist() == begun.astype(np.float32).tolist()
        for env, peer in enumerate(peers):
            lengths[env] += 1
            observation, reward, terminated, truncated, _ = peer.step(actions[env].numpy())
            mine = np.append(result.next_observations[env].double().numpy(), result.rewards[env])
            mine, its = mine[:judged], np.append(observation, reward)[:judged]
            differences.append((np.abs(mine - its) / (1 + np.abs(its))).max())
            assert result.terminated[env].item() == terminated
            assert result.timed_out[env].item() == (truncated and not terminated)
            if terminated or truncated:
                assert truncated == (lengths[env] == envs.spec.max_episode_steps)
                ends["terminated" if terminated else "timed_out"] += 1
                lengths[env] = 0
                start, _ = peer.reset()
                assert np.abs(begun[env] - start).max() < 1.0
                assert not np.allclose(begun[env], observation, atol=1e-3)
            if lengths[env] == 0 or again:
                peer.unwrapped.set_state(*state_in(begun[env], peer.unwrapped.model))
    assert np.quantile(differences, share) < near
    expected = "timed_out" if steps > 1000 else "terminated"
    assert ends[expected] >= num_envs and sum(ends.values()) == ends[expected]
    for peer in peers:
        peer.close()


def pushed(envs, steps):
    """Push one way; return when an episode ends, and the result."""
    for step in range(1, steps + 1):
        result = envs.step(torch.ones(1, envs.spec.action.size))
        if (result.terminated | result.timed_out).any():
            return step, result
    raise AssertionError(f"no end in {steps} steps")


def test_a_fall_in_the_last_step_has_terminated_although_envpool_says_truncated(monkeypatch):
    falls, result = pushed(EnvPoolEnvs("Hopper-v5", 1, seed=3), 200)
    assert result.terminated.item() and falls > 2
    real = envpool.make_spec

    def limited(task, **options):
        return real(task, max_episode_steps=limit, **options)

    monkeypatch.setattr(envpool, "make_spec", limited)
    for limit, timed_out in ((falls, False), (falls + 1, False), (falls - 1, True)):
        step, result = pushed(EnvPoolEnvs("Hopper-v5", 1, seed=3), 200)
        assert step == min(limit, falls)
        assert result.timed_out.item() == timed_out
        assert result.terminated.item() != timed_out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        seed = int(np.random.SeedSequence([3, 0]).generate_state(1)[0]) % (2**31 - 1)
        alone = envpool.make("Hopper-v5", env_type="gymnasium", num_envs=1, seed=[seed],
                             max_episode_steps=falls)
    alone.reset()
    for _ in range(falls):
        _, _, terminated, truncated, _ = alone.step(np.ones((1, 3)))
    assert (terminated.item(), truncated.item()) == (False, True)


def test_no_action_is_lost_behind_an_end():
    """An environment that has just begun moves as one that begins with the same state."""
    envs = EnvPoolEnvs("InvertedPendulum-v5", 2, seed=0)
    peer = gymnasium.make("InvertedPendulum-v5")
    for _ in range(100):
        result = envs.step(torch.full((2, 1), 3.0))
        if result.terminated[0]:
            break
    assert result.terminated[0]
    peer.reset()
    begun = result.observations[0].double().numpy()
    peer.unwrapped.set_state(begun[:2], begun[2:])
    observation, *_ = peer.step(np.array([-2.0], np.float32))
    result = envs.step(torch.full((2, 1), -2.0))
    assert result.next_observations[0].tolist() == pytest.approx(observation.tolist(), abs=1e-5)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_make_no_difference(threads):
    envs, other = EnvPoolEnvs("Hopper-v5", 7, 5, threads), EnvPoolEnvs("Hopper-v5", 7, 5)
    generator = torch.Generator().manual_seed(0)
    for _ in range(60):
        actions = torch.randn(7, 3, generator=generator)
        for mine, its in zip(envs.step(actions), other.step(actions)):
            assert torch.equal(mine, its)


def test_new_episodes_behind_a_checkpoint_are_others_than_at_the_start():
    envs = EnvPoolEnvs("Hopper-v5", 3, seed=0)
    start = envs.observations()
    envs.step(torch.zeros(3, 3))
    restored = EnvPoolEnvs("Hopper-v5", 3, seed=0)
    restored.restore(*envs.state())
    assert not torch.equal(restored.observations(), start)
    assert restored.state()[1] == {"num_envs": 3, "steps": 1}


def test_the_spec_says_what_envpool_knows():
    spec = EnvPoolEnvs("HalfCheetah-v5", 2, seed=0).spec
    assert (spec.name, spec.num_envs, spec.max_episode_steps) == ("HalfCheetah-v5", 2, 1000)
    assert (spec.observation.size, spec.action.size, spec.discrete_actions) == (17, 6, None)
    assert (spec.action.low, spec.action.high) == ((-1.0,) * 6, (1.0,) * 6)
    assert spec.step_seconds == pytest.approx(0.05)  # Gymnasium's
    assert EnvPoolEnvs("PandaPickCube-v1", 1, seed=0).spec.step_seconds == 0.02


def test_of_a_dictionary_it_takes_the_state():
    envs = EnvPoolEnvs("Go1JoystickFlatTerrain-v1", 2, seed=0)
    groups = envs.groups()
    assert {name: group.shape for name, group in groups.items()} == {
        "state": (2, 48), "privileged_state": (2, 123)}
    assert torch.equal(groups["state"], envs.observations())
    assert torch.equal(groups["privileged_state"], envs.critic_observations())
    assert envs.spec.observation.size == 48
    assert envs.step(torch.zeros(2, 12)).observations.shape == (2, 48)


def test_actions_are_clipped_at_the_bounds():
    envs, other = (EnvPoolEnvs("HalfCheetah-v5", 1, seed=0) for _ in range(2))
    assert torch.equal(envs.step(torch.full((1, 6), 9.0)).observations,
                       other.step(torch.ones(1, 6)).observations)


def test_a_choice_is_a_whole_number():
    envs = EnvPoolEnvs("CartPole-v1", 2, seed=0)
    with pytest.raises(SimulationError, match="^CartPole-v1, step 1: expected a choice as a whole "
                                              "number from 0, found 0.5 in environment 1"):
        envs.step(torch.tensor([[1.0], [0.5]]))


def test_actions_of_a_dtype_that_numpy_does_not_know_are_refused_as_others():
    envs = EnvPoolEnvs("CartPole-v1", 2, seed=0)
    with pytest.raises(SimulationError, match=r"expected actions float32 \(2, 1\) .* bfloat16"):
        envs.step(torch.ones(2, 1, dtype=torch.bfloat16))


@pytest.mark.parametrize("name, message", [
    ("HalfCheeta-v5", "EnvPool has no task 'HalfCheeta-v5'; the nearest of .* HalfCheetah-v5"),
    ("CheetahRun-v1", r"one vector, or a dictionary with one called 'state', found Dict\("),
    ("FrozenLake-v1", r"one vector, .* found Discrete\(16\)"),
    ("IntersectionMultiAgent-v1", "one agent in each environment, found up to 2"),
])
def test_what_cannot_be_made_is_refused(name, message):
    with pytest.raises(InputError, match=message):
        make_simulator(name, 1, backend="envpool", seed=0)


def test_the_old_one_is_refused(monkeypatch):
    monkeypatch.setattr(envpool, "__version__", "0.8.4")
    with pytest.raises(InputError, match="expected EnvPool 1.2 or newer, found 0.8.4; newer"):
        make_simulator("envpool:CartPole-v1", 1, seed=0)


def test_a_run_that_ends_does_not_wait_for_its_robots_to_be_destroyed():
    envs = EnvPoolEnvs("HalfCheetah-v5", 1, seed=0)
    pool = weakref.ref(envs._pool)
    envs.close()
    envs.close()
    assert pool() is not None
    EnvPoolEnvs("Hopper-v5", 1, seed=0).close()
    assert pool() is None


def test_threads_reach_it_from_the_settings():
    simulator = make_simulator("envpool:Pendulum-v1", 4, seed=0, threads=3)
    assert simulator._pool.config["num_threads"] == 3
    simulator.close()


@pytest.mark.parametrize("spoilt, message", [
    ("reward", "the reward is nan in environment 1"),
    ("privileged_state", r"the observations 'privileged_state' are not finite: .* 1 \[4\]"),
    ("state", "the physics has diverged in environment 1: observation_4 is nan")])
def test_what_is_no_number_is_said_with_task_and_step(monkeypatch, spoilt, message):
    simulator = EnvPoolEnvs("Go1JoystickFlatTerrain-v1", 2, seed=0)
    simulator.step(torch.zeros(2, 12))
    arrays = simulator._arrays
    receive = arrays.receive

    def spoil():
        stepped = receive()
        if spoilt == "reward":
            stepped.rewards[1] = np.nan
        else:
            stepped.observations[arrays.parts.index(spoilt)][1, 4] = np.nan
        return stepped

    monkeypatch.setattr(arrays, "receive", spoil)
    with pytest.raises(SimulationError, match=f"^Go1JoystickFlatTerrain-v1, step 2: {message}"):
        simulator.step(torch.zeros(2, 12))
        simulator.critic_observations()
