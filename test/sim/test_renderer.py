"""Pictures of single environments, as each back end draws them."""

import gymnasium
import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.sim.drawing_process import DrawingProcess
from dnne_ros.sim.observation_groups import choose_groups
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.renderer import renderer_of
from dnne_ros.sim.simulator_settings import SimulatorSettings
from dnne_ros.sim.vecenv_gymnasium import GymnasiumVectorEnv


@pytest.fixture(scope="module", autouse=True)
def something_to_draw_with():
    try:
        DrawingProcess(16, 16).close()
    except InputError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name, needs", [
    ("mujoco:Cartpole", "mujoco"), ("torch:Cartpole", "mujoco"),
    ("gymnasium:HalfCheetah-v5", "mujoco"), ("gymnasium:CartPole-v1", "pygame"),
    ("envpool:Hopper-v5", "envpool")])
def test_each_environment_is_drawn_as_it_is(name, needs):
    pytest.importorskip(needs)
    simulator = choose_groups(make_simulator(name, 2, seed=3, drawn=True), "observations", "")
    renderer = renderer_of(simulator, 160, 120)
    pictures = [renderer.picture(env) for env in (0, 1, 0)]
    moved = torch.zeros(2, simulator.spec.action.size)
    moved[0] = simulator.spec.action.high[0]
    for _ in range(10):
        simulator.step(moved)
    pictures.append(renderer.picture(0))
    renderer.close()
    simulator.close()
    assert {(picture.dtype.name, *picture.shape[2:]) for picture in pictures} == {("uint8", 3)}
    assert (pictures[0] == pictures[2]).all()
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[0] != pictures[3]).any()


def vector_env(**more):
    made = gymnasium.make_vec("CartPole-v1", 2, vectorization_mode="sync", **more)
    return GymnasiumVectorEnv(made, lambda seed: made, SimulatorSettings("mine", 2, 0))


def test_vector_environments_draw_if_they_were_made_to():
    pytest.importorskip("pygame")
    simulator = vector_env(render_mode="rgb_array")
    assert simulator.renderer(160, 120).picture(1).shape == (400, 600, 3)
    simulator.close()
    silent = vector_env()
    with pytest.raises(InputError, match="make the environments with render_mode='rgb_array'"):
        silent.renderer(160, 120)
    silent.close()


class Dark(gymnasium.Env):
    """Draws nothing."""

    observation_space = action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}


def test_what_nobody_can_draw_is_said():
    gymnasium.register("Dark-v0", Dark)
    simulator = make_simulator("gymnasium:Dark-v0", 2, seed=0, drawn=True)
    with pytest.raises(InputError, match="simulator Dark-v0: it cannot be filmed"):
        simulator.renderer(160, 120)
    simulator.close()
    del gymnasium.registry["Dark-v0"]


def test_a_film_leaves_out_an_odd_edge():
    av = pytest.importorskip("av")
    import io

    from dnne_ros.sim.film_file import FilmFile

    film = FilmFile(25.0)
    for shade in (0, 200):
        film.add(np.full((33, 65, 3), shade, np.uint8))
    with av.open(io.BytesIO(film.content())) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert [frame.shape for frame in frames] == [(32, 64, 3)] * 2
    assert abs(int(frames[1].mean()) - 200) < 5
