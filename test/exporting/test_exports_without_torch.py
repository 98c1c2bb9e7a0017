"""Packages that bring a policy along, and stand alone without torch."""

import json
import os
import shutil

import pytest

from dnne_ros.cli.main import main

BUNDLE = "NAME/data/onnx_policy_2/bundle"


@pytest.fixture
def package(export, repository, monkeypatch):
    """Export the example with a bundle so that it stands alone."""
    monkeypatch.chdir(repository)
    return export(repository / "docs/examples/cartpole_onnx.json", "--standalone")


def test_the_bundle_comes_along_and_torch_does_not(package, repository):
    trained = repository / "docs/examples/cartpole_policy"
    carried = package / BUNDLE
    assert {path.name: path.read_bytes() for path in carried.iterdir()} == {
        path.name: path.read_bytes() for path in trained.iterdir()}
    for file in ("NAME/nodes/onnx_policy_2.py", "config/NAME.params.yaml", "graph/NAME.json"):
        text = (package / file).read_text()
        assert "data/onnx_policy_2/bundle" in text and str(repository) not in text
    declared = (package / "package.xml").read_text()
    assert "python3-onnxruntime-pip" in declared and "torch" not in declared
    installed = (package / "setup.py").read_text()
    assert "data/onnx_policy_2/bundle/policy.onnx" in installed


def test_it_drives_a_robot_where_neither_is_installed(
        package, start_command, start_plant, repository, tmp_path):
    path = os.pathsep.join(map(str, (repository / "test/support/without_torch", package.folder)))
    (tmp_path / "elsewhere").mkdir()
    plant = start_plant(2)
    host = start_command(package.host, *package.parameters, folder=tmp_path / "elsewhere",
                         cold=True, environment={"PYTHONPATH": path})
    try:
        host.until(lambda: plant.returncode is not None, "the plant's end")
        host.interrupt()
        assert host.wait() == 0, host.output
    finally:
        host.kill()
    result = json.loads(plant.output)
    assert result["angle"] < 0.3 and result["actions"] > 0, plant.said() + host.output


def test_a_bundle_that_is_not_there_is_refused(repository, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workflow = shutil.copy(repository / "docs/examples/cartpole_onnx.json", tmp_path)
    assert main(["export", str(workflow), "-o", str(tmp_path / "src")]) == 2
    said = capsys.readouterr().err
    assert "node 2 'Policy' (OnnxPolicyNode)" in said and "docs/examples/cartpole_policy" in said
    assert not (tmp_path / "src").exists()


@pytest.mark.parametrize("workflow, needed, spared", [
    ("cartpole_ppo", "python3-torch", "onnx"),
    ("cartpole_through_ros", "python3-onnxruntime-pip", "torch")])
def test_a_package_has_torch_or_does_without(export, repository, workflow, needed, spared):
    package = export(repository / "config/workflows" / f"{workflow}.json", "--standalone")
    declared = (package / "package.xml").read_text()
    assert f"<exec_depend>{needed}</exec_depend>" in declared and spared not in declared
