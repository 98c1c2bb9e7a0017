"""What the operating system does not permit is said."""

import os

import pytest

from dnne_ros.errors import InputError
from dnne_ros.graph.resources import Resources
from dnne_ros.runtime.process_resources import take_resources


def test_what_is_not_permitted_is_a_warning(monkeypatch):
    def refuse(*_):
        raise PermissionError
    monkeypatch.setattr(os, "setpriority", refuse)
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    said = []
    take_resources("control", Resources(nice=-5, realtime=9), said.append)
    assert [text.split(";")[0] for text in said] == [
        "process control: nice -5 is not permitted",
        "process control: realtime 9 is not permitted"]


def test_gpus_are_those_that_the_user_shows(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    take_resources("learn", Resources(gpus=(1,)), pytest.fail)
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "5"
    with pytest.raises(InputError, match="GPU 1: CUDA_VISIBLE_DEVICES shows 1"):
        take_resources("learn", Resources(gpus=(1,)), pytest.fail)
