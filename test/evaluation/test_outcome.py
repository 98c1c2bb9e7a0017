"""What episodes come to, and how two policies compare on the same ones."""

import pytest

from dnne_ros.evaluation.outcome import Comparison, Episode, Outcome, read_outcome


def outcome(returns, policy="mine", seed=0, success=None):
    return Outcome(policy, [
        Episode(seed, env, each, 10, "terminated" if each < 5 else "time limit", success)
        for env, each in enumerate(returns)])


def test_figures_of_episodes():
    found = outcome([1.0, 3.0, 8.0]).as_dict(None)
    assert found["mean_return"]["value"] == 4.0 and found["median"] == 3.0
    assert (found["least"], found["most"]) == (1.0, 8.0)
    assert found["ends"]["terminated"]["value"] == pytest.approx(2 / 3)
    assert found["success"] is None, "the task says nothing of it"
    assert outcome([1.0, 3.0, 8.0]).success(3.0).value == pytest.approx(2 / 3)
    assert outcome([1.0, 3.0], success=True).success(None).value == 1.0


def test_seeds_apart():
    both = Outcome("mine", [*outcome([1.0, 3.0]).episodes, *outcome([5.0], seed=1).episodes])
    assert {seed: mean.value for seed, mean in both.of_seed().items()} == {0: 2.0, 1: 5.0}


def test_a_difference_is_found_episode_by_episode():
    """By themselves, 1 to 30 and 2 to 31 look alike; each episode returns one more."""
    lower, higher = ([float(each) for each in range(first, first + 30)] for first in (1, 2))
    found = Comparison(outcome(higher), outcome(lower, "old"))
    assert found.differences == [1.0] * 30 and found.better == 1.0
    assert found.verdict == "mine is better"
    assert Comparison(outcome(lower), outcome(higher, "old")).verdict == "old is better"


def test_what_episodes_do_not_show_is_said():
    found = Comparison(outcome([1.0, 9.0]), outcome([9.0, 1.0], "old"))
    assert found.better == 0.5
    assert found.verdict == "these episodes do not show which is better"


def test_reports_are_read_seed_by_seed():
    report = {"metrics": {"evaluation": [
        {"environment": 3, "return": 7.0, "length": 4, "end": "terminated", "success": None}]}}
    assert read_outcome("c", {5: report}).episodes == [Episode(5, 3, 7.0, 4, "terminated", None)]
