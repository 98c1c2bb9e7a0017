"""Pictures without a screen, where there is OpenGL for it; and the word where there is none.

Drawing itself (`robot_view`) is only ever imported in other processes, here as in a run: what has
drawn without a GPU cannot import Triton, which other tests may do.
"""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest
from patience import Patience
from python_path import python_path

from dnne_ros.errors import InputError
from dnne_ros.sim import cartpole, drawing_process
from dnne_ros.sim.drawing_process import DrawingProcess
from dnne_ros.sim.simulator import ArraySpec, SimulationError, TaskSpec

WIDTH, HEIGHT = 160, 120
TASK = cartpole.task_spec(1)


@pytest.fixture(scope="module")
def surface():
    try:
        process = DrawingProcess(WIDTH, HEIGHT)
    except InputError as error:
        pytest.skip(str(error))
    process.load(TASK)
    yield process
    process.close()
    assert not psutil.pid_exists(process.pid)


@pytest.fixture
def own(surface):
    """Another process, to be spoilt."""
    process = DrawingProcess(WIDTH, HEIGHT)
    process.load(TASK)
    yield process
    process.close()


def colour_at(picture, colour):
    """Return (mean column, mean row) of the pixels in which a colour channel stands out."""
    others = np.delete(picture.astype(int), colour, axis=2).max(axis=2)
    rows, columns = np.nonzero(picture[:, :, colour] > others + 30)
    assert rows.size, "nothing of that colour"
    return columns.mean(), rows.mean()


def run_python(repository, code, **environment):
    """Run a script that finds the package; returns its exit code and all that it printed."""
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT,
                          env={**os.environ, "PYTHONPATH": python_path(repository), **environment})
    return done.returncode, done.stdout


def test_the_picture_has_its_form(surface):
    picture = surface.draw([0.0, 0.0])
    assert (picture.shape, picture.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert np.array_equal(picture, surface.draw([0.0, 0.0]))
    assert not np.array_equal(picture, surface.draw([0.5, 0.0]))


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


def test_it_is_the_picture_that_the_caller_would_have_drawn(surface, repository, tmp_path):
    """To the bit, positions included: they are sent as text."""
    positions = [[0.1 + 0.2, -1 / 3], [-1.7, 1e-17]]
    file = tmp_path / "pictures.npy"
    code, output = run_python(repository, (
        "import numpy as np\n"
        "from dnne_ros.sim import cartpole\n"
        "from dnne_ros.sim.robot_view import DrawingSurface\n"
        f"surface = DrawingSurface({WIDTH}, {HEIGHT})\n"
        "surface.load(cartpole.description(), cartpole.JOINTS)\n"
        f"np.save({str(file)!r}, np.stack([surface.draw(each) for each in {positions}]))\n"))
    assert code == 0, output
    assert np.array_equal(np.load(file), [surface.draw(each) for each in positions])


def test_a_picture_that_was_given_stays_as_it_is(surface):
    first = surface.draw([0.0, 0.0])
    copy = first.copy()
    surface.draw([1.0, 0.5])
    assert np.array_equal(first, copy)


def test_who_draws_loads_no_opengl(surface, repository):
    """Nor LLVM, with which Mesa draws where there is no GPU."""
    code, output = run_python(repository, (
        "from dnne_ros.sim import cartpole\n"
        "from dnne_ros.sim.drawing_process import DrawingProcess\n"
        "process = DrawingProcess(8, 8)\n"
        "process.load(cartpole.task_spec(1))\n"
        "assert process.draw([0.0, 0.0]).any()\n"
        "files = {line.split()[-1] for line in open('/proc/self/maps')}\n"
        "print([file for file in files if any(each in file for each in (\n"
        "    'LLVM', 'libEGL', 'libGL', 'libOSMesa', 'gallium', '_dri.so'))])\n"))
    assert (code, output) == (0, "[]\n")


DRAW = ("from dnne_ros.sim import cartpole\n"
        "from dnne_ros.sim.drawing_process import DrawingProcess\n"
        "process = DrawingProcess(8, 8)\n"
        "process.load(cartpole.task_spec(1))\n"
        "process.draw([0.0, 0.0])\n")


@pytest.mark.parametrize("code", [
    "import triton\n" + DRAW, DRAW + "import triton\n", DRAW + "import torch._dynamo\n"],
    ids=["before", "after", "torch's compiler"])
def test_triton_may_be_imported_beside_it(surface, repository, code):
    if "triton" in code and importlib.util.find_spec("triton") is None:
        pytest.skip("needs triton, as CUDA builds of torch bring it")
    assert run_python(repository, code + "print('fine')") == (0, "fine\n")


def test_physics_loads_no_opengl(repository):
    """With MUJOCO_GL=osmesa, MuJoCo by itself loads it at once, or fails where there is none."""
    code, output = run_python(repository, (
        "import os\n"
        "from dnne_ros.sim.registry import make_simulator\n"
        "make_simulator('Cartpole', 1, backend='mujoco', seed=0)\n"
        "assert not any('OSMesa' in line for line in open('/proc/self/maps'))\n"
        "print(os.environ['MUJOCO_GL'])\n"), MUJOCO_GL="osmesa")
    assert (code, output) == (0, "osmesa\n")


def test_a_task_without_a_description_cannot_be_drawn(surface):
    columns = ArraySpec.unbounded(("a",), ("",))
    with pytest.raises(InputError, match="the task Ant has no robot description to draw"):
        surface.load(TaskSpec("Ant", 1, columns, columns, None, 0.01, 0))


def test_no_way_to_draw_says_what_to_install(monkeypatch):
    """The platform of PyOpenGL that is set here is none of those that need no screen."""
    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setenv("PYOPENGL_PLATFORM", "glx")
    with pytest.raises(InputError, match="without a screen here .egl: ImportError: .*"
                                         "apt install libegl1.*libosmesa6"):
        DrawingProcess(WIDTH, HEIGHT)


def test_a_picture_that_cannot_be_drawn_is_told_in_the_process_words(own):
    with pytest.raises(SimulationError, match=r"(?s)the drawing process \(process \d+, .*\) has "
                                              "failed: ValueError: .*robot_view.py"):
        own.draw([1.0, 2.0, 3.0])


def test_a_killed_process_is_told(own):
    os.kill(own.pid, signal.SIGKILL)
    with pytest.raises(SimulationError, match="was killed by SIGKILL"):
        own.draw([0.0, 0.0])


def test_a_process_that_hangs_is_killed(own, monkeypatch):
    monkeypatch.setattr(drawing_process, "DRAW_SECONDS", 0.1)
    os.kill(own.pid, signal.SIGSTOP)
    with pytest.raises(SimulationError, match="has not answered 'draw' for 0.1 s"):
        own.draw([0.0, 0.0])


def test_the_process_does_not_outlive_a_killed_parent(surface, repository):
    """Not even when it is stuck."""
    code = DRAW + ("import os, signal\n"
                   "os.kill(process.pid, signal.SIGSTOP)\n"
                   "print(process.pid, flush=True)\n"
                   "signal.pause()\n")
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": python_path(repository)})
    with parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    patience = Patience(lambda: [worker.pid])
    while worker.is_running():
        assert not (reason := patience.spent()), reason
        time.sleep(0.01)  # nobody can wait for another's child
