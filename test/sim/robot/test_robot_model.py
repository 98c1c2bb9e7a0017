"""Robots' files: what they are called by, and what of them is refused."""

import os

import numpy as np
import pytest

from dnne_ros.errors import InputError
from dnne_ros.sim.robot.robot_model import RobotFile, load_robot
from dnne_ros.sim.robot.robot_sensors import sensor_groups

LEG = """
<robot name="leg">
  <link name="base"><inertial><mass value="2"/>
    <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><geometry><box size="0.2 0.2 0.2"/></geometry></collision>{mesh}</link>
  <link name="thigh"><inertial><mass value="1"/>
    <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><geometry><box size="0.2 0.2 0.2"/></geometry></collision></link>
  <joint name="hip" type="revolute"><parent link="base"/><child link="thigh"/>
    <axis xyz="0 1 0"/><limit lower="-1" upper="1" effort="5" velocity="3"/></joint>
</robot>"""
SENSING = """
<mujoco><worldbody><body name="box"><freejoint/><geom size="0.1"/>
  <site name="imu site"/><site name="foot"/></body></worldbody>
  <sensor><gyro site="imu site"/><force site="foot"/><torque site="foot"/><touch site="foot"/>
  <jointpos joint="j"/></sensor></mujoco>""".replace('<jointpos joint="j"/>', "")
TETRAHEDRON = """
v 0 0 0
v 1 0 0
v 0 1 0
v 0 0 1
f 1 3 2
f 1 2 4
f 1 4 3
f 2 3 4
"""


@pytest.fixture
def written(tmp_path):
    """Write a model; return how it is loaded with some settings."""
    def write(text, name="robot.xml", **settings):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return load_robot(RobotFile(str(file), **settings))
    return write


def test_a_urdf_says_limits_and_does_not_push_itself_apart(written):
    leg = written(LEG.format(mesh=""), "leg.urdf")
    assert leg.joints == leg.driven == ("hip",) and leg.base == ""
    assert leg.max_effort.tolist() == [5.0] and leg.max_speed.tolist() == [3.0]
    assert "<robot" in leg.urdf
    import mujoco

    data = mujoco.MjData(leg.model)
    mujoco.mj_forward(leg.model, data)
    assert data.ncon == 0  # the boxes overlap


def test_joints_without_names_have_numbers(written):
    """Only some are driven: who drives them is known by the joint, not by its name."""
    body = '<body><joint {name} axis="0 1 0"/><geom size=".1"/>{rest}</body>'
    robot = written(
        "<mujoco><worldbody>"
        + body.format(name="", rest=body.format(name='name="knee"', rest=body.format(
            name="", rest="")))
        + '</worldbody><actuator><motor joint="knee"/></actuator></mujoco>')
    assert robot.joints == ("joint_0", "knee", "joint_2")
    assert robot.driven == ("knee",)


def test_a_urdf_can_float_above_a_floor(written):
    leg = written(LEG.format(mesh=""), "leg.urdf", floating=True, floor=True, timestep=0.004)
    assert leg.base == "base" and leg.joints == ("hip",)
    assert leg.model.opt.timestep == 0.004
    imu, = sensor_groups(leg)
    assert (imu.kind, imu.frame) == ("imu", "base")
    assert set(imu.parts) == {"orientation", "angular_velocity", "linear_acceleration"}


def test_what_is_free_already_cannot_be_let_go(written):
    with pytest.raises(InputError, match="expected one root body without joints, found box with"):
        written(SENSING, floating=True)


def test_sensors_at_one_site_are_one_message(written):
    groups = {(group.kind, group.name): group for group in sensor_groups(written(SENSING))}
    assert groups.keys() == {("imu", "imu_site"), ("wrench", "foot"), ("contact", "foot")}
    assert set(groups["imu", "imu_site"].parts) == {"angular_velocity"}
    assert groups["imu", "imu_site"].frame == "imu site"
    numbers = groups["wrench", "foot"].read(np.arange(10.0))
    assert {name: each.tolist() for name, each in numbers.items()} == {
        "force": [3, 4, 5], "torque": [6, 7, 8]}


def mjcf(asset="", compiler=""):
    return (f"<mujoco>{compiler}<asset>{asset}</asset><worldbody><body><joint name='j'/>"
            "<geom size='1'/></body></worldbody></mujoco>")


@pytest.mark.parametrize("asset, compiler, named", [
    ("<mesh name='m' file='../m.stl'/>", "", "../m.stl"),
    ("<mesh name='m' file='m.stl'/>", "<compiler meshdir='..'/>", "m.stl"),
    ("<mesh name='m' file='m.stl'/>", "<compiler assetdir='/usr/share'/>", "m.stl"),
    ("<texture name='t' type='cube' fileright='/etc/t.png'/>", "", "/etc/t.png"),
    ("<hfield name='h' file='link/h.png' size='1 1 1 1'/>", "", "link/h.png")])
def test_files_outside_of_the_folder_are_refused(written, tmp_path, asset, compiler, named):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "robot").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "robot" / "link")
    with pytest.raises(InputError) as caught:
        written(mjcf(asset, compiler), "robot/robot.xml")
    folder = tmp_path / "robot"
    assert f"expected files in {folder}, found '{named}' in robot.xml" in str(caught.value)
    assert "the widget 'assets' names a further folder" in str(caught.value)


def test_what_an_included_file_names_is_looked_at_too(written, tmp_path):
    (tmp_path / "part.xml").write_text(
        "<mujoco><asset><mesh name='m' file='/etc/m.stl'/></asset></mujoco>")
    with pytest.raises(InputError, match="found '/etc/m.stl' in part.xml"):
        written(mjcf().replace("<asset>", "<include file='part.xml'/><asset>"))


def test_an_error_in_an_included_file_is_said_of_that(written, tmp_path):
    (tmp_path / "part.xml").write_text("<mujoco>\n<worldbody>\n<geom colour='red'/></worldbody>"
                                       "</mujoco>")
    with pytest.raises(InputError, match="part.xml: .*unrecognized attribute: 'colour'.* line 3"):
        written(mjcf().replace("<asset>", "<include file='part.xml'/><asset>"))


def test_what_is_no_model_is_refused(written, tmp_path):
    for text in ("", "no xml", "<svg/>", "<mujoco><worldbody>"):
        with pytest.raises(InputError, match="robot.xml: "):
            written(text)
    with pytest.raises(InputError, match=f"{tmp_path}: expected a file, MJCF or URDF, found a"):
        load_robot(RobotFile(str(tmp_path)))


def test_files_of_a_package_are_found_where_they_are_asked_for(written, tmp_path):
    mesh = ('<collision><geometry><mesh filename="package://leg/meshes/t.obj"/></geometry>'
            "</collision>")
    package = tmp_path / "leg"
    (package / "meshes").mkdir(parents=True)
    (package / "meshes" / "t.obj").write_text(TETRAHEDRON)
    with pytest.raises(InputError, match="package://leg/meshes/t.obj"):
        written(LEG.format(mesh=mesh), "leg/urdf/leg.urdf")
    for assets in (package, tmp_path):
        leg = written(LEG.format(mesh=mesh), "leg/urdf/leg.urdf", assets=str(assets))
        assert leg.model.nmesh == 1
        assert leg.files == (package / "urdf" / "leg.urdf", package / "meshes" / "t.obj")


def test_a_file_that_has_changed_is_read_again(written):
    assert written(mjcf()).joints == ("j",)
    assert written(mjcf().replace("'j'", "'k'")).joints == ("k",)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="robot.xml: cannot be read: No such file"):
        load_robot(RobotFile(str(tmp_path / "robot.xml")))
