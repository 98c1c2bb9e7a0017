"""The gate's states, by the times and numbers that are given to it."""

import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from dnne_ros.nodes.robot.command_limits import CommandLimits
from dnne_ros.nodes.robot.gate import Gate, GateSettings

TIMEOUT = 0.1
ZERO, ONE = np.zeros(2), np.ones(2)


def settings(**changes):
    """Return those of two positions, or of what ``changes`` say."""
    return GateSettings(**{
        "is_position": True, "limits": CommandLimits.parse(2, "[-2, 2]", "4"), "safe": None,
        "start": None, "tolerance": 0.05, "low": np.full(2, -math.inf),
        "high": np.full(2, math.inf), "fastest": np.full(2, math.inf), "hold_seconds": 0.0,
        "fade_seconds": 0.5, "latch": "bounds", **changes})


def efforts(**changes):
    return settings(is_position=False, safe=ZERO,
                    limits=CommandLimits.parse(2, "[-10, 10]", ""), **changes)


class Robot:
    """A gate in a world in which a step takes 10 ms, and all speak at each."""

    def __init__(self, gate_settings, position=ZERO):
        self.now = 100.0
        self.gate = Gate(gate_settings, TIMEOUT, self.now)
        self.position = position
        self.velocity = ZERO
        self.commands = []

    def steps(self, count, action=ONE, senses=True):
        """Go on; ``action`` None: the policy is silent.  Returns what was commanded."""
        before = len(self.commands)
        for _ in range(count):
            self.now += 0.01
            if senses:
                self.gate.sense(self.position, self.velocity, self.now)
            command = None if action is None else self.gate.act(np.array(action), self.now)
            if command is None:
                command = self.gate.tick(self.now)
            if command is not None:
                self.commands.append(command)
        return self.commands[before:]


def test_actions_fade_in_and_then_count():
    robot = Robot(efforts())
    found = np.array(robot.steps(80, action=[4.0, -8.0]))
    assert robot.gate.state == "run" and found[-1].tolist() == [4.0, -8.0]
    assert found[0].tolist() == [0.0, 0.0]
    assert found[25] == pytest.approx([2.0, -4.0], abs=0.2)  # half of the time
    assert np.abs(np.diff(found[:, 1])).max() <= 8.0 / 50 + 1e-9


def test_a_position_begins_where_the_joint_is():
    robot = Robot(settings(), position=np.array([0.75, -0.5]))
    found = np.array(robot.steps(200))
    assert found[0].tolist() == [0.75, -0.5] and found[-1].tolist() == [1.0, 1.0]
    assert np.abs(np.diff(found, axis=0)).max() <= 4 * 0.01 + 1e-9


def test_the_start_pose_comes_first():
    robot = Robot(settings(start=np.array([0.5, 0.5]), hold_seconds=0.2))
    found = np.array(robot.steps(50))
    assert found[-1].tolist() == [0.5, 0.5] and robot.gate.state == "hold"
    assert robot.gate.reason == "the joints are not at start_pose"
    assert np.abs(np.diff(found, axis=0)).max() <= 4 * 0.01 + 1e-9
    robot.position = np.array([0.5, 0.46])
    robot.steps(19)
    assert robot.gate.state == "hold"
    robot.steps(5)
    assert robot.gate.state == "fade"


def test_efforts_wait_for_the_start_pose():
    robot = Robot(efforts(start=np.array([0.5, 0.5])))
    assert not np.any(robot.steps(30)) and robot.gate.state == "hold"
    robot.position = np.array([0.5, 0.5])
    robot.steps(100)
    assert robot.gate.state == "run"


@pytest.mark.parametrize("action, senses, reason", [
    (None, True, "no action for 0.1 s"), (ONE, False, "no joint states for 0.1 s")])
def test_silence_is_safe_and_ends_by_itself(action, senses, reason):
    robot = Robot(efforts())
    robot.steps(100)
    assert robot.gate.state == "run"
    quiet = np.array(robot.steps(15, action=action, senses=senses))
    assert robot.gate.state == ("safe" if not senses else "hold")
    assert robot.gate.reason == reason and robot.gate.stops == 1 and robot.gate.forgets
    assert quiet[-1].tolist() == [0.0, 0.0]
    assert (quiet[-5:] == 0.0).all()  # 0.1 s after what was last, and no later
    back = np.array(robot.steps(100))
    assert robot.gate.state == "run" and back[-1].tolist() == [1.0, 1.0]
    assert np.abs(np.diff(back, axis=0)).max() <= 1.0 / 50 + 1e-9


@pytest.mark.parametrize("spoil", [
    lambda robot: robot.gate.act(np.array([0.0, np.nan]), robot.now),
    lambda robot: robot.gate.act(np.array([np.inf, 0.0]), robot.now),
    lambda robot: robot.gate.sense(np.array([np.nan, 0.0]), ZERO, robot.now),
    lambda robot: robot.gate.sense(ZERO, np.array([0.0, -np.inf]), robot.now)])
def test_what_is_not_finite_is_safe_at_once(spoil):
    robot = Robot(efforts())
    robot.steps(100)
    spoil(robot)
    assert robot.gate.state == "safe" and "not finite" in robot.gate.reason
    assert robot.gate.tick(robot.now).tolist() == [0.0, 0.0]
    robot.steps(100)
    assert robot.gate.state == "run"


@pytest.mark.parametrize("changes, move, reason", [
    ({"high": ONE}, {"position": np.array([0.0, 1.5])}, "a joint is beyond its bounds"),
    ({"low": -ONE}, {"position": np.array([-1.5, 0.0])}, "a joint is beyond its bounds"),
    ({"fastest": ONE}, {"velocity": np.array([0.0, -1.5])}, "a joint is faster than it may be")])
def test_a_bound_of_the_robot_lasts_until_it_is_released(changes, move, reason):
    robot = Robot(efforts(**changes))
    robot.steps(100)
    vars(robot).update(move)
    robot.steps(1)
    assert (robot.gate.state, robot.gate.reason) == ("safe", reason) and robot.gate.latched
    robot.position = robot.velocity = ZERO
    assert not np.any(robot.steps(200)) and robot.gate.state == "safe"
    robot.gate.forgets = False
    robot.gate.release()
    assert robot.gate.forgets
    robot.steps(100)
    assert robot.gate.state == "run"


def test_a_robot_that_is_still_out_of_bounds_stops_again():
    robot = Robot(efforts(high=ONE))
    robot.position = np.array([0.0, 1.5])
    robot.steps(10)
    robot.gate.release()
    assert not np.any(robot.steps(100)) and robot.gate.latched and robot.gate.state == "safe"


@pytest.mark.parametrize("latch, ends", [("all", False), ("bounds", True), ("none", True)])
def test_which_stops_last(latch, ends):
    robot = Robot(efforts(latch=latch))
    robot.steps(100)
    robot.steps(20, action=None)
    robot.steps(100)
    assert (robot.gate.state == "run") == ends
    bound = Robot(efforts(latch=latch, high=ONE))
    bound.steps(100)
    bound.position = 2 * ONE
    bound.steps(1)
    bound.position = ZERO
    bound.steps(100)
    assert (bound.gate.state == "run") == (latch == "none")


def test_a_stop_that_does_not_last_ends_within_the_bounds():
    robot = Robot(efforts(high=ONE, latch="none"))
    robot.position = 2 * ONE
    assert not np.any(robot.steps(100)) and robot.gate.state == "safe"
    robot.position = ZERO
    robot.steps(100)
    assert robot.gate.state == "run"


def test_a_joint_beyond_the_limits_of_commands_is_led_back():
    robot = Robot(settings(), position=np.array([9.0, -3.0]))
    assert robot.steps(1, action=None)[0].tolist() == [2.0, -2.0]


def test_a_joint_is_silent_since_it_spoke_last():
    """Though others speak all the time."""
    robot = Robot(efforts())
    robot.steps(100)
    spoke = robot.now
    for _ in range(9):
        robot.now += 0.01
        robot.gate.sense(ZERO, ZERO, robot.now, spoke)
        robot.gate.act(ONE, robot.now)
    assert robot.gate.state == "run"
    assert robot.gate.due(robot.now, 0.02) == pytest.approx(0.01)
    assert robot.gate.tick(spoke + 0.1001).tolist() == [0.0, 0.0]


def test_positions_are_held_and_moved_to_the_safe_one():
    held = Robot(settings())
    held.steps(200)
    assert (np.array(held.steps(50, senses=False))[-30:] == 1.0).all()
    moved = Robot(settings(safe=np.array([-1.0, 0.5])))
    moved.steps(200)
    found = np.array(moved.steps(100, senses=False))
    assert found[-1].tolist() == [-1.0, 0.5]
    assert np.abs(np.diff(found, axis=0)).max() <= 4 * 0.01 + 1e-9


def test_a_robot_that_is_not_seen_is_not_moved():
    robot = Robot(settings(start=ONE))
    robot.steps(10)
    still = np.array(robot.steps(50, senses=False))
    assert (still[-30:] == still[-1]).all() and (still[-1] < 1.0).all()


def test_nothing_is_commanded_before_the_joints_are_known():
    assert Robot(settings()).steps(50, senses=False) == []


def test_it_says_when_it_must_be_asked_again():
    robot = Robot(efforts())
    assert robot.gate.due(robot.now, 0.02) == 0.02
    robot.steps(100)
    assert robot.gate.due(robot.now + 0.04, 0.02) == pytest.approx(0.06)
    assert robot.gate.due(robot.now + 1.0, 0.02) == 0.0


EVENTS = st.lists(st.tuples(
    st.sampled_from(["sense", "act", "tick", "nan joints", "nan action", "far", "release"]),
    st.floats(0.0, 0.3), st.floats(-5.0, 5.0)), max_size=120)


@given(EVENTS, st.sampled_from(["bounds", "all", "none"]))
def test_no_step_is_above_the_limit_whatever_happens(events, latch):
    """Nor is any command beyond the limits, or of something that is not finite."""
    now, gate = 0.0, Gate(settings(latch=latch, high=4 * ONE), TIMEOUT, 0.0)
    last, sent = None, 0.0
    for what, seconds, number in events:
        now += seconds
        command = None
        if what in ("sense", "far"):
            gate.sense(np.full(2, 9.0 if what == "far" else number / 4), ZERO, now)
        elif what == "nan joints":
            gate.sense(np.full(2, np.nan), ZERO, now)
        elif what == "release":
            gate.release()
        elif what == "tick":
            command = gate.tick(now)
        else:
            command = gate.act(np.full(2, np.nan if what == "nan action" else number), now)
        if command is None:
            continue
        assert np.isfinite(command).all() and (np.abs(command) <= 2.0).all()
        if last is not None:
            assert np.abs(command - last).max() <= 4 * min(now - sent, TIMEOUT) + 1e-9
        last, sent = command, now
