"""What `make dist` builds is whole, and runs where only what it requires is installed."""

import importlib.metadata
import json
import re
import shutil
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from empty_environment import EmptyEnvironment, required_by

pytestmark = pytest.mark.slow

WRITTEN = {"PKG-INFO", "dnne_ros.egg-info"}


def files_in(folder):
    """Return the paths of all files in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def metadata_of(wheel):
    """Return the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_the_source_distribution_is_the_checkout(checkout, source_distribution):
    found = {name for name in files_in(source_distribution)
             if Path(name).parts[0] not in WRITTEN}
    # What serves git and CI stays where these are.
    expected = {name for name in files_in(checkout) if not name.startswith(".")}
    assert found == expected


def test_the_wheel_holds_every_file_of_the_package(checkout, distributions):
    with zipfile.ZipFile(distributions[1]) as archive:
        names = archive.namelist()
    data = re.compile(r"^dnne_ros-[^/]+\.data/data/")
    installed = {data.sub("", name) for name in names if ".dist-info/" not in name}
    share = {f"share/dnne_ros/{folder}/{path.name}"
             for folder, kind in (("launch", "*.launch.py"), ("config/workflows", "*.json"),
                                  ("config/workflows", "*.py"),
                                   ("config/workflows/cartpole_leapp", "*"),
                                   ("config/foxglove", "*.json"),
                                   ("config/pipelines", "*.yaml"),
                                   ("config/grafana", "*.json"))
             for path in (checkout / folder).glob(kind)}
    executables = {f"lib/dnne_ros/{name}" for name in ("dnne-ros", "graph_host")}
    assert installed == (
        {f"dnne_ros/{name}" for name in files_in(checkout / "dnne_ros")} | share | executables
        | {"share/dnne_ros/package.xml", "share/ament_index/resource_index/packages/dnne_ros"})


@pytest.fixture(params=["wheels,train"])
def installed(request, tmp_path, distributions):
    """Return an environment with the wheel and what it says that it requires, for some extras."""
    try:
        importlib.metadata.distribution("ros-rclpy")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs the wheels of rclpy: the system's packages cannot be told apart")
    environment = EmptyEnvironment(tmp_path / "environment")
    requirements = metadata_of(distributions[1]).get_all("Requires-Dist")
    for extra in request.param.split(","):
        environment.fill(required_by(requirements, extra))
    environment.pip("install", "--quiet", "--no-index", "--no-deps", distributions[1])
    environment.pip("check")
    return environment


@pytest.fixture
def run_installed(installed, run_words, tmp_path):
    """Run a command in an empty folder, with nothing of this checkout in sight."""
    folder = tmp_path / "empty"
    folder.mkdir()
    environment = {"PYTHONPATH": "", "PYTHONNOUSERSITE": "1"}

    def run(program, *words):
        done = run_words(program, *words, folder=folder, environment=environment)
        assert done.returncode == 0, done.said()
        return done.output
    run.folder = folder
    return run


def test_the_wheel_trains_where_only_what_it_requires_is_installed(installed, run_installed):
    where = run_installed(
        installed.python, "-c", "import dnne_ros, importlib.util\n"
        "print(dnne_ros.__file__, importlib.util.find_spec('pytest'))")
    assert re.fullmatch(rf"{installed.folder}/lib/\S+/dnne_ros/__init__\.py None\n", where)
    # The commands of `make demo`, with a lower aim.
    share = installed.folder / "share" / "dnne_ros"
    workflow = share / "config" / "workflows" / "cartpole_ppo.json"
    run_installed(
        installed.bin / "dnne-ros", "run", workflow, "--until-return", "5",
        "--save-checkpoint-dir", "checkpoint", "--report", "report.json", "--plot", "curve.png")
    report = json.loads((run_installed.folder / "report.json").read_text())
    assert report["exit_reason"] == "until_return"
    assert (run_installed.folder / "checkpoint" / "checkpoint.json").is_file()
    assert (run_installed.folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    run_installed(installed.bin / "dnne-ros", "export", workflow, "--package", "my_cartpole",
                  "-o", "src", "--standalone")
    assert (run_installed.folder / "src" / "my_cartpole" / "package.xml").is_file()
    for name in ("dnne-ros", "graph_host"):  # where ros2 run looks
        assert "usage" in run_installed(installed.folder / "lib/dnne_ros" / name, "--help")


@pytest.mark.parametrize("installed", ["wheels,policy"], indirect=True)
def test_without_torch_a_graph_for_a_robot_is_sound_and_one_that_trains_is_refused(
        checkout, installed, run_installed, run_words):
    shutil.copytree(checkout / "docs" / "examples" / "cartpole_policy",
                    run_installed.folder / "docs" / "examples" / "cartpole_policy")
    assert run_installed(
        installed.python, "-c",
        "import importlib.util; print(importlib.util.find_spec('torch'))") == "None\n"
    assert ": ok. 3 nodes" in run_installed(
        installed.bin / "dnne-ros", "check", checkout / "docs/examples/cartpole_onnx.json")
    refused = run_words(
        installed.bin / "dnne-ros", "check",
        installed.folder / "share/dnne_ros/config/workflows/cartpole_ppo.json",
        folder=run_installed.folder, environment={"PYTHONPATH": ""})
    assert refused.wait() == 2 and "need torch, which is not installed" in refused.said()
