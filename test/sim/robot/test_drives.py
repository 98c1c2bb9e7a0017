"""What drives push with, and when."""

import numpy as np
import pytest

from dnne_ros.sim.robot.drives import Drives, DriveSettings
from dnne_ros.sim.robot.targets import Steady, Trajectory

HERE, STILL = np.array([0.5]), np.array([0.0])


def drives(control="effort", **values):
    numbers = {"kp": 10.0, "kd": 2.0, "max_effort": np.inf, "max_speed": np.inf}
    numbers |= {name: values.pop(name) for name in numbers if name in values}
    return Drives(DriveSettings(*(np.array([value]) for value in numbers.values()), **values),
                  control, 1)


def pushed(drive, time=0.0, position=HERE, velocity=STILL):
    effort, = drive.effort(drive.wanted(time, position), position, velocity)
    return effort


@pytest.mark.parametrize("velocity, most, least", [
    (0.0, 4.0, -4.0), (2.5, 3.0, -4.0), (10.0, 0.0, -4.0), (20.0, 0.0, -4.0), (-5.0, 4.0, -2.0)])
def test_efforts_stay_below_what_the_drive_can_do(velocity, most, least):
    drive = drives(max_effort=4.0, max_speed=10.0)
    for wanted, expected in ((100.0, most), (-100.0, least)):
        drive.command(Steady("effort", np.array([wanted])), 0.0)
        assert pushed(drive, velocity=np.array([velocity])) == pytest.approx(expected)


def test_a_fast_drive_without_a_limit_of_effort_pushes_no_further():
    drive = drives(max_speed=10.0)
    drive.command(Steady("effort", np.array([100.0])), 0.0)
    assert pushed(drive, velocity=np.array([5.0])) == 100.0
    assert pushed(drive, velocity=np.array([10.0])) == 0.0


def test_a_delay_is_the_same_for_all_commands():
    drive = drives(delay=0.02)
    drive.command(Steady("effort", np.array([1.0])), 0.0)
    drive.command(Steady("effort", np.array([2.0])), 0.01)
    found = [pushed(drive, time) for time in (0.0, 0.01, 0.02, 0.03, 0.04)]
    assert found == [0.0, 0.0, 1.0, 2.0, 2.0]


@pytest.mark.parametrize("safe, expected", [
    ("zero", 0.0), ("brake", -2.0 * 3.0), ("hold", 10.0 * (0.5 - 0.6) - 2.0 * 3.0)])
def test_drives_that_hear_nothing_are_safe(safe, expected):
    drive = drives(timeout=0.1, safe=safe)
    drive.command(Steady("effort", np.array([7.0])), 1.0)
    assert pushed(drive, 1.1) == 7.0 and not drive.is_safe
    pushed(drive, 1.2)  # at 0.5, which is held
    assert drive.is_safe
    assert pushed(drive, 1.3, np.array([0.6]), np.array([3.0])) == pytest.approx(expected)
    drive.command(Steady("effort", np.array([8.0])), 1.4)
    assert pushed(drive, 1.4) == 8.0 and not drive.is_safe


def test_a_trajectory_lasts_until_its_end():
    drive = drives("position", timeout=0.1, safe="hold")
    drive.command(Trajectory(1.0, HERE, [1.0], np.array([[1.5]])), 1.0)
    wanted = drive.wanted(1.5, HERE)
    assert (wanted.value.tolist(), wanted.velocity.tolist()) == ([1.0], [1.0])
    assert drive.wanted(2.05, HERE).value.tolist() == [1.5] and not drive.is_safe
    assert drive.wanted(2.2, HERE).value.tolist() == [0.5] and drive.is_safe


@pytest.mark.parametrize("times", [[], [-1.0], [1.0, 1.0], [2.0, 1.0]])
def test_times_of_a_trajectory_increase(times):
    with pytest.raises(ValueError, match="time_from_start increases"):
        Trajectory(0.0, HERE, times, np.zeros((len(times), 1)))


def test_own_actuators_get_zeros_or_keep_what_they_had():
    for safe, expected in (("zero", 0.0), ("hold", 3.0)):
        drive = drives("actuators", timeout=0.1, safe=safe)
        assert drive.wanted(0.0, STILL)[1].tolist() == [0.0]
        drive.command(Steady("actuators", np.array([3.0])), 0.0)
        drive.wanted(0.0, STILL)
        assert drive.wanted(1.0, STILL).value.tolist() == [expected] and drive.is_safe
