"""Pictures of a robot from its description, by MuJoCo, without a screen.

Only a process that does nothing else may import this (see `drawing_process`).
"""

from __future__ import annotations

import importlib
import os
from ctypes.util import find_library
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from dnne_ros.errors import InputError
from dnne_ros.sim.quiet_mujoco import mujoco

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIBRARIES = {"egl": "EGL", "osmesa": "OSMesa"}
_INSTALL = ("on Debian and Ubuntu, apt install libegl1 libgl1-mesa-dri (EGL), or libosmesa6 "
            "(OSMesa, without a GPU); MUJOCO_GL=egl or osmesa chooses")
_AZIMUTH, _ELEVATION, _LOOKS_AT = 180.0, -12.0, (0.0, 0.0, 0.4)
_DISTANCE = 6.0
_MOST_GEOMS = 10_000
_VISUAL = 1  # where MuJoCo puts a URDF's visual geometry


class DrawingSurface:
    """A picture that OpenGL draws on; it must be used in the thread that made it."""

    def __init__(self, width: int, height: int):
        """Set up OpenGL by ``MUJOCO_GL``, or the first library that is installed.

        Raises InputError where that fails, with the reason and what to install.
        """
        self._width, self._height = width, height
        self._context = _open_context(width, height)
        self._renderer: Any = None

    def load(self, description: str, joints: Sequence[str]) -> None:
        """Take up the robot of a URDF ``description``, to be moved by ``joints``."""
        model = _scene(description, self._width, self._height)
        camera = mujoco.MjvCamera()
        camera.azimuth, camera.elevation = _AZIMUTH, _ELEVATION
        camera.distance = _DISTANCE
        camera.lookat[:] = _LOOKS_AT
        shown = mujoco.MjvOption()
        shown.geomgroup[:] = [group == _VISUAL for group in range(6)]
        self._show(model, [model.joint(joint).qposadr[0] for joint in joints], camera, shown)

    def load_model(self, file: str, view: str) -> None:
        """Take up a whole model, an MJB, to be moved by its qpos and seen by its camera ``view``.

        An empty ``view`` is one from outside.
        """
        model = mujoco.MjModel.from_binary_path(file)
        model.vis.global_.offwidth, model.vis.global_.offheight = self._width, self._height
        camera = mujoco.MjvCamera()
        mujoco.mjv_defaultFreeCamera(model, camera)
        if view:
            camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
            camera.fixedcamid = model.camera(view).id
        self._show(model, list(range(model.nq)), camera, mujoco.MjvOption())

    def _show(self, model: mujoco.MjModel, addresses: list[int], camera: mujoco.MjvCamera,
              shown: mujoco.MjvOption) -> None:
        if self._renderer is not None:
            self._renderer.free()
        self._model, self._data = model, mujoco.MjData(model)
        self._addresses, self._camera, self._shown = addresses, camera, shown
        self._scene = mujoco.MjvScene(model, maxgeom=_MOST_GEOMS)
        self._renderer = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._renderer)

    def draw(self, positions: Sequence[float]) -> np.ndarray:
        """Return the robot with joints at ``positions`` (m, rad), uint8 RGB (height, width, 3)."""
        self._data.qpos[self._addresses] = positions
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)  # cameras may look at a centre of mass
        mujoco.mj_camlight(self._model, self._data)
        mujoco.mjv_updateScene(self._model, self._data, self._shown, None, self._camera,
                               mujoco.mjtCatBit.mjCAT_ALL.value, self._scene)
        view = mujoco.MjrRect(0, 0, self._width, self._height)
        mujoco.mjr_render(view, self._scene, self._renderer)
        picture = np.empty((self._height, self._width, 3), np.uint8)
        mujoco.mjr_readPixels(picture, None, view, self._renderer)
        return picture[::-1]  # OpenGL's first row is the lowest

    def close(self) -> None:
        """Give OpenGL back."""
        if self._renderer is not None:
            self._renderer.free()
        self._context.free()


def _open_context(width: int, height: int) -> Any:
    """Return a current OpenGL context.

    `mujoco.Renderer` takes the way that was chosen when mujoco was imported first, which without
    ``MUJOCO_GL`` is the one that needs a screen.
    """
    way = os.environ.get("MUJOCO_GL", "").strip().lower()
    if way not in _LIBRARIES:  # one for the whole process: a second one cannot be tried
        way = next((way for way, library in _LIBRARIES.items() if find_library(library)), "egl")
    try:
        context = importlib.import_module(f"mujoco.{way}").GLContext(width, height)
        context.make_current()
    except Exception as error:  # PyOpenGL fails in as many ways as there are drivers
        raise InputError("camera", [
            f"nothing can be drawn without a screen here ({way}: {type(error).__name__}: {error})"
            f": {_INSTALL}"]) from error
    return context


def _scene(description: str, width: int, height: int) -> mujoco.MjModel:
    """Return a model with the robot of a URDF ``description``, light and a backdrop."""
    robot = ElementTree.fromstring(description)
    # MuJoCo throws a URDF's visual geometry away unless it is told not to.
    compiler = ElementTree.SubElement(ElementTree.SubElement(robot, "mujoco"), "compiler")
    compiler.set("discardvisual", "false")
    spec = mujoco.MjSpec.from_string(ElementTree.tostring(robot, encoding="unicode"))
    visual = spec.visual.global_
    visual.offwidth, visual.offheight = width, height
    spec.visual.headlight.ambient[:] = 0.4
    spec.worldbody.add_light(pos=(2.0, -2.0, 4.0), dir=(-0.4, 0.4, -0.8))
    spec.add_texture(name="sky", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, width=64, height=384,
                     builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
                     rgb1=(0.9, 0.93, 1.0), rgb2=(0.55, 0.6, 0.7))
    return spec.compile()
