"""What other people add: in installed packages and in single files."""

import itertools

import pytest

from dnne_ros.cli.main import main
from dnne_ros.errors import InputError
from dnne_ros.options.workflow_arguments import load_catalogue
from dnne_ros.sim import registry

SOURCE = '''
from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import PortType, Tensor
from dnne_ros.node_api.ports import Input
from dnne_ros.sim.registry import Backend


class Smell(PortType):
    """What a nose says."""

    name = "SMELL"
    aliases = ("ODOUR",)


class Warm(Tensor):
    """For the node below alone: it has no name of its own."""


class NoseNode(Node):
    """Take smells."""

    smell = Input(Smell())
    warmth = Input(Warm())


NOSE_WORLD = Backend("nose_world", "{module}", "Simulator", tasks=("Sniff",))
'''
_numbers = itertools.count()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution of a module, with entry points by group; return the module's name.

    ``@`` in an entry point is the module.
    """
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(source, **entries):
        module = f"plug_in_of_test_{next(_numbers)}"
        (tmp_path / f"{module}.py").write_text(source.replace("{module}", module))
        info = tmp_path / f"{module}_dist-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}-dist\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("".join(
            f"[dnne_ros.{group}]\nmine = {entry.replace('@', module)}\n"
            for group, entry in entries.items()))
        return module
    return run


def test_a_package_adds_node_types_port_types_and_simulators(install):
    module = install(SOURCE, nodes="@", port_types="@:Smell", simulators="@:NOSE_WORLD")
    catalogue = load_catalogue([])
    assert catalogue.find("Nose").__module__ == module
    assert type(catalogue.port_types.named("FRONT_ODOUR")).__name__ == "Smell"
    signature = catalogue.signature("NoseNode")
    assert signature.types_match("ODOUR", "SMELL")
    assert not signature.types_match("TENSOR", "SMELL")
    assert registry.backends()["nose_world"].module == module


def test_what_is_not_declared_is_not_added(install):
    install(SOURCE, nodes="@")
    catalogue = load_catalogue([])
    assert catalogue.find("Nose") is not None and catalogue.port_types.named("SMELL") is None
    assert "nose_world" not in registry.backends()


def test_every_broken_entry_point_is_named_at_once(install, capsys):
    missing = install("import no_such_thing", port_types="@", nodes="@")
    wrong = install("x = 1", simulators="@:x")
    empty = install("x = 1", port_types="@")
    taken = install(SOURCE.replace('"SMELL"', '"TENSOR"').replace("nose_world", "mujoco"),
                    port_types="@:Smell", simulators="@:NOSE_WORLD")
    assert main(["nodes"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said and "entry points: 6 problems" in said
    for module, group, words in (
            (missing, "port_types", "ModuleNotFoundError: No module named 'no_such_thing'"),
            (missing, "nodes", "ModuleNotFoundError"),
            (wrong, "simulators", "expected back ends"), (empty, "port_types", "expected port ty"),
            (taken, "port_types", "the name TENSOR is that of dnne_ros"),
            (taken, "simulators", "the simulator 'mujoco' is there already")):
        line, = (line for line in said.splitlines()
                 if f"{module}-dist: dnne_ros.{group}: mine = " in line)
        assert words in line


def test_a_simulator_is_refused_where_there_is_no_catalogue_too(install):
    module = install("import no_such_thing", simulators="@:WORLD")
    with pytest.raises(InputError, match=f"{module}-dist: dnne_ros.simulators: mine"):
        registry.make_simulator("Cartpole", 1, seed=0)


@pytest.fixture
def nothing_registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})


def test_a_file_adds_the_same(tmp_path, nothing_registered):
    file = tmp_path / "nose.py"
    file.write_text(SOURCE)
    catalogue = load_catalogue([str(file)])
    assert catalogue.find("Nose") is not None
    assert type(catalogue.port_types.named("ODOUR")).__name__ == "Smell"
    assert registry.backends()["nose_world"].tasks == ("Sniff",)
    file.write_text(SOURCE.replace("Sniff", "Smell"))
    load_catalogue([str(file)])
    assert registry.backends()["nose_world"].tasks == ("Smell",)


def test_names_in_a_file_that_are_taken(tmp_path, nothing_registered, capsys):
    file = tmp_path / "nose.py"
    file.write_text(SOURCE.replace('"SMELL"', '"TENSOR"').replace("nose_world", "mujoco"))
    assert main(["nodes", "--nodes", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{file}: 2 problems" in said
    assert "the name TENSOR is that of" in said and "the simulator 'mujoco' is there" in said
