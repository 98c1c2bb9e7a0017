"""The Isaac Gym back end, with a stand-in of the same calls in the worker process.

The worker runs under the interpreter in ISAACGYM_TEST_PYTHON (one with numpy and torch, such as a
Python 3.8), else under this one.
"""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import torch
from patience import until_gone
from python_path import python_path

from dnne_ros.errors import InputError
from dnne_ros.sim import cartpole, isaac_process, isaac_worker
from dnne_ros.sim.isaac_process import IsaacProcess, find_python, search_paths
from dnne_ros.sim.registry import make_simulator
from dnne_ros.sim.simulator import SimulationError
from dnne_ros.sim.simulator_settings import IsaacOptions

STAND_IN = str(Path(__file__).with_name("isaac_stand_in"))
PYTHON = os.environ.get("ISAACGYM_TEST_PYTHON", sys.executable)
FAILS, LEAVES, DIES, HANGS, NOT_A_NUMBER = (1000 * kind for kind in range(1, 6))
NUM_ENVS = 6


def make(task="Cartpole", seed=1, num_envs=NUM_ENVS, path=STAND_IN):
    return make_simulator(f"isaacgym:{task}", num_envs, seed=seed,
                          isaac=IsaacOptions(PYTHON, path, path))


@pytest.fixture(scope="module")
def shared():
    simulator = make()
    yield simulator
    simulator.close()


@pytest.fixture
def simulator(shared):
    """A simulator whose episodes have just begun."""
    shared.restore({}, {"num_envs": NUM_ENVS, "steps": 0})
    return shared


def pushes(newtons):
    return torch.full((NUM_ENVS, 1), float(newtons))


def balance(observations):
    return observations @ torch.tensor([[2.8], [5.6], [-60.0], [-13.5]])


def test_the_worker_is_one_file_for_python_3_8():
    text = Path(isaac_worker.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 8))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("dnne_ros") for name in imported)
    assert imported <= {*sys.stdlib_module_names, "numpy", "hydra"}


def test_the_task_is_described_in_the_units_of_the_other_back_ends(simulator):
    spec = simulator.spec
    assert (spec.name, spec.num_envs, spec.max_episode_steps) == ("Cartpole", NUM_ENVS, 500)
    assert spec.step_seconds == pytest.approx(0.0166)
    assert spec.observation == cartpole.OBSERVATION
    assert spec.action == cartpole.ACTION
    assert spec.description == cartpole.description()


def test_first_observations_are_those_of_a_reset(simulator):
    observations = simulator.observations()
    assert (observations.shape, observations.dtype) == ((NUM_ENVS, 4), torch.float32)
    assert len(observations.unique(dim=0)) == NUM_ENVS
    assert (observations.abs() <= torch.tensor([0.1, 0.25, 0.1, 0.25])).all()


def test_newtons_reach_the_cart(simulator):
    """A push of F on 2 kg whose pole is upright and still: v' = F / (2 - l²/(I + l²)) at t = 0."""
    inertia = (0.06 ** 2 + 1.0) / 12 + 0.47 ** 2
    before = simulator.observations()
    gained = simulator.step(pushes(40.0)).observations - before
    expected = 40.0 / (2.0 - 0.47 ** 2 / inertia) * simulator.spec.step_seconds
    assert gained[:, 1].mean().item() == pytest.approx(expected, rel=0.05)


def test_pushes_are_clipped_to_the_limit(simulator):
    hard = simulator.step(pushes(1e6))
    simulator.restore({}, {"num_envs": NUM_ENVS, "steps": 0})
    assert torch.equal(simulator.step(pushes(400.0)).observations, hard.observations)


def test_an_episode_ends_with_its_last_state_and_the_next_step_begins_another(simulator):
    while True:
        result = simulator.step(pushes(60.0))
        assert torch.equal(result.observations, result.next_observations)
        assert not result.timed_out.any()
        if result.terminated.any():
            break
    ended = result.terminated
    assert ((result.observations[:, 2].abs() > 1.57) | (result.observations[:, 0].abs() > 3.0)
            )[ended].all()
    assert torch.equal(result.rewards[ended], torch.full((int(ended.sum()),), -2.0))
    begun = simulator.step(pushes(0.0))
    assert (begun.observations[ended].abs() <= 0.25).all()
    assert not begun.terminated[ended].any()


def test_time_outs_are_told_from_ends(simulator):
    for _ in range(498):
        result = simulator.step(balance(simulator.observations()))
        assert not (result.terminated | result.timed_out).any()
    result = simulator.step(balance(simulator.observations()))
    assert result.timed_out.all()
    assert not result.terminated.any()


def test_what_was_handed_out_is_never_written_again(simulator):
    result = simulator.step(pushes(1.0))
    copies = [tensor.clone() for tensor in result]
    simulator.step(pushes(-50.0))
    for tensor, copy in zip(result, copies, strict=True):
        assert torch.equal(tensor, copy)
    assert result.observations.data_ptr() != result.next_observations.data_ptr()


def test_the_same_seed_begins_the_same_episodes(shared):
    other = make()
    try:
        assert other.worker_pid != shared.worker_pid
        for each in (shared, other):
            each.restore({}, {"num_envs": NUM_ENVS, "steps": 7})
        for _ in range(30):
            mine, its = (each.step(pushes(30.0)) for each in (shared, other))
            assert all(torch.equal(a, b) for a, b in zip(mine, its, strict=True))
        assert shared.state() == ({}, {"num_envs": NUM_ENVS, "steps": 37})
        assert not shared.resumes
    finally:
        other.close()


def test_a_state_of_another_number_of_environments_is_refused(simulator):
    with pytest.raises(SimulationError, match="expected a state of 6 environments, found one of "
                                              "7"):
        simulator.restore({}, {"num_envs": 7, "steps": 0})


def test_joint_states_are_those_of_the_environment(simulator):
    observations = simulator.step(pushes(5.0)).observations
    position, velocity = simulator.joint_state(3)
    assert position == pytest.approx(observations[3, 0::2].tolist())
    assert velocity == pytest.approx(observations[3, 1::2].tolist())


def test_bad_actions_are_refused_and_nothing_is_stepped(simulator):
    before = simulator.observations()
    with pytest.raises(SimulationError, match=r"float32 \(6, 1\).*found float32 \(5, 1\)"):
        simulator.step(torch.zeros(5, 1))
    with pytest.raises(SimulationError, match="environment 2: effort is nan"):
        simulator.step(pushes(0.0).index_fill_(0, torch.tensor(2), torch.nan))
    assert torch.equal(simulator.observations(), before)


def test_the_shared_memory_has_no_name(shared):
    """What has no name in any file system cannot be left behind by anybody."""
    for pid in (os.getpid(), shared.worker_pid):
        maps = Path(f"/proc/{pid}/maps").read_text()
        assert "/memfd:Isaac_Gym_worker (deleted)" in maps


def run_to_the_end(seed, steps=3):
    simulator = make("Faulty", seed)
    try:
        for _ in range(steps):
            simulator.step(pushes(0.0))
    finally:
        pid = simulator.worker_pid
        simulator.close()
        assert not psutil.pid_exists(pid)


@pytest.mark.parametrize("seed, what", [
    (FAILS + 3, r"step 2: the Isaac Gym worker \(process \d+, .*\) has failed: RuntimeError: "
                r"PhysX error: out of memory; the end of its log:.*the last thing it said.*File "),
    (DIES + 3, r"step 2: .* was killed by SIGKILL; .*the last thing it said"),
    (HANGS + 3, r"step 2: .* has not answered 'step' for 1 s; .*the last thing it said"),
    (NOT_A_NUMBER + 3, r"Faulty, step 2: the physics has diverged in environment 1: "
                       r"observation_2 is nan"),
], ids=["fails", "dies", "hangs", "diverges"])
def test_a_fault_of_the_worker_is_named(seed, what, monkeypatch):
    """The worker's first step is the one that resets all environments: its third is our second."""
    monkeypatch.setattr(isaac_process, "ANSWER_SECONDS", 1.0)
    with pytest.raises(SimulationError, match=f"(?s){what}"):
        run_to_the_end(seed)


def test_closing_the_viewer_is_told():
    try:
        sys.exit()
    except SystemExit as error:
        assert "viewer was closed" in isaac_worker.failure(error)["message"]


def test_the_worker_does_not_outlive_a_killed_parent():
    """Even when both are stuck: the worker in a step, and its parent waiting for it."""
    script = (
        "from dnne_ros.sim.isaac_process import IsaacProcess\n"
        f"worker = IsaacProcess({PYTHON!r}, dict(task='Faulty', num_envs=2, seed={HANGS + 2}, "
        f"device='cpu', headless=True, physics_engine='physx', paths=[{STAND_IN!r}]))\n"
        "print(worker.pid, flush=True)\n"
        "worker.ask('step', 60.0)\n")
    path = python_path(Path(__file__).parents[2])
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": path})
    with parent:
        worker = psutil.Process(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
    until_gone([worker])


def test_an_interpreter_must_be_named(monkeypatch):
    monkeypatch.delenv("ISAACGYM_PYTHON", raising=False)
    with pytest.raises(InputError, match="widget isaac_python, or the environment variable "
                                         "ISAACGYM_PYTHON"):
        find_python("")
    monkeypatch.setenv("ISAACGYM_PYTHON", "/no/such/python")
    with pytest.raises(InputError, match="ISAACGYM_PYTHON: expected an interpreter, found no "
                                         "executable '/no/such/python'"):
        find_python("")
    monkeypatch.setenv("ISAACGYM_PYTHON", sys.executable)
    assert find_python("") == sys.executable
    with pytest.raises(InputError, match="isaac_python: expected .* '/no/other'"):
        find_python("/no/other")


def test_folders_are_found_as_people_name_them(tmp_path):
    package = tmp_path / "isaacgym" / "python" / "isaacgym"
    package.mkdir(parents=True)
    assert search_paths(str(tmp_path / "isaacgym"), "") == [str(package.parent)]
    assert search_paths(str(package.parent), "") == [str(package.parent)]
    with pytest.raises(InputError, match="isaac_gym_envs_path: expected a folder with "
                                         "isaacgymenvs in it, found '/tmp/nothing'"):
        search_paths("", "/tmp/nothing")


def test_an_interpreter_without_isaac_gym_is_refused():
    with pytest.raises(InputError, match="cannot import isaacgym .*No module named 'isaacgym'.*"
                                         "widgets isaac_gym_path"):
        make(path="")


def test_an_unknown_task_is_refused_with_those_that_there_are():
    with pytest.raises(InputError, match="unknown task 'Aant'; .*has: Cartpole, Faulty"):
        make("Aant")


def test_what_is_no_python_is_named():
    with pytest.raises(SimulationError, match="false.* has ended with exit status 1; its log is "
                                              "empty"):
        IsaacProcess("/bin/false", {})
