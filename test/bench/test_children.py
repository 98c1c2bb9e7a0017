"""Processes of a case: what they say when they fail, and that none of them stays."""

import os
import signal
import sys
import time

import pytest
from patience import Patience

from dnne_ros.bench.children import CaseFailed, Children, child_environment

LONG = 3600.0
"""Seconds that nothing here takes."""


@pytest.fixture
def children(tmp_path):
    with Children(tmp_path, child_environment()) as children:
        yield children


def python(code):
    return [sys.executable, "-S", "-c", code]


def test_one_that_ends_well_is_waited_for(children):
    children.start("good", python("print('done')"))
    children.wait("good", LONG)


def test_one_that_fails_is_quoted(children):
    children.start("bad", python("raise ValueError('no such edge')"))
    with pytest.raises(CaseFailed, match="bad ended with exit code 1: .*ValueError: no such edge"):
        children.wait("bad", LONG)


def test_a_peer_that_fails_ends_the_wait_for_another(children):
    children.start("sleeper", python("import time; time.sleep(100_000)"))
    children.start("bad", python("raise SystemExit(3)"))
    with pytest.raises(CaseFailed, match="bad ended with exit code 3: it said nothing"):
        children.wait("sleeper", LONG)


def test_one_that_does_not_come_to_an_end_is_named(children):
    children.start("sleeper", python("import time; time.sleep(100_000)"))
    with pytest.raises(CaseFailed, match="sleeper: not ready within 0 s"):
        children.wait("sleeper", 0.05)


def test_all_are_gone_at_the_end_even_stopped_ones_and_children_of_their_own(tmp_path):
    family = ("import subprocess, sys, time\n"
              f"child = subprocess.Popen({python('import time; time.sleep(100_000)')!r})\n"
              "print(child.pid, flush=True)\n"
              "time.sleep(100_000)")
    with Children(tmp_path, child_environment()) as children:
        parent = children.start("parent", python(family))
        stopped = children.start("stopped", python("import time; time.sleep(100_000)"))
        stopped.send_signal(signal.SIGSTOP)
        log = tmp_path / "parent.log"
        children.wait_until(lambda: log.read_text().endswith("\n"), LONG, "the parent's word")
        grandchild = int(log.read_text())
    assert parent.returncode == stopped.returncode == -signal.SIGTERM
    patience = Patience(lambda: [grandchild])
    while os.path.exists(f"/proc/{grandchild}") and "Z" not in state(grandchild):
        assert not (reason := patience.spent()), reason
        time.sleep(0.01)  # nobody can wait for another's child


def state(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def test_children_find_each_other_on_this_machine_only(monkeypatch):
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE", raising=False)
    assert child_environment()["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    assert child_environment()["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
