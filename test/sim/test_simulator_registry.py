"""Choosing a simulator by name."""

import subprocess
import sys

import pytest

from dnne_ros.errors import InputError
from dnne_ros.sim import registry


def test_unknown_task_lists_those_there_are():
    with pytest.raises(InputError, match="unknown task 'Cartpool'; there are: Cartpole"):
        registry.make_simulator("Cartpool", 1, seed=0)


def test_unknown_back_end_lists_those_there_are():
    with pytest.raises(InputError, match="unknown back end 'bullet' for task 'Cartpole'; "
                                         "there are: mujoco"):
        registry.make_simulator("Cartpole", 1, backend="bullet", seed=0)


def test_no_environments_are_refused():
    with pytest.raises(InputError, match="expected at least 1 environment, found 0"):
        registry.make_simulator("Cartpole", 0, seed=0)


def test_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    monkeypatch.delitem(sys.modules, "dnne_ros.sim.mujoco_cartpole", raising=False)
    with pytest.raises(InputError, match="needs mujoco, which is not installed: "
                                         "pip install 'mujoco>=3.2'"):
        registry.make_simulator("Cartpole", 1, seed=0)


def test_nothing_heavy_is_imported_before_it_is_asked_for():
    code = ("import sys; import dnne_ros.sim.registry, dnne_ros.sim.cartpole; "
            "print(sorted({'torch', 'mujoco', 'numpy'} & set(sys.modules)))")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr
