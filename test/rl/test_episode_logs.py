"""What the environment says of the last hundred episodes."""

import json

import pytest

from dnne_ros.rl.episode_logs import EpisodeLogs


def log(episodes, **means):
    return {"episodes": episodes, "means": means}


def test_each_episode_counts_the_same():
    logs = EpisodeLogs()
    for each in (log(1, run=2.0), None, log(3, run=6.0, jump=1.0)):
        logs.add(each)
    assert logs.means() == {"episode/run": 5.0, "episode/jump": 1.0}


def test_names_in_a_group_stay_as_they_are_and_what_is_no_number_is_left_out():
    logs = EpisodeLogs()
    logs.add({"episodes": 1, "means": {"Curriculum/level": 2.0, "bad": float("nan")}})
    assert logs.means() == {"Curriculum/level": 2.0}


def test_the_newest_steps_count_that_have_so_many_episodes_together():
    logs = EpisodeLogs(window=4)
    for value in (9.0, 1.0, 2.0):
        logs.add(log(2, run=value))
    assert logs.means() == {"episode/run": 1.5}
    logs.add(log(100, run=7.0))
    assert logs.means() == {"episode/run": 7.0}


def test_they_go_on_from_a_checkpoint():
    logs, again = EpisodeLogs(window=4), EpisodeLogs(window=4)
    for value in (1.0, 2.0, 3.0):
        logs.add(log(1, run=value))
    again.restore(json.loads(json.dumps(logs.state())))
    for each in (logs, again):
        each.add(log(2, run=5.0))
    assert again.means() == logs.means() == {"episode/run": pytest.approx(3.75)}
