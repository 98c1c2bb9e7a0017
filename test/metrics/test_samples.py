"""Figures of several processes, and what strangers may say in their place."""

import math

import pytest

from dnne_ros.metrics.samples import Samples


def only(samples):
    (_, _, value), = samples
    return value


def test_what_two_processes_say_of_one_thing():
    first, second = Samples(), Samples()
    first.put("training_episodes", ("/g",), 7)
    second.put("training_episodes", ("/g",), 9)  # the trainer and who tracks the simulation
    first.merge(second)
    assert only(first) == 9
    first.merge(first)
    assert only(first) == 9


def test_numbers_that_are_none_survive_the_way():
    samples = Samples()
    samples.put("training_loss", ("/g",), math.inf)
    assert only(Samples.from_plain(samples.to_plain())) == math.inf


def test_a_figure_needs_its_labels():
    with pytest.raises(ValueError, match=r"run_paused has the labels \('graph',\), found \(\)"):
        Samples().put("run_paused", (), 1)


@pytest.mark.parametrize("plain", [
    {"invented": [[["/g"], 1]]}, {"run_paused": [[["/g"]]]}, {"run_paused": [[["/g"], None]]},
    {"run_paused": [[[], 1]]}, {"run_paused": 1}, {"checkpoint_duration_seconds": [[["/g"], []]]},
    {"checkpoint_duration_seconds": [[["/g"], [0.1, 1, 2]]]}, {"run_paused": [[["/g"], "x"]]}])
def test_what_means_nothing_is_refused(plain):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Samples.from_plain(plain)
