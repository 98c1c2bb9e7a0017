"""Exported packages take the files along that their nodes read."""

import shutil

import pytest

from dnne_ros.cli.main import main

NAME = "cartpole_leapp"
FILES = (f"{NAME}/data/leapp_policy_3/bundle/policy.yaml",
         f"{NAME}/data/leapp_policy_3/bundle/policy.onnx")


@pytest.fixture
def workflow(tmp_path, repository):
    """Return a workflow in a folder of its own, with the bundle beside it."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for name in (f"{NAME}.json", NAME):
        source = repository / "config" / "workflows" / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder / f"{NAME}.json"


@pytest.mark.parametrize("standalone", [False, True], ids=["plain", "standalone"])
def test_a_package_runs_with_its_own_bundle(
        export, repository, start_command, tmp_path, workflow, standalone):
    package = export(workflow, *(["--standalone"] if standalone else []))
    shutil.rmtree(workflow.parent)
    assert [(package / file).is_file() for file in FILES] == [True, True]
    assert str(tmp_path) not in "".join(
        (package / path).read_text() for path in (
            "NAME/nodes/leapp_policy_3.py", "config/NAME.params.yaml", "graph/NAME.json"))
    path = [package.folder] if standalone else [package.folder, repository]
    run = start_command(package.host, *package.parameters, folder=tmp_path, environment={
        "PYTHONPATH": ":".join(map(str, path))}, cold=standalone)
    assert run.wait() == 0, run.output
    assert "'success_rate': 1.0" in run.output


def test_it_says_what_is_installed_and_what_is_needed(export, workflow):
    package = export(workflow)
    assert "'data/leapp_policy_3/bundle/policy.onnx'" in (package / "setup.py").read_text()
    needs = (package / "package.xml").read_text()
    assert "<exec_depend>python3-onnxruntime-pip</exec_depend>" in needs
    assert "observations" in (package / "graph/NAME.svg").read_text()
    again = export(workflow)
    assert again.contents() == package.contents()


def test_its_graph_is_a_workflow_again(export, workflow, tmp_path, capsys):
    package = export(workflow)
    shutil.rmtree(workflow.parent)
    assert main(["check", str(package / "graph/NAME.json")]) == 0
    assert "leapp_policy_3/actions → isaac_gym_sim_2/action" in capsys.readouterr().out


def test_a_changed_bundle_does_not_start(export, start_command, tmp_path, workflow, repository):
    package = export(workflow)
    package.edit(FILES[0], "shape:", "shape_of_old:")
    run = start_command(package.host, folder=tmp_path, environment={
        "PYTHONPATH": f"{package.folder}:{repository}"})
    assert run.wait() == 2, run.output
    assert "leapp_policy_3: widget 'bundle': " in run.output
    assert "models.policy.inputs[0] observations: shape: expected a list" in run.output
