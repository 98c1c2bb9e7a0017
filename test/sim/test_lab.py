"""mjlab and Isaac Lab behind the interface: a stand-in of their calls in the worker, and mjlab.

The stand-in runs under this interpreter.  What is marked long runs mjlab itself, under the one in
MJLAB_PYTHON.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from patience import until_gone

from dnne_ros.cli.main import main
from dnne_ros.errors import InputError
from dnne_ros.sim import array_process, lab_process
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.renderer import renderer_of
from dnne_ros.sim.simulator import ArraySpec, SimulationError
from dnne_ros.sim.simulator_settings import IsaacOptions
from dnne_ros.testing import SimulatorTests

STAND_IN = str(Path(__file__).with_name("lab_stand_in"))
FAILS, LEAVES, DIES, HANGS, NOT_A_NUMBER, RUBBISH, OTHER_WORDS, CRITIC, REWARD, FLOODS = (
    1000.0 * kind for kind in range(1, 11))
NUM_ENVS = 4
MJLAB = os.environ.get("MJLAB_PYTHON", "")


def make(name, num_envs=NUM_ENVS, seed=1, **more):
    return make_simulator(name, num_envs, seed=seed, **more,
                          isaac=IsaacOptions(sys.executable, STAND_IN))


@pytest.fixture
def made():
    """A function that makes simulators, which are closed at the end."""
    simulators = []

    def make_one(*arguments, **more):
        simulators.append(make(*arguments, **more))
        return simulators[-1]

    yield make_one
    for simulator in simulators:
        simulator.close()


def until_the_end(simulator):
    """Go right until episodes end; return the step, and what was observed before it."""
    while True:
        before = simulator.observations()
        step = simulator.step(torch.ones(NUM_ENVS, 2))
        if (step.terminated | step.timed_out).any():
            return step, before


@pytest.mark.parametrize("name", ["mjlab:Mjlab-Point", "mjlab:Mjlab-Point-Newer",
                                  "isaaclab:Isaac-Point-v0"])
def test_what_episodes_end_with_is_known_in_whichever_way_it_is_told(made, name):
    simulator = made(name)
    step, before = until_the_end(simulator)
    done = step.terminated
    assert torch.allclose(step.next_observations, before + 0.1)
    assert (step.next_observations[done].abs().amax(1) > 1.0).all()
    assert (step.observations[done].abs() <= 0.1).all()
    assert torch.equal(simulator.groups()["critic"][:, :2], step.observations)
    critic = simulator.next_critic_observations(step)
    assert torch.equal(critic[:, :2], step.next_observations)
    assert (critic[done][:, 2] > 8).all()
    log = simulator.episode_log()
    assert log.episodes == int(done.sum())
    assert log.means["Metrics/level"] == 2.0
    assert log.means["Episode_Termination/out"] == 1.0  # a share of those that ended
    assert log.means["Episode_Reward/far"] == pytest.approx(
        step.next_observations[done].abs().mean().item())


def test_an_older_version_does_not_tell_what_episodes_ended_with(made):
    step, before = until_the_end(made("mjlab:Mjlab-Point-Older"))
    assert torch.equal(step.next_observations[step.terminated], before[step.terminated])


def test_a_finite_horizon_is_an_end_and_others_are_time_outs(made):
    still = torch.zeros(NUM_ENVS, 2)
    for name, finite in (("Mjlab-Point-Finite", True), ("Mjlab-Point", False)):
        simulator = made(f"mjlab:{name}")
        for _ in range(20):
            step = simulator.step(still)
        assert bool(step.terminated.all()) == finite
        assert bool(step.timed_out.all()) == (not finite)


def test_the_task_is_described(made):
    simulator = made("mjlab:Mjlab-Point", drawn=True)
    spec = simulator.spec
    assert (spec.step_seconds, spec.max_episode_steps, spec.joints) == (0.02, 20, ("x", "y"))
    assert {name: tuple(group.shape) for name, group in simulator.groups().items()} == {
        "actor": (NUM_ENVS, 2), "critic": (NUM_ENVS, 3)}
    position, velocity = simulator.joint_state(2)
    assert position == pytest.approx(simulator.observations()[2].tolist())
    assert velocity == position
    pictures = renderer_of(simulator, 640, 480)
    for env in (0, 3):
        assert pictures.picture(env)[0, 0].tolist() == [
            int(100 + 100 * simulator.observations()[env, 0]), 0, 0]


@pytest.mark.parametrize("push, words", [
    (FAILS, "the mjlab worker .* has failed: ValueError: the ground is gone"),
    (LEAVES, "the simulator has ended the program"),
    (DIES, "was killed by SIGKILL(.|\n)*about to die"),
    (NOT_A_NUMBER, "the physics has diverged in environment 1: observation_0 is nan"),
    (RUBBISH, "has answered 'step' with rubbish: b'Segmentation fault.'"),
    (OTHER_WORDS, "has answered 'step' with rubbish: b'{.say.: .joints.}'"),
    (CRITIC, "the observations 'critic' are not finite: environment 2 .2. is nan"),
    (REWARD, "the reward is -inf in environment 3")])
def test_what_goes_wrong_is_said_with_task_and_step(made, push, words):
    simulator = made("mjlab:Mjlab-Point")
    simulator.step(torch.zeros(NUM_ENVS, 2))
    with pytest.raises(SimulationError, match=f"Mjlab-Point, step 2: .*{words}"):
        simulator.step(torch.full((NUM_ENVS, 2), push))


def test_what_is_no_worker_is_not_waited_for(monkeypatch, tmp_path):
    """It would print until environments should have been made."""
    monkeypatch.setattr(array_process, "FIRST_SECONDS", 1.0)
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexec yes rubbish\n")
    other.chmod(0o755)
    with pytest.raises(SimulationError, match="mjlab worker .* has not answered 'open' for 1 s; "
                                              "the end of its log:\n    rubbish"):
        make_simulator("mjlab:Mjlab-Point", 1, seed=0, isaac=IsaacOptions(str(other)))


def test_a_line_without_an_end_is_not_shown_as_a_whole(made):
    with pytest.raises(SimulationError, match="ValueError: it has said enough") as caught:
        made("mjlab:Mjlab-Point").step(torch.full((NUM_ENVS, 2), FLOODS))
    assert 1000 < len(str(caught.value)) < 50_000


def test_a_worker_says_that_it_is_still_starting(monkeypatch, made, tmp_path):
    """It waits for a file that is made when it has been heard."""
    file = tmp_path / "heard"
    monkeypatch.setenv("LAB_POINT_WAITS_FOR", str(file))
    made("mjlab:Mjlab-Point", still_starting=file.touch)
    assert file.exists()


def test_a_worker_that_hangs_is_killed(monkeypatch, made):
    monkeypatch.setattr(lab_process, "ANSWER_SECONDS", 1.0)
    simulator = made("mjlab:Mjlab-Point")
    worker = psutil.Process(simulator.worker_pid)
    with pytest.raises(SimulationError, match="has not answered 'step' for 1 s"):
        simulator.step(torch.full((NUM_ENVS, 2), HANGS))
    simulator.close()
    until_gone([worker])


def test_tasks_are_listed_by_the_interpreter_that_has_them(monkeypatch, capsys, tmp_path):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nPYTHONPATH='{STAND_IN}' exec '{sys.executable}' \"$@\"\n")
    python.chmod(0o755)
    monkeypatch.setenv("MJLAB_PYTHON", str(python))
    assert main(["tasks", "--backend", "mjlab", "older"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["Mjlab-Point-Older", "mjlab"]


def test_close_ends_the_worker(made):
    simulator = made("mjlab:Mjlab-Point")
    simulator.close()
    assert not psutil.pid_exists(simulator.worker_pid)


def test_what_there_is_not_is_said(monkeypatch, tmp_path):
    with pytest.raises(InputError, match="unknown task 'Mjlab-Pint'; the nearest of 4 are "
                                         "Mjlab-Point"):
        make("mjlab:Mjlab-Pint")
    monkeypatch.delenv("ISAACLAB_PYTHON", raising=False)
    with pytest.raises(InputError, match="widget isaac_python, or the environment variable "
                                         "ISAACLAB_PYTHON"):
        make_simulator("isaaclab:Isaac-Point-v0", 1, seed=0)
    with pytest.raises(InputError, match=r"cannot import isaaclab .*: install Isaac Lab"):
        make_simulator("isaaclab:Isaac-Point-v0", 1, seed=0,
                       isaac=IsaacOptions(sys.executable, str(tmp_path)))


@pytest.fixture(scope="module")
def idle_workers():
    """Workers by task and number of environments: each takes seconds to start."""
    idle = {}
    yield idle
    for simulators in idle.values():
        for simulator in simulators:
            simulator.close()


class LabContract(SimulatorTests):
    """The interface's tests; a worker that a test is done with is used again."""

    @pytest.fixture(autouse=True)
    def workers(self, idle_workers):
        self.idle = idle_workers

    def begin(self, num_envs):
        return make(f"{self.backend}:{self.task}", num_envs, seed=0)

    def make_simulator(self, num_envs, seed):
        workers = self.idle.get((self.task, num_envs))
        simulator = workers.pop() if workers else self.begin(num_envs)
        # What begins anew after so many steps is what another seed begins with.
        simulator.restore({}, {"num_envs": num_envs, "steps": seed})
        return simulator

    def put_away(self, simulator):
        if psutil.pid_exists(simulator.worker_pid):
            key = self.task, simulator.spec.num_envs
            self.idle.setdefault(key, []).append(simulator)


class TestStandIn(LabContract):
    backend, task = "mjlab", "Mjlab-Point"


@pytest.mark.long
@pytest.mark.timeout(0)  # a thousand steps on a CPU that others use take their time
@pytest.mark.skipif(not MJLAB, reason="MJLAB_PYTHON names no interpreter with mjlab")
class TestMjlab(LabContract):
    """What hangs is given up by the worker's own limits, here an hour for an answer."""

    backend = "mjlab"
    random_steps = 1100

    @pytest.fixture(autouse=True)
    def patient(self, monkeypatch):
        monkeypatch.setattr(lab_process, "ANSWER_SECONDS", 3600.0)

    @pytest.fixture(autouse=True, scope="class", params=[
        "Mjlab-Cartpole-Balance", "Mjlab-Velocity-Flat-Unitree-Go1", "Mjlab-Lift-Cube-Yam"])
    def chosen(self, request, idle_workers):
        """One task after the other: a worker takes a gigabyte."""
        request.cls.task = request.param
        yield
        while idle_workers:
            for simulator in idle_workers.popitem()[1]:
                simulator.close()

    def begin(self, num_envs):
        simulator = make_simulator(f"mjlab:{self.task}", num_envs, seed=0)
        columns = simulator.spec.action
        # Its actions have no bounds, and a robot that is told to go anywhere breaks the physics.
        simulator._spec = replace(simulator.spec, action=ArraySpec(
            columns.names, columns.units, (-1.0,) * columns.size, (1.0,) * columns.size))
        return simulator
