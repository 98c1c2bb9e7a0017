"""Episode returns by hand."""

import json

import pytest
import torch

from dnne_ros.rl.episodes import EpisodeStatistics


def add(statistics, rewards, done):
    """Count a step given as lists."""
    statistics.add(torch.tensor(rewards), torch.tensor(done))


def test_returns_by_hand():
    statistics = EpisodeStatistics(2, window=3)
    assert statistics.mean_return is None
    add(statistics, [1.0, 2.0], [False, False])
    assert (statistics.finished, statistics.mean_return) == (0, None)
    assert statistics.mean_running_return == 1.5
    add(statistics, [1.0, 3.0], [False, True])
    assert (statistics.finished, statistics.mean_return) == (1, 5.0)
    add(statistics, [1.0, 7.0], [True, True])
    assert list(statistics.returns) == [5.0, 3.0, 7.0]
    assert list(statistics.lengths) == [2, 3, 1]
    assert statistics.mean_return == 5.0
    assert statistics.window_full
    add(statistics, [9.0, 1.0], [True, False])
    assert list(statistics.returns) == [3.0, 7.0, 9.0]  # the oldest is forgotten
    assert statistics.finished == 4


def test_more_ends_in_one_step_than_the_window_holds():
    statistics = EpisodeStatistics(4, window=2)
    add(statistics, [1.0, 2.0, 3.0, 4.0], [True] * 4)
    assert list(statistics.returns) == [3.0, 4.0]
    assert statistics.finished == 4


def test_restored_statistics_go_on_the_same():
    statistics = EpisodeStatistics(2, window=3)
    add(statistics, [1.0, 2.0], [False, True])
    tensors, values = statistics.state()
    other = EpisodeStatistics(2, window=3)
    add(other, [5.0, 5.0], [True, False])
    other.restore(tensors, json.loads(json.dumps(values)))
    for each in (statistics, other):
        add(each, [1.0, 1.0], [True, True])
        assert list(each.returns) == [2.0, 2.0, 1.0]
        assert list(each.lengths) == [1, 2, 1]
        assert each.finished == 3


def test_saved_statistics_are_a_copy():
    statistics = EpisodeStatistics(1)
    tensors, values = statistics.state()
    add(statistics, [1.0], [False])
    add(statistics, [1.0], [True])
    assert tensors["running_returns"].tolist() == [0.0]
    assert values["returns"] == []


def test_another_number_of_environments_is_refused():
    statistics = EpisodeStatistics(2)
    with pytest.raises(ValueError, match=r"expected rewards and done \(2,\), found \(3,\)"):
        add(statistics, [1.0] * 3, [False] * 3)
    with pytest.raises(ValueError, match=r"expected running returns \(2,\), found \(3,\)"):
        statistics.restore(*EpisodeStatistics(3).state())


def test_new_episodes_begin_at_nothing_in_any_number_of_environments():
    statistics = EpisodeStatistics(3)
    add(statistics, [7.0, 7.0, 7.0], [True, False, False])
    other = EpisodeStatistics(2)
    other.restore(*statistics.state(), new_episodes=True)
    add(other, [1.0, 1.0], [True, True])
    assert list(other.returns) == [7.0, 1.0, 1.0] and other.finished == 3
