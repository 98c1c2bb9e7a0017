"""The URDF against the task's numbers, read by two peers: an XML parser and MuJoCo."""

from xml.etree import ElementTree

import numpy as np
import pytest

from dnne_ros.sim import cartpole


@pytest.fixture(scope="module")
def robot():
    return ElementTree.fromstring(cartpole.description())


def test_links_and_joints_make_a_tree(robot):
    links = [link.get("name") for link in robot.findall("link")]
    joints = robot.findall("joint")
    assert robot.get("name") == "cartpole"
    assert tuple(joint.get("name") for joint in joints) == cartpole.JOINTS
    assert [joint.get("type") for joint in joints] == ["prismatic", "continuous"]
    assert [joint.find("axis").get("xyz") for joint in joints] == ["0 1 0", "1 0 0"]
    children = [joint.find("child").get("link") for joint in joints]
    parents = [joint.find("parent").get("link") for joint in joints]
    assert [parents[0], *children] == links == ["slider", "cart", "pole"]
    assert parents[1] == children[0]
    for joint in joints:
        assert float(joint.find("limit").get("effort")) >= cartpole.MAX_EFFORT
    limit = joints[0].find("limit")
    assert float(limit.get("lower")) < -cartpole.RAIL_LIMIT
    assert float(limit.get("upper")) > cartpole.RAIL_LIMIT


def test_sizes_and_masses_are_the_tasks(robot):
    pole = robot.find("link[@name='pole']")
    assert pole.find("visual/geometry/box").get("size") == " ".join(map(str, cartpole.POLE_SIZE))
    origin = [float(number) for number in pole.find("inertial/origin").get("xyz").split()]
    assert origin == [0.0, 0.0, cartpole.POLE_CENTRE]


def test_mujoco_reads_the_same_inertia():
    mujoco = pytest.importorskip("mujoco")
    model = mujoco.MjModel.from_xml_string(cartpole.description())
    cart, pole = model.body("cart"), model.body("pole")
    assert (cart.mass[0], pole.mass[0]) == (cartpole.CART_MASS, cartpole.POLE_MASS)
    x, y, z = cartpole.POLE_SIZE
    box = cartpole.POLE_MASS / 12 * np.array([y * y + z * z, x * x + z * z, x * x + y * y])
    assert np.sort(pole.inertia) == pytest.approx(np.sort(box), abs=1e-6)
    assert pole.ipos == pytest.approx([0.0, 0.0, cartpole.POLE_CENTRE])
    assert tuple(model.joint(at).name for at in range(model.njnt)) == cartpole.JOINTS
