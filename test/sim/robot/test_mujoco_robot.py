"""A robot of the desk beside MuJoCo, stepped by hand."""

from pathlib import Path

import gymnasium
import mujoco
import numpy as np
import pytest

from dnne_ros.errors import InputError
from dnne_ros.sim.robot.drives import DriveSettings
from dnne_ros.sim.robot.mujoco_robot import MujocoRobot
from dnne_ros.sim.robot.robot_model import RobotFile, load_robot
from dnne_ros.sim.simulator import SimulationError

ARM = Path(__file__).parents[3] / "docs" / "examples" / "arm.xml"
LOWER = 2
"""The number of the arm's lower body."""
ANT = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / "ant.xml"


def settings(joints, kp=0.0, kd=0.0, max_effort=np.inf, max_speed=np.inf, **values):
    return DriveSettings(*(np.full(joints, value) for value in (kp, kd, max_effort, max_speed)),
                         **values)


def robot(path=ARM, control="effort", start="", **values):
    model = load_robot(RobotFile(str(path)))
    joints = () if control == "actuators" else model.driven
    return MujocoRobot(model, control, joints, settings(len(joints), **values), start)


def by_hand(path, push):
    """Step MuJoCo's own model; ``push(model, data, step)`` says what moves it."""
    model = mujoco.MjModel.from_xml_path(str(path))
    data = mujoco.MjData(model)
    step = 0
    while True:
        push(model, data, step)
        mujoco.mj_step(model, data)
        step += 1
        yield np.concatenate([data.qpos, data.qvel])


def state(moved):
    return np.concatenate([moved.data.qpos, moved.data.qvel])


def test_efforts_move_an_arm_as_mujoco_moves_it():
    efforts = np.random.default_rng(0).normal(0.0, 2.0, (1000, 2))

    def push(model, data, step):
        data.qfrc_applied[:] = efforts[step]

    arm = robot()
    for effort, expected in zip(efforts, by_hand(ARM, push)):
        arm.command(effort)
        arm.step()
        assert state(arm) == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize("control", ["actuators", "effort"])
def test_an_ant_walks_as_mujoco_moves_it(control):
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (500, 8))
    ant = robot(ANT, control)
    model = ant.robot.model
    # Motors with gears, in another order than the joints that they move.
    order = [ant.robot.driven.index(model.joint(joint).name)
             for joint in model.actuator_trnid[:, 0]]

    def push(model, data, step):
        data.ctrl[:] = actions[step]

    for action, expected in zip(actions, by_hand(ANT, push)):
        if control == "actuators":
            ant.command(action)
        else:
            efforts = np.empty(8)
            efforts[order] = action * model.actuator_gear[:, 0]
            ant.command(efforts)
        ant.step()
        assert state(ant) == pytest.approx(expected, rel=0, abs=1e-9)


@pytest.mark.parametrize("control, kp", [("position", 30.0), ("velocity", 0.0)])
def test_gains_push_as_they_would_by_hand(control, kp):
    kd, wanted = 0.5, np.array([0.4, -0.2])

    def push(model, data, step):
        if control == "position":
            data.qfrc_applied[:] = kp * (wanted - data.qpos) - kd * data.qvel
        else:
            data.qfrc_applied[:] = kd * (wanted - data.qvel)

    arm = robot(control=control, kp=kp, kd=kd)
    arm.command(wanted)
    for _, expected in zip(range(500), by_hand(ARM, push)):
        arm.step()
        assert state(arm) == pytest.approx(expected, rel=0, abs=1e-9)


def test_a_reset_is_a_beginning():
    arm = robot(start={"shoulder": 0.3})
    found = []
    for _ in range(2):
        arm.command(np.array([1.0, 0.5]))
        arm.push(LOWER, np.array([5.0, 0, 0, 0, 0, 0]), 0.02)
        arm.step(50)
        found.append(state(arm))
        arm.reset()
        assert state(arm).tolist() == [0.3, 0.0, 0.0, 0.0] and arm.commands == 0
    assert found[0].tolist() == found[1].tolist()
    arm.step(50)
    assert abs(state(arm) - found[0]).max() > 0.01  # nothing is left of command and push


def test_a_push_acts_on_its_body_for_its_time():
    def push(model, data, step):
        data.xfrc_applied[LOWER] = [3.0, 0, 0, 0, 0, 0] if step < 10 else 0.0

    arm = robot()
    arm.push(LOWER, np.array([3.0, 0, 0, 0, 0, 0]), 10 * arm.step_seconds)
    for _, expected in zip(range(30), by_hand(ARM, push)):
        arm.step()
        assert state(arm) == pytest.approx(expected, rel=0, abs=1e-9)


def test_a_trajectory_is_followed():
    arm = robot(control="position", kp=300.0, kd=2.0)
    arm.follow([0.5, 1.0], np.array([[0.4, 0.2], [0.4, -0.2]]))
    for expected in ([0.2, 0.1], [0.4, 0.2], [0.4, 0.0], [0.4, -0.2]):
        arm.step(125)
        assert arm.data.qpos == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0, 3.0], [1.0, np.nan], [np.inf, 0.0]])
def test_a_command_that_is_none_is_refused(values):
    arm = robot()
    with pytest.raises(ValueError, match="expected 2 numbers|not finite"):
        arm.command(np.array(values))
    assert arm.commands == 0


def test_physics_that_diverge_are_said_to():
    arm = robot(control="velocity", kd=1000.0)
    arm.command(np.array([5.0, 5.0]))
    with pytest.warns(RuntimeWarning, match="MuJoCo"), \
            pytest.raises(SimulationError, match=r"arm.xml: the physics has diverged after 0\.\d"):
        for _ in range(1000):
            arm.step()


def test_a_start_that_the_model_does_not_have():
    with pytest.raises(InputError, match="expected joints of shoulder, elbow, found wrist"):
        robot(start={"wrist": 1.0})
    with pytest.raises(InputError, match="expected a keyframe .it has none."):
        robot(start="home")


def test_the_base_moves_in_its_own_axes():
    ant = robot(ANT)
    # Turned by a quarter to the left; it moves along the world's y, which is its own x.
    ant.data.qpos[3:7] = [np.sqrt(0.5), 0, 0, np.sqrt(0.5)]
    ant.data.qvel[:6] = [0, 2, 0, 0, 0, 1]
    base = ant.base_reading()
    assert base.linear == pytest.approx([2, 0, 0]) and base.angular == pytest.approx([0, 0, 1])
    assert base.rotation == pytest.approx([0, 0, np.sqrt(0.5), np.sqrt(0.5)])
    assert robot(ARM).base_reading() is None
