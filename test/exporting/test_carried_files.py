"""Exported packages take the files along that their nodes read."""

import json
import shutil
from pathlib import Path

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


@pytest.fixture
def columns(tmp_path, repository):
    """Return a workflow with the example's node type, and the arguments that it needs."""
    (tmp_path / "log.csv").write_text("speed,turn\n1.0,2.0\n3.0,4.0\n")
    path = tmp_path / "columns.json"
    path.write_text(json.dumps({
        "1": {"class_type": "Columns", "inputs": {"table": "log.csv"}},
        "2": {"class_type": "Display", "inputs": {"value": ["1", 1]}}}))
    return path, "--nodes", str(repository / "docs" / "examples" / "columns.py")


def test_the_example_of_the_document_carries_its_table(export, columns, repository, capsys):
    text = (repository / "docs" / "own_nodes.md").read_text(encoding="utf-8")
    code = text.partition("(examples/columns.py)):\n```python\n")[2].partition("```")[0]
    assert code and code in (repository / "docs" / "examples" / "columns.py").read_text("utf-8")
    package = export(*columns)
    assert (package / "NAME/data/columns_1/table/log.csv").read_text().startswith("speed,turn")
    graph = (package / "NAME/graph.py").read_text()
    assert "LinkSpec('columns_1/turn', 'display_2/value'" in graph


def test_a_file_that_cannot_be_carried_is_named(columns, tmp_path, capsys):
    nodes = tmp_path / "elsewhere.py"
    nodes.write_text(Path(columns[2]).read_text().replace("    async def process", """
    @classmethod
    def carried_files(cls, values):
        return {"table": [Path(values["table"]), Path("/etc/hostname")]}

    async def process"""))
    assert main(["export", str(columns[0]), "-o", str(tmp_path / "src"),
                 "--nodes", str(nodes)]) == 2
    assert "node 1 (ColumnsNode): carried_files(): ValueError: '/etc/hostname'" in \
        capsys.readouterr().err
    assert not (tmp_path / "src").exists()
