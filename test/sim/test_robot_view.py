"""Pictures without a screen, where there is OpenGL for it; and the word where there is none."""

import sys

import numpy as np
import pytest

from dnne_ros.errors import InputError
from dnne_ros.sim import cartpole
from dnne_ros.sim.simulator import ArraySpec, TaskSpec

robot_view = pytest.importorskip("dnne_ros.sim.robot_view")

WIDTH, HEIGHT = 160, 120


@pytest.fixture(scope="module")
def surface():
    try:
        surface = robot_view.DrawingSurface(WIDTH, HEIGHT)
    except InputError as error:
        pytest.skip(str(error))
    surface.load(cartpole.task_spec(1))
    yield surface
    surface.close()


def colour_at(picture, colour):
    """Return (mean column, mean row) of the pixels in which a colour channel stands out."""
    others = np.delete(picture.astype(int), colour, axis=2).max(axis=2)
    rows, columns = np.nonzero(picture[:, :, colour] > others + 30)
    assert rows.size, "nothing of that colour"
    return columns.mean(), rows.mean()


def test_the_picture_has_its_form(surface):
    picture = surface.draw([0.0, 0.0])
    assert (picture.shape, picture.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert np.array_equal(picture, surface.draw([0.0, 0.0]))


def test_the_cart_goes_to_the_right_and_the_pole_leans_to_the_left(surface):
    """It looks along -x: +y is to the right; an angle about +x leans towards -y."""
    middle = surface.draw([0.0, 0.0])
    column, _ = colour_at(middle, 2)
    assert column == pytest.approx(WIDTH / 2, abs=3)
    assert colour_at(surface.draw([1.0, 0.0]), 2)[0] > column + 10
    above = slice(0, HEIGHT // 2 - 10)
    poles = []
    for angle in (-0.5, 0.5):
        brightness = surface.draw([0.0, angle])[above].sum(axis=2)
        poles.append(np.nonzero(brightness < 0.8 * brightness.max())[1].mean())
    assert poles[0] > WIDTH / 2 > poles[1]


def test_a_task_without_a_description_cannot_be_drawn(surface):
    columns = ArraySpec.unbounded(("a",), ("",))
    with pytest.raises(InputError, match="the task Ant has no robot description to draw"):
        surface.load(TaskSpec("Ant", 1, columns, columns, None, 0.01, 0))


def test_no_way_to_draw_says_what_to_install(monkeypatch):
    monkeypatch.setattr(robot_view, "_LIBRARIES", {"egl": "EGL"})
    monkeypatch.setitem(sys.modules, "mujoco.egl", None)
    with pytest.raises(InputError, match="without a screen here .egl: ModuleNotFoundError: .*"
                                         "apt install libegl1.*libosmesa6"):
        robot_view.DrawingSurface(WIDTH, HEIGHT)
