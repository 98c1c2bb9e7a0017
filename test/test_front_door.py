"""The names that the package itself offers: all there, typed, and loaded when asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dnne_ros

SOURCE = Path(dnne_ros.__file__)


def names_for_checkers():
    """Return the modules of the names that the block for type checkers imports."""
    block = next(node for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body
                 if isinstance(node, ast.If))
    return {alias.name: node.module.partition(".")[2] for node in block.body
            for alias in node.names}


def loaded_by(code):
    """Return the modules that ``code`` loads, beside those of Python's own start."""
    show = ("import sys\nbefore = set(sys.modules)\n"
            f"{code}\nprint(sorted(set(sys.modules) - before))")
    done = subprocess.run([sys.executable, "-c", show], cwd=SOURCE.parents[1],
                          capture_output=True, text=True, check=True)
    return ast.literal_eval(done.stdout)


def test_checkers_and_the_interpreter_see_the_same_names():
    assert names_for_checkers() == dnne_ros.HOMES
    assert sorted(dnne_ros.__all__) == sorted(dnne_ros.HOMES)


@pytest.mark.parametrize("name", dnne_ros.__all__)
def test_every_name_is_there(name):
    assert getattr(dnne_ros, name) is not None
    assert name in dir(dnne_ros)


def test_a_name_that_is_not_there_is_said_to_be_none():
    with pytest.raises(AttributeError, match="'dnne_ros' has no attribute 'Nodo'"):
        getattr(dnne_ros, "Nodo")  # noqa: B009
    with pytest.raises(ImportError, match="cannot import name 'Nodo'"):
        exec("from dnne_ros import Nodo")


def test_the_package_loads_nothing_but_itself():
    assert loaded_by("import dnne_ros") == ["dnne_ros"]


def test_what_a_node_type_is_made_with_loads_neither_ros_nor_torch():
    loaded = loaded_by("from dnne_ros import *")
    assert not {"torch", "rclpy", "tenacity", "pytest", "mujoco"} & set(loaded)


def test_type_checkers_are_told_that_the_package_is_typed():
    assert (SOURCE.parent / "py.typed").is_file()
