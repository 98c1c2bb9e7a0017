"""Spare environments: which act, which begin beside them, and that no action is lost by it."""

import numpy as np
import pytest
import torch

pytest.importorskip("envpool", reason="needs EnvPool: pip install 'dnne_ros[envpool]'")
gymnasium = pytest.importorskip("gymnasium")
EnvPoolEnvs = pytest.importorskip("dnne_ros.sim.envpool_envs").EnvPoolEnvs
spares = pytest.importorskip("dnne_ros.sim.envpool_spares")
Stepped = pytest.importorskip("dnne_ros.sim.envpool_arrays").Stepped


class Pool:
    """What `PoolArrays` is; an observation says whose it is, and of which step."""

    dtype = np.float64

    def __init__(self, num_envs):
        self.envs, self.steps, self.acting = np.arange(num_envs, dtype=np.int32), 0, []
        self.started = self.come_to(self.envs)

    def come_to(self, envs):
        flags = np.zeros(len(envs), bool)
        return Stepped(flags, flags, flags * 1, flags * 1.0,
                       [np.stack([envs, np.full(len(envs), self.steps)], 1)], [], [])

    def send(self, actions, envs):
        self.actions, self.acting = actions.tolist(), envs.tolist()

    def reset(self, envs):
        self.acting = envs.tolist()

    def receive(self):
        self.steps += 1
        return self.come_to(np.array(self.acting))


def step(pool, acting):
    acting.send(np.array([[1.0], [2.0], [3.0]]))
    return acting.receive().observations[0][:, 0].tolist()


def begun(acting, finished, in_pool=True):
    acting.begin(np.array(finished), in_pool=in_pool)
    return acting.receive_begun()[0].tolist()


def test_one_that_has_begun_takes_the_place_of_one_that_ends_and_that_begins_beside_the_others():
    pool = Pool(5)
    acting = spares.SpareEnvs(pool, 3)
    assert step(pool, acting) == [0, 1, 2]
    assert begun(acting, [1]) == [[3, 0]]
    assert acting.pool_env(1) == 3
    assert step(pool, acting) == [0, 3, 2]
    assert (pool.acting, pool.actions[:3]) == ([0, 3, 2, 1], [[1.0], [2.0], [3.0]])
    assert begun(acting, [0, 2]) == [[4, 0], [1, 2]]
    assert step(pool, acting) == [4, 3, 1]
    assert pool.acting == [4, 3, 1, 0, 2]
    assert step(pool, acting) == [4, 3, 1]
    assert pool.acting == [4, 3, 1]


@pytest.mark.parametrize("finished, in_pool", [([0, 1, 2], True), ([1], False)])
def test_where_too_many_end_or_the_pool_would_go_on_they_are_let_begin(finished, in_pool):
    pool = Pool(5)
    acting = spares.SpareEnvs(pool, 3)
    step(pool, acting)
    assert begun(acting, finished, in_pool) == [[env, 2] for env in finished]
    assert step(pool, acting) == [0, 1, 2]


def test_episodes_of_spare_ones_are_gymnasiums():
    """What each episode begins with leads Gymnasium's to the same, with the same action."""
    num_envs = 32
    envs = EnvPoolEnvs("InvertedPendulum-v5", num_envs, seed=0)
    peer, generator = gymnasium.make("InvertedPendulum-v5"), torch.Generator().manual_seed(0)
    peer.reset()
    begun, ends, places = [], 0, set()
    for _ in range(60):
        before = envs.observations()
        actions = 6 * torch.rand(num_envs, 1, generator=generator) - 3
        result = envs.step(actions)
        for env in begun:
            state = before[env].double().numpy()
            peer.unwrapped.set_state(state[:2], state[2:])
            observation, *_ = peer.step(actions[env].numpy())
            assert result.next_observations[env].tolist() == pytest.approx(
                observation.tolist(), abs=1e-5)
        goes_on = ~(result.terminated | result.timed_out)
        assert torch.equal(result.observations[goes_on], result.next_observations[goes_on])
        begun = (~goes_on).nonzero().flatten().tolist()
        ends += len(begun)
        places |= {envs._spares.pool_env(env) for env in range(num_envs)}
    assert ends > num_envs and len(places) == num_envs + spares.spares_for(num_envs) == 34
    peer.close()


def test_terms_of_spare_ones_are_those_of_their_own_episodes():
    envs, generator = EnvPoolEnvs("Ant-v5", 32, seed=0), torch.Generator().manual_seed(0)
    returns, ended = torch.zeros(32, dtype=torch.float64), 0
    for _ in range(120):
        result = envs.step(2 * torch.rand(32, 8, generator=generator) - 1)
        returns += result.rewards
        done, log = result.terminated | result.timed_out, envs.episode_log()
        assert (log is not None) == bool(done.any())
        if log is not None:
            ended += log.episodes
            terms = sum(mean for name, mean in log.means.items() if name.startswith("reward"))
            assert terms == pytest.approx(returns[done].mean().item(), abs=1e-3)
        returns[done] = 0.0
    assert ended > 2
