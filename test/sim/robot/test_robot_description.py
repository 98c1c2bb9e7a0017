"""The URDF of an MJCF moves as the MJCF does."""

from pathlib import Path
from xml.etree import ElementTree

import gymnasium
import mujoco
import numpy as np
import pytest

from dnne_ros.sim.robot.robot_description import described
from dnne_ros.sim.robot.robot_model import RobotFile, load_robot

GYMNASIUM = Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets"
TURNED = """
<mujoco><compiler angle="radian"/><worldbody>
  <body name="a" pos="1 2 3" euler="0.3 -0.4 0.5">
    <joint name="h" axis="0 1 1" pos="0.1 0.2 0" ref="0.4"/>
    <joint name="s" type="slide" axis="1 0 0" ref="-0.2" pos="0 0 0.3"/>
    <geom type="capsule" fromto="0 0 0 1 1 0" size="0.1"/>
    <body name="b" pos="0 0 1" euler="1 0 0"><joint name="k" axis="1 2 3"/>
      <geom type="box" size="1 2 3"/><site name="hand" pos="0 0 1"/></body>
  </body></worldbody>
  <sensor><force site="hand"/></sensor>
</mujoco>"""


def as_urdf(robot):
    """Return what MuJoCo makes of the URDF; links between joints have no mass."""
    spec = mujoco.MjSpec.from_string(described(robot))
    spec.compiler.fusestatic, spec.compiler.balanceinertia = False, True
    spec.compiler.boundmass = spec.compiler.boundinertia = 1e-9
    return spec.compile()


@pytest.mark.parametrize("name", ["ant", "humanoid", "half_cheetah", "turned"])
def test_links_are_where_bodies_are(tmp_path, name):
    file = GYMNASIUM / f"{name}.xml"
    if name == "turned":
        file = tmp_path / "turned.xml"
        file.write_text(TURNED)
    robot = load_robot(RobotFile(str(file)))
    model, urdf = robot.model, as_urdf(robot)
    one, other = mujoco.MjData(model), mujoco.MjData(urdf)
    angles = np.random.default_rng(0).uniform(-1.0, 1.0, len(robot.joints))
    for joint, angle in zip(robot.joints, angles):
        one.joint(joint).qpos[0] = other.joint(joint).qpos[0] = angle
    mujoco.mj_kinematics(model, one)
    mujoco.mj_kinematics(urdf, other)
    start = robot.base_body
    turn = one.xmat[start].reshape(3, 3)
    named = [index for index in range(1, model.nbody) if model.body(index).name]
    assert len(named) > 1
    for index in named:
        found = other.body(model.body(index).name)
        assert found.xpos == pytest.approx(turn.T @ (one.xpos[index] - one.xpos[start]), abs=1e-6)
        assert found.xmat.reshape(3, 3) == pytest.approx(
            turn.T @ one.xmat[index].reshape(3, 3), abs=1e-6)


def test_what_is_seen_and_sensed_is_in_it(tmp_path):
    file = tmp_path / "turned.xml"
    file.write_text(TURNED)
    root = ElementTree.fromstring(described(load_robot(RobotFile(str(file)))))
    assert {"world", "a", "b", "hand"} <= {link.get("name") for link in root.iter("link")}
    shapes = [shape.tag for geometry in root.iter("geometry") for shape in geometry]
    assert shapes == ["cylinder", "sphere", "sphere", "box"]
    assert {joint.get("name"): joint.get("type") for joint in root.iter("joint")
            if joint.get("type") != "fixed"} == {
        "h": "continuous", "s": "prismatic", "k": "continuous"}
