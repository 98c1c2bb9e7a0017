"""Parts of a robot's state add up, each part for a limited time."""

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from dnne_ros.messages.gathering import PartGatherer
from dnne_ros.messages.reading import NumberReader


def say(**joints):
    """Return a message with name=(position, velocity)."""
    position, velocity = zip(*joints.values()) if joints else ((), ())
    return JointState(name=list(joints), position=list(position), velocity=list(velocity))


class Robot:
    """A gatherer of three joints, and the time."""

    def __init__(self, age=0.5, all_new=False, order="elements"):
        reader = NumberReader(JointState, "position,velocity", names=["a", "b", "c"], order=order)
        self.gatherer = PartGatherer(reader)
        self.age = age
        self.all_new = all_new

    def hear(self, at, **joints):
        found = self.gatherer.add(say(**joints), at, self.age, all_new=self.all_new)
        return None if found is None else found.tolist()

    def complaint(self, at):
        return self.gatherer.complaint(at, self.age)


def test_a_whole_message_is_read_as_it_is():
    robot = Robot()
    assert robot.hear(1.0, c=(5.0, 6.0), a=(1.0, 2.0), b=(3.0, 4.0)) == [1, 2, 3, 4, 5, 6]
    assert not robot.gatherer.gathers and robot.complaint(1.0) == ""


@pytest.mark.parametrize("order, expected", [
    ("elements", [1, 2, 3, 4, 5, 6]), ("fields", [1, 3, 5, 2, 4, 6])])
def test_parts_add_up_in_the_wanted_order(order, expected):
    robot = Robot(order=order)
    assert robot.hear(1.0, c=(5.0, 6.0)) is None
    assert robot.hear(1.1, b=(3.0, 4.0), x=(9.0, 9.0)) is None
    assert robot.hear(1.2, a=(1.0, 2.0)) == expected


def test_the_newest_numbers_count_whoever_says_them():
    robot = Robot()
    robot.hear(1.0, a=(0.0, 0.0), b=(0.0, 0.0))
    robot.hear(1.1, b=(3.0, 4.0))
    assert robot.hear(1.2, c=(5.0, 6.0)) == [0, 0, 3, 4, 5, 6]
    assert robot.hear(1.3, a=(1.0, 2.0), b=(7.0, 8.0), c=(9.0, 9.0)) == [1, 2, 7, 8, 9, 9]


def test_a_joint_that_is_too_old_is_missed_and_named_until_it_is_back():
    robot = Robot(age=0.5)
    robot.hear(1.0, a=(1.0, 2.0), b=(3.0, 4.0))
    assert robot.hear(1.1, c=(5.0, 6.0)) is not None
    assert robot.hear(1.5, a=(1.0, 2.0), b=(3.0, 4.0)) is not None  # c is 0.4 s old
    assert robot.hear(1.75, a=(1.0, 2.0), b=(3.0, 4.0)) is None
    assert robot.complaint(1.75) == "c is 0.65 s old"
    assert robot.hear(1.8, c=(7.0, 8.0)) == [1, 2, 3, 4, 7, 8]
    assert robot.complaint(1.8) == ""


def test_a_joint_that_never_comes_is_named_with_those_that_do_but_not_at_the_start():
    robot = Robot(age=0.5)
    robot.hear(1.0, a=(1.0, 2.0), gripper=(0.0, 0.0))
    assert robot.complaint(1.1) == ""
    robot.hear(1.6, a=(1.0, 2.0))
    assert robot.complaint(1.6) == "nothing of b, c so far, only of a, gripper"


def test_strangers_alone_are_no_part():
    robot = Robot(age=0.5)
    assert robot.hear(1.0, gripper=(0.0, 0.0)) is None
    assert robot.gatherer.gathers
    assert robot.hear(2.0, gripper=(0.0, 0.0)) is None
    assert robot.complaint(2.0) == "nothing of a, b, c so far, only of gripper"
    assert robot.hear(2.1, a=(1.0, 2.0), b=(3.0, 4.0), c=(5.0, 6.0)) == [1, 2, 3, 4, 5, 6]
    assert robot.complaint(2.2) == ""


def test_without_a_rate_each_whole_is_of_new_numbers():
    """One that speaks ten times as often does not give ten times as many wholes."""
    robot = Robot(all_new=True)
    wholes = [robot.hear(1.0 + 0.01 * step, a=(step, 0.0), b=(0.0, 0.0)) for step in range(10)]
    assert wholes == [None] * 10
    assert robot.hear(1.1, c=(5.0, 6.0)) == [9, 0, 0, 0, 5, 6]
    assert robot.hear(1.11, c=(5.0, 6.0)) is None


def test_a_message_that_does_not_fit_its_names_leaves_nothing_behind():
    robot = Robot()
    robot.hear(1.0, a=(1.0, 2.0), b=(3.0, 4.0))
    broken = JointState(name=["c", "a"], position=[7.0, 7.0], velocity=[])
    with pytest.raises(ValueError, match="0 elements of velocity, and 2 names"):
        robot.gatherer.add(broken, 1.1, 0.5, all_new=False)
    assert robot.hear(1.2, c=(5.0, 6.0)) == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="the message names nothing"):
        robot.hear(1.3)


def test_the_numbers_given_are_the_callers_own():
    robot = Robot()
    robot.hear(1.0, a=(1.0, 2.0), b=(3.0, 4.0))
    first = robot.gatherer.add(say(c=(5.0, 6.0)), 1.1, 0.5, all_new=False)
    robot.hear(1.2, c=(9.0, 9.0))
    assert np.array_equal(first, [1, 2, 3, 4, 5, 6])


def test_a_part_after_a_whole_adds_to_it():
    robot = Robot(age=0.5)
    robot.hear(1.0, a=(1.0, 2.0), b=(3.0, 4.0), c=(5.0, 6.0))
    assert robot.hear(1.1, b=(7.0, 8.0)) == [1, 2, 7, 8, 5, 6]
    assert robot.gatherer.oldest == 1.0
    assert robot.hear(1.6, b=(7.0, 8.0)) is None
    assert robot.complaint(1.7) == "a is 0.7 s old; c is 0.7 s old"


def test_strangers_after_a_whole_say_nothing_new():
    robot = Robot()
    robot.hear(1.0, a=(1.0, 2.0), b=(3.0, 4.0), c=(5.0, 6.0))
    assert robot.hear(1.1, grip=(9.0, 9.0)) is None
    assert robot.gatherer.oldest == 1.0
    assert robot.hear(1.2, a=(0.0, 0.0), b=(3.0, 4.0), c=(5.0, 6.0)) == [0, 0, 3, 4, 5, 6]


@pytest.mark.parametrize("order", ["elements", "fields"])
def test_parts_add_to_a_whole_that_was_read_without_its_message(order):
    robot, same = Robot(order=order), Robot(order=order)
    whole = same.gatherer.reader.read(say(a=(1.0, 2.0), b=(3.0, 4.0), c=(5.0, 6.0)))
    same.hear(1.0, a=(1.0, 2.0), b=(3.0, 4.0), c=(5.0, 6.0))
    robot.gatherer.note_whole(whole, 1.0)
    assert robot.gatherer.oldest == 1.0 and not robot.gatherer.gathers
    for at, part in ((1.1, {"b": (7.0, 8.0)}), (1.2, {"c": (9.0, 9.5), "a": (0.5, 0.25)})):
        assert robot.hear(at, **part) == same.hear(at, **part) is not None
    assert robot.hear(1.7, a=(1.0, 1.0)) is None, "b is too old"
