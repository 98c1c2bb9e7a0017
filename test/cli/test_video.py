"""``--video``: films of the environments, whole ones or none."""

import os
import signal

import pytest

from dnne_ros.errors import InputError
from dnne_ros.sim.drawing_process import DrawingProcess

pytest.importorskip("mujoco")
av = pytest.importorskip("av")
SMALL = ("--set", "1.num_envs=4", "--set", "6.minibatch_size=64", "--quiet")


@pytest.fixture(scope="module", autouse=True)
def something_to_draw_with():
    try:
        DrawingProcess(16, 16).close()
    except InputError as error:
        pytest.skip(str(error))


def film(file):
    """Return the pictures of a film, and how many a second there are."""
    with av.open(str(file)) as container:
        return ([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)],
                float(container.streams.video[0].average_rate))


def test_training_is_filmed_every_so_many_updates_and_learns_the_same(
        start_run, cartpole, tmp_path):
    plain = start_run(cartpole, *SMALL, "--max-updates", "5")
    assert plain.wait() == 0, plain.output
    filmed = start_run(
        cartpole, *SMALL, "--max-updates", "5", "--place", "split", "--video",
        tmp_path / "film.mp4", "--video-every", "2", "--video-seconds", "0.5")
    assert filmed.wait() == 0, filmed.output
    assert filmed.report["losses"] == plain.report["losses"]
    assert {file.name for file in tmp_path.glob("*.mp4")} == {
        "film_0.mp4", "film_2.mp4", "film_4.mp4"}
    pictures, rate = film(tmp_path / "film_2.mp4")
    assert (len(pictures), rate) == (15, 30.0)
    assert pictures[0].shape == (480, 640, 3)
    assert (pictures[0] != pictures[-1]).any()


def test_a_run_that_is_stopped_keeps_its_film_and_one_that_is_killed_leaves_none(
        start_run, cartpole, tmp_path):
    def begun(name):
        (tmp_path / name).mkdir()
        run = start_run(cartpole, *SMALL, "--video", tmp_path / name / "film.mp4",
                        "--video-seconds", "1h", "--ros-args", "-r", f"__ns:=/{name}")
        run.until(lambda: "mean return" in run.output, "some steps")
        return run

    stopped, killed = begun("stopped"), begun("killed")
    stopped.interrupt()
    assert stopped.wait() == 130
    assert film(tmp_path / "stopped" / "film_0.mp4")[0]
    for process in killed.family():
        os.kill(process, signal.SIGKILL)
    killed.wait()
    assert list((tmp_path / "killed").iterdir()) == []


@pytest.mark.parametrize("arguments, words", [
    (("--video", "film.avi"), "--video film.avi: expected FILE.mp4"),
    (("--video", "nowhere/film.mp4"), "is not a directory that can be written"),
    (("--video", "film.mp4", "--video-seconds", "no"), "no")])
def test_what_cannot_be_filmed_is_refused_at_once(command, cartpole, arguments, words):
    result = command("run", cartpole, *arguments)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_an_environment_that_is_not_there_ends_the_run_with_one_line(command, cartpole, tmp_path):
    result = command("run", cartpole, *SMALL, "--set", "4.shown_env=4", "--video",
                     tmp_path / "film.mp4", "--max-updates", "1")
    assert result.returncode != 0
    assert "--video: shown_env=4: the last environment is 3" in result.stderr
    assert "Traceback" not in result.stderr and "close() failed" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_graph_without_environments_is_refused(command, repository):
    result = command("run", repository / "config" / "workflows" / "mnist_mlp.json",
                     "--video", "film.mp4")
    assert result.returncode == 2
    assert "that steps simulated environments, found none" in result.stderr
