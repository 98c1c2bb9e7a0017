"""Choosing a simulator by name."""

import subprocess
import sys
import types

import pytest

from dnne_ros.errors import InputError
from dnne_ros.sim import registry
from dnne_ros.sim.listed_tasks import ListedTask


def test_unknown_environment_lists_what_there_is():
    with pytest.raises(InputError, match="unknown environment 'Cartpool'; the nearest are "
                                         "mujoco:Cartpole; there are:") as caught:
        registry.make_simulator("Cartpool", 1, seed=0)
    for line in ("mujoco: Cartpole", "torch: Cartpole", "gymnasium: every registered"):
        assert line in str(caught.value)


def test_a_name_as_a_missing_back_end_has_them_is_told_how_to_get_that(monkeypatch):
    pytest.importorskip("gymnasium")
    monkeypatch.delenv("ISAACLAB_PYTHON", raising=False)
    with pytest.raises(InputError, match="Isaac-Reach-v0 looks like one of Isaac Lab's tasks, and "
                                         "back end 'isaaclab' is not installed: ISAACLAB_PYTHON"):
        registry.make_simulator("Isaac-Reach-v0", 1, seed=0)


def test_other_back_ends_are_asked_for_a_name_that_is_near(monkeypatch):
    pytest.importorskip("gymnasium")
    other = types.ModuleType("other_tasks")
    other.listing = lambda: [ListedTask("Hop-v1"), ListedTask("Cat-v1")]
    monkeypatch.setitem(sys.modules, "other_tasks", other)
    monkeypatch.setitem(registry._registered, "other", registry.Backend(
        "other", "other_tasks", tasks=("Hop-v1",), listing="other_tasks:listing"))
    for task, found in (("Hop-v2", True), ("Swim-v9", False)):
        with pytest.raises(InputError, match=f"no environment .{task}.; the nearest") as caught:
            registry.make_simulator(task, 1, seed=0)
        assert ("other back ends have other:Hop-v1" in str(caught.value)) == found
    for task in ("gymnasium:Hop-v2", "gymnasium:hop"):
        with pytest.raises(InputError, match="no environment .*; other back ends have other:Hop"):
            registry.make_simulator(task, 1, seed=0)
    with pytest.raises(InputError, match="unknown environment 'hop'; the nearest are .*er:Hop-v"):
        registry.make_simulator("hop", 1, seed=0)


def test_unknown_back_end_lists_what_there_is():
    with pytest.raises(InputError, match="unknown back end 'bullet'; there are:\n    mujoco"):
        registry.make_simulator("Cartpole", 1, backend="bullet", seed=0)


def test_a_back_end_without_the_task_is_refused():
    with pytest.raises(InputError, match="back end 'torch' does not do 'Cartpole-v9'; the "
                                         "nearest are mujoco:Cartpole.*; there are:"):
        registry.make_simulator("Cartpole-v9", 1, backend="torch", seed=0)


def test_two_back_ends_at_once_are_refused():
    with pytest.raises(InputError, match="name asks for the back end 'torch', the widget for "
                                         "'mujoco'"):
        registry.make_simulator("torch:Cartpole", 1, backend="mujoco", seed=0)


def test_what_is_missing_is_listed_with_its_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(InputError, match="not installed: pip install 'gymnasium"):
        registry.make_simulator("Cartpool", 1, seed=0)


@pytest.mark.parametrize("task, options, module", [
    ("Cartpole", {}, "mujoco_cartpole"),
    ("mujoco:Cartpole", {}, "mujoco_cartpole"),
    ("torch:Cartpole", {}, "torch_cartpole"),
    ("Cartpole", {"backend": "torch"}, "torch_cartpole"),
    ("CartPole-v1", {}, "gymnasium_envs"),
    ("gymnasium:CartPole-v1", {"backend": "gymnasium"}, "gymnasium_envs"),
])
def test_name_and_widget_choose_the_back_end(task, options, module):
    pytest.importorskip("gymnasium")
    simulator = registry.make_simulator(task, 2, seed=0, **options)
    assert type(simulator).__module__ == f"dnne_ros.sim.{module}"
    simulator.close()


def test_the_default_is_one_that_is_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    simulator = registry.make_simulator("Cartpole", 1, seed=0)
    assert type(simulator).__module__ == "dnne_ros.sim.torch_cartpole"


def test_physics_that_cannot_vary_is_refused():
    with pytest.raises(InputError, match="back end 'torch' cannot vary the physics .*: mujoco"):
        registry.make_simulator("torch:Cartpole", 1, seed=0, randomization="mass:0.8..1.2")


def test_threads_that_nothing_reads_are_refused():
    with pytest.raises(InputError, match=r"back end 'torch' has no threads of its own \(threads: "
                                         "2\\); those that have: mujoco, envpool"):
        registry.make_simulator("torch:Cartpole", 1, seed=0, threads=2)
    registry.make_simulator("mujoco:Cartpole", 1, seed=0, threads=2).close()


def test_no_environments_are_refused():
    with pytest.raises(InputError, match="expected at least 1 environment, found 0"):
        registry.make_simulator("Cartpole", 0, seed=0)


def test_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "mujoco", None)
    for module in ("mujoco_cartpole", "quiet_mujoco"):  # what has it already
        monkeypatch.delitem(sys.modules, f"dnne_ros.sim.{module}", raising=False)
    with pytest.raises(InputError, match="needs mujoco, which is not installed: "
                                         "pip install 'mujoco>=3.2'"):
        registry.make_simulator("Cartpole", 1, backend="mujoco", seed=0)


def test_nothing_heavy_is_imported_before_it_is_asked_for():
    code = ("import sys; import dnne_ros.sim.registry, dnne_ros.sim.cartpole; "
            "print(sorted({'torch', 'mujoco', 'numpy'} & set(sys.modules)))")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.fixture
def elsewhere(monkeypatch):
    """A back end that is not of this package, registered, and a module with its factory."""
    def run(factory, **more):
        module = types.ModuleType("simulator_of_test")
        module.Elsewhere = factory
        monkeypatch.setitem(sys.modules, "simulator_of_test", module)
        monkeypatch.setattr(registry, "_registered", {})
        registry.register(registry.Backend(
            "elsewhere", "simulator_of_test", "Elsewhere", tasks=("Cartpole", "Maze"), **more))
    return run


def test_a_simulator_of_other_people_does_its_task_and_comes_last(elsewhere):
    asked = []

    def factory(settings):
        asked.append(settings)
        return registry.make_simulator("torch:Cartpole", settings.num_envs, seed=settings.seed)

    elsewhere(factory)
    registry.make_simulator("Maze", 3, seed=7).close()
    assert (asked[0].task, asked[0].num_envs, asked[0].seed) == ("Maze", 3, 7)
    registry.make_simulator("elsewhere:Cartpole", 1, seed=0).close()
    assert len(asked) == 2
    simulator = registry.make_simulator("Cartpole", 1, seed=0)
    assert type(simulator).__module__ == "dnne_ros.sim.mujoco_cartpole" and len(asked) == 2
    simulator.close()


def test_what_is_no_simulator_is_named(elsewhere):
    elsewhere(lambda settings: "a simulator")
    with pytest.raises(TypeError, match="expected simulator_of_test.Elsewhere to return a "
                                        "Simulator, found str"):
        registry.make_simulator("Maze", 1, seed=0)


def test_a_back_end_that_does_nothing_is_refused():
    with pytest.raises(ValueError, match="'idle': expected tasks"):
        registry.Backend("idle", "idle")
    with pytest.raises(ValueError, match="'mujoco' is there already: dnne_ros.sim.mujoco_cart"):
        registry.register(registry.Backend("mujoco", "mine", tasks=("Cartpole",)))
