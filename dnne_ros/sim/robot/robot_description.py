"""The URDF of a model, for RViz and robot_state_publisher, which read no MJCF."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from dnne_ros.sim.quiet_mujoco import mujoco
from dnne_ros.sim.robot.robot_sensors import sensor_groups

if TYPE_CHECKING:
    from dnne_ros.sim.robot.robot_model import RobotModel

_JOINT, _GEOM = mujoco.mjtJoint, mujoco.mjtGeom
_SHOWN_GROUPS = 3
"""Geometry of the groups 0 to 2 is seen, as in MuJoCo's viewer; others only collide."""
_HERE = np.zeros(3)
_AS_IT_IS = np.array([1.0, 0.0, 0.0, 0.0])
_MOST = 1e9


def described(robot: RobotModel) -> str:
    """Return the text of a robot's URDF: its own, or one that moves and looks as its MJCF does.

    Links are called as bodies and joints as joints, so that ``/joint_states`` moves them.  A body
    with several joints has a link for each.  Sites of sensors are links, too.  What a URDF does
    not know (ellipsoids, planes, heightfields, ball joints) is left out.
    """
    return robot.urdf or _Description(robot).text()


class _Description:
    """A URDF that is being written."""

    def __init__(self, robot: RobotModel):
        self._robot, self._model = robot, robot.model
        self._root = ElementTree.Element("robot", name=robot.path.stem)

    def text(self) -> str:
        """Return the whole."""
        if not self._robot.base:
            self._link(0)
        first = self._robot.base_body
        for body in range(1, self._model.nbody):
            if self._model.body_rootid[body] == first or not first:
                self._add(body, is_root=body == first)
        self._add_sites()
        ElementTree.indent(self._root)
        return ElementTree.tostring(self._root, encoding="unicode")

    def _name(self, body: int) -> str:
        if body and body == self._robot.base_body:
            return self._robot.base
        return self._model.body(body).name or f"body_{body}"

    def _add(self, body: int, *, is_root: bool) -> None:
        """Add a body's link, and the joints that lead to it."""
        model, name = self._model, self._name(body)
        self._link(body)
        if is_root:
            return
        parent = self._name(int(model.body_parentid[body]))
        place, turn = model.body_pos[body], model.body_quat[body]
        anchor = _HERE
        first, count = model.body_jntadr[body], model.body_jntnum[body]
        for joint in range(first, first + count):
            if self._joint_name(joint) not in self._robot.joints:
                continue
            child = f"{name}_of_{self._joint_name(joint)}"
            ElementTree.SubElement(self._root, "link", name=child)
            shift, turned = self._without_reference(joint)
            place = place + _rotated(turn, model.jnt_pos[joint] - anchor + shift)
            self._joint(joint, parent, child, place, _product(turn, turned))
            parent, place, turn, anchor = child, _HERE, _AS_IT_IS, model.jnt_pos[joint]
        fixed = ElementTree.SubElement(self._root, "joint", name=f"{name}_fixed", type="fixed")
        _between(fixed, parent, name, place + _rotated(turn, -anchor), turn)

    def _joint_name(self, joint: int) -> str:
        return self._model.joint(joint).name or f"joint_{joint}"

    def _without_reference(self, joint: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where the joint would be at 0: a model is drawn at its ``ref``."""
        model = self._model
        reference = -float(model.qpos0[model.jnt_qposadr[joint]])
        axis = model.jnt_axis[joint]
        if model.jnt_type[joint] == _JOINT.mjJNT_SLIDE:
            return axis * reference, _AS_IT_IS
        turned = np.empty(4)
        mujoco.mju_axisAngle2Quat(turned, axis, reference)
        return _HERE, turned

    def _joint(self, joint: int, parent: str, child: str, place: np.ndarray, turn: np.ndarray
               ) -> None:
        model = self._model
        slides = model.jnt_type[joint] == _JOINT.mjJNT_SLIDE
        limited = bool(model.jnt_limited[joint])
        name = self._joint_name(joint)
        kind = "prismatic" if slides else "revolute" if limited else "continuous"
        element = ElementTree.SubElement(self._root, "joint", name=name, type=kind)
        _between(element, parent, child, place, turn)
        ElementTree.SubElement(element, "axis", xyz=_text(model.jnt_axis[joint]))
        effort = self._robot.max_effort[self._robot.joints.index(name)]
        limits = {"effort": f"{min(effort, _MOST):g}", "velocity": f"{_MOST:g}"}
        if limited or slides:
            low, high = model.jnt_range[joint] if limited else (-_MOST, _MOST)
            limits |= {"lower": f"{low:.12g}", "upper": f"{high:.12g}"}
        ElementTree.SubElement(element, "limit", limits)

    def _link(self, body: int) -> None:
        model = self._model
        link = ElementTree.SubElement(self._root, "link", name=self._name(body))
        if body:
            inertial = ElementTree.SubElement(link, "inertial")
            _origin(inertial, model.body_ipos[body], model.body_iquat[body])
            ElementTree.SubElement(inertial, "mass", value=f"{model.body_mass[body]:.12g}")
            xx, yy, zz = (f"{each:.12g}" for each in model.body_inertia[body])
            ElementTree.SubElement(inertial, "inertia", ixx=xx, iyy=yy, izz=zz, ixy="0", ixz="0",
                                   iyz="0")
        first = model.body_geomadr[body]
        for geom in range(first, first + model.body_geomnum[body]):
            if model.geom_group[geom] < _SHOWN_GROUPS:
                self._visual(link, geom)

    def _visual(self, link: ElementTree.Element, geom: int) -> None:
        model = self._model
        colour = model.geom_rgba[geom] if model.geom_matid[geom] < 0 \
            else model.mat_rgba[model.geom_matid[geom]]
        for place, turn, shape, sizes in _shapes(model, geom):
            visual = ElementTree.SubElement(link, "visual")
            _origin(visual, place, turn)
            ElementTree.SubElement(ElementTree.SubElement(visual, "geometry"), shape, sizes)
            material = ElementTree.SubElement(visual, "material", name=f"geom_{geom}")
            ElementTree.SubElement(material, "color", rgba=_text(colour))

    def _add_sites(self) -> None:
        known = {link.get("name") for link in self._root.iter("link")}
        for frame in {group.frame: None for group in sensor_groups(self._robot)}:
            if frame not in known:
                site = self._model.site(frame).id
                ElementTree.SubElement(self._root, "link", name=frame)
                joint = ElementTree.SubElement(
                    self._root, "joint", name=f"{frame}_fixed", type="fixed")
                _between(joint, self._name(int(self._model.site_bodyid[site])), frame,
                         self._model.site_pos[site], self._model.site_quat[site])


_Shape = tuple[np.ndarray, np.ndarray, str, dict[str, str]]


def _shapes(model: mujoco.MjModel, geom: int) -> Iterator[_Shape]:
    """Yield what a geometry looks like: place, rotation, URDF's shape and its sizes."""
    place, turn, size = model.geom_pos[geom], model.geom_quat[geom], model.geom_size[geom]
    kind = _GEOM(model.geom_type[geom])
    if kind == _GEOM.mjGEOM_BOX:
        yield place, turn, "box", {"size": _text(2.0 * size)}
    elif kind == _GEOM.mjGEOM_SPHERE:
        yield place, turn, "sphere", {"radius": f"{size[0]:.12g}"}
    elif kind in (_GEOM.mjGEOM_CYLINDER, _GEOM.mjGEOM_CAPSULE):
        yield place, turn, "cylinder", {"radius": f"{size[0]:.12g}",
                                        "length": f"{2.0 * size[1]:.12g}"}
        for end in (-1.0, 1.0) if kind == _GEOM.mjGEOM_CAPSULE else ():
            yield (place + _rotated(turn, np.array([0.0, 0.0, end * size[1]])), turn, "sphere",
                   {"radius": f"{size[0]:.12g}"})
    elif kind == _GEOM.mjGEOM_MESH:
        mesh = int(model.geom_dataid[geom])
        start = int(model.mesh_pathadr[mesh])
        if start >= 0:
            path = model.paths[start:model.paths.index(b"\0", start)].decode()
            # MuJoCo has moved the mesh into the axes of its inertia.
            back = _product(turn, _inverse(model.mesh_quat[mesh]))
            yield (place - _rotated(back, model.mesh_pos[mesh]), back, "mesh",
                   {"filename": f"file://{path}", "scale": _text(model.mesh_scale[mesh])})


def _between(joint: ElementTree.Element, parent: str, child: str, place: np.ndarray,
             turn: np.ndarray) -> None:
    ElementTree.SubElement(joint, "parent", link=parent)
    ElementTree.SubElement(joint, "child", link=child)
    _origin(joint, place, turn)


def _origin(element: ElementTree.Element, place: np.ndarray, turn: np.ndarray) -> None:
    """Add a place and a rotation, a quaternion w, x, y, z; URDF has angles about fixed axes."""
    matrix = np.empty(9)
    mujoco.mju_quat2Mat(matrix, turn)
    rows = matrix.reshape(3, 3)
    angles = (math.atan2(rows[2, 1], rows[2, 2]),
              -math.asin(float(np.clip(rows[2, 0], -1.0, 1.0))),
              math.atan2(rows[1, 0], rows[0, 0]))
    ElementTree.SubElement(element, "origin", xyz=_text(place), rpy=_text(angles))


def _rotated(turn: np.ndarray, vector: np.ndarray) -> np.ndarray:
    found = np.empty(3)
    mujoco.mju_rotVecQuat(found, np.array(vector), turn)
    return found


def _product(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    found = np.empty(4)
    mujoco.mju_mulQuat(found, first, second)
    return found


def _inverse(turn: np.ndarray) -> np.ndarray:
    return np.concatenate([turn[:1], -turn[1:]])


def _text(numbers: Sequence[float] | np.ndarray) -> str:
    return " ".join(f"{number:.12g}" for number in numbers)
