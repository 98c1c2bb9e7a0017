"""What tasks say of finished episodes, as means over them."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from dnne_ros.sim.episode_log import EpisodeLog, EpisodeTerms, logged
from dnne_ros.sim.observation_groups import choose_groups
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.vecenv_gymnasium import GymnasiumVectorEnv

NOBODY, FIRST, BOTH = (np.array(done) for done in ([0, 0], [1, 0], [1, 1]))


def add(terms, done, **given):
    return terms.add({name: np.array(values) for name, values in given.items()}, done == 1)


def test_terms_of_the_reward_add_up_and_others_are_averaged():
    terms = EpisodeTerms(2)
    assert add(terms, NOBODY, reward_run=[1.0, 5.0], height=[1.0, 7.0]) is None
    assert add(terms, FIRST, reward_run=[2.0, 5.0], height=[2.0, 7.0]) == EpisodeLog(
        1, {"reward_run": 3.0, "height": 1.5})
    assert add(terms, BOTH, reward_run=[4.0, 6.0], height=[4.0, 1.0]) == EpisodeLog(
        2, {"reward_run": 10.0, "height": 4.5})


def test_what_is_no_number_of_each_environment_is_left_out():
    terms = EpisodeTerms(2)
    assert add(terms, BOTH, flags=[True, False], ids=[1, 2], place=[[0.1], [0.2]],
               words=["a", "b"]) is None


def test_an_episode_of_which_the_beginning_is_not_known_does_not_count():
    terms = EpisodeTerms(2)
    terms.begin(whole=False)
    assert add(terms, FIRST, reward=[1.0, 1.0]) is None
    assert add(terms, BOTH, reward=[2.0, 2.0]) == EpisodeLog(1, {"reward": 2.0})


def test_what_is_logged_counts_when_an_episode_ends_and_ends_become_shares():
    extras = {"log": {"Episode_Reward/track": torch.tensor(0.5), "Curriculum/level": 3,
                      "Episode_Termination/time_out": 1, "words": "fell",
                      "several": torch.zeros(2)}}
    assert logged(extras, 4) == EpisodeLog(4, {
        "Episode_Reward/track": 0.5, "Curriculum/level": 3.0,
        "Episode_Termination/time_out": 0.25})
    assert logged(extras, 0) is None
    assert logged({"episode": {"rew_run": 2.0}}, 1) == EpisodeLog(1, {"rew_run": 2.0})
    assert logged({}, 1) is None


def same_step(settings):
    def make(seed):
        return gymnasium.make_vec(
            settings.task, settings.num_envs, vectorization_mode="sync",
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP})
    return GymnasiumVectorEnv(make(0), make, settings)


def through_a_group(settings):
    inner = make_simulator(settings.task, settings.num_envs, seed=settings.seed)
    return choose_groups(inner, "observations", "")


@pytest.mark.parametrize("make", [same_step, through_a_group])
def test_terms_of_gymnasiums_tasks_are_their_return(make):
    simulator = make(SimulatorSettings("Hopper-v5", 3, 0))
    returns, ended = torch.zeros(3), 0
    for _ in range(200):
        step = simulator.step(torch.ones(3, simulator.spec.action.size))
        returns += step.rewards
        done, log = step.terminated | step.timed_out, simulator.episode_log()
        assert (log is None) == (not done.any())
        if log is not None:
            ended += log.episodes
            assert log.episodes == int(done.sum())
            terms = sum(value for name, value in log.means.items() if name.startswith("reward"))
            assert terms == pytest.approx(returns[done].mean().item(), rel=1e-5)
            returns[done] = 0.0
    simulator.close()
    assert ended > 3
