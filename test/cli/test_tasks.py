"""`dnne-ros tasks`: what there is, what is missing, and what is near to a wrong name."""

import sys

import pytest

from dnne_ros.cli.main import main
from dnne_ros.sim import registry


@pytest.fixture
def tasks(capsys):
    """Run the command; return its exit code, the lines that it prints and its error."""
    def run(*arguments):
        code = main(["tasks", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, [line.split() for line in printed.out.splitlines()], printed.err
    return run


def test_the_tasks_of_installed_back_ends_and_the_commands_for_the_rest(tasks, monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco_warp", None)
    monkeypatch.delenv("ISAACGYM_PYTHON", raising=False)
    code, lines, error = tasks()
    assert (code, error) == (0, "")
    assert lines[0] == ["TASK", "BACK", "END", "OBSERVATION", "ACTION", "STEPS"]
    assert ["Cartpole", "torch", "4", "1", "500"] in lines
    rest = [" ".join(line) for line in lines]
    assert "mujoco_warp: Cartpole (not installed: pip install 'mujoco-warp>=4')" in rest
    assert any(line.startswith("isaacgym: every task of IsaacGymEnvs, such as Cartpole (not inst")
               for line in rest)


def test_the_newest_of_gymnasiums(tasks):
    pytest.importorskip("gymnasium")
    _, lines, _ = tasks("--backend", "gymnasium")
    names = [line[0] for line in lines]
    assert "HalfCheetah-v5" in names and "HalfCheetah-v4" not in names
    assert ["Pendulum-v1", "gymnasium", "?", "?", "200"] in lines


def test_envpools_with_their_sizes(tasks):
    pytest.importorskip("envpool", reason="needs EnvPool: pip install 'dnne_ros[envpool]'")
    code, lines, _ = tasks("--backend", "envpool", "cart")
    assert code == 0
    assert ["CartPole-v1", "envpool", "4", "2", "choices", "500"] in lines
    _, lines, _ = tasks("--backend", "envpool", "go1joystickflat")
    assert lines[1] == ["Go1JoystickFlatTerrain-v1", "envpool", "state", "48,",
                        "privileged_state", "123", "12", "1000"]
    _, lines, _ = tasks()
    assert any(line[:1] == ["envpool:"] and line[-2:] == ["--backend", "envpool"]
               for line in lines)
    names = {line[0] for line in tasks("--backend", "envpool")[1] if line}
    assert {"Ant-v5", "Go1JoystickFlatTerrain-v1"} <= names
    assert not names & {"Pong-v5", "CheetahRun-v1", "FrozenLake-v1"}  # which it refuses


def test_a_word_chooses_in_upper_and_lower_case(tasks):
    _, lines, _ = tasks("--backend", "torch", "POLE")
    assert [line for line in lines if line][1:] == [["Cartpole", "torch", "4", "1", "500"]]


@pytest.mark.parametrize("arguments, message", [
    (("--backend", "torhc"), "unknown back end 'torhc'; did you mean torch?"),
    (("--backend", "qqq"), "unknown back end 'qqq'; there are mujoco, torch, mujoco_warp, "),
    (("--backend", "mujoco_warp"), "back end 'mujoco_warp' is not installed: pip install"),
    (("--backend", "torch", "carpole"), "no task of the installed back ends has 'carpole' in its "
                                        "name; near to it are Cartpole"),
])
def test_what_there_is_not(tasks, monkeypatch, arguments, message):
    monkeypatch.setitem(sys.modules, "mujoco_warp", None)
    code, lines, error = tasks(*arguments)
    assert (code, lines) == (2, [])
    assert error.startswith(f"dnne-ros: tasks: {message}") and error.count("\n") == 1


def test_one_that_cannot_tell_hides_no_other(tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    (tmp_path / "maze.py").write_text(
        "from dnne_ros import Backend\n"
        "maze = Backend('maze', 'maze', tasks=('Maze',), listing='nowhere_at_all:tasks')\n")
    code, lines, _ = tasks("--nodes", tmp_path / "maze.py")
    assert code == 0 and ["Cartpole", "torch", "4", "1", "500"] in lines
    line = "back end 'maze' cannot list its tasks: ModuleNotFoundError: No module named 'nowhere_"
    assert any(" ".join(each).startswith(line) for each in lines)
    code, _, error = tasks("--nodes", tmp_path / "maze.py", "--backend", "maze")
    assert code == 2 and error.startswith(f"dnne-ros: tasks: {line}")


def test_those_of_a_file(tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    (tmp_path / "maze.py").write_text(
        "from dnne_ros import Backend\n"
        "maze = Backend('maze', 'maze', tasks=('Maze',))\n"
        "mazes = Backend('mazes', 'maze', about='every maze by its size', examples=('9x9',))\n")
    _, lines, _ = tasks("--nodes", tmp_path / "maze.py", "--backend", "maze")
    assert lines[1] == ["Maze", "maze", "?", "?", "?"]
    _, lines, _ = tasks("--nodes", tmp_path / "maze.py", "--backend", "mazes")
    assert [" ".join(line) for line in lines] == ["mazes: every maze by its size, such as 9x9"]
