"""Runs of MLflow, in the files that it keeps itself."""

from pathlib import Path

import pytest

from dnne_ros.loggers.mlflow_run import MlflowRun
from dnne_ros.loggers.run_logger import RunFacts

pytest.importorskip("mlflow", reason="needs mlflow-skinny")

PARAMETERS = {"seed": 3, "workflow_sha256": "ab" * 32,
              **{f"node.widget[{number}]": 0.5 for number in range(250)}}


@pytest.fixture
def read(tmp_path):
    """Return a run as MLflow reads it."""
    def get(id):
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=(tmp_path / "runs").as_uri())
        history = {name: [(each.step, each.value, each.timestamp)
                          for each in client.get_metric_history(id, name)]
                   for name in client.get_run(id).data.metrics}
        return client.get_run(id), history, [each.path for each in client.list_artifacts(id)]
    return get


def test_a_run_has_its_parameters_curves_files_and_end(tmp_path, read):
    report = tmp_path / "report.json"
    report.write_text("{}")
    run = MlflowRun(str(tmp_path / "runs"))
    id = run.start(RunFacts("cartpole", PARAMETERS))
    run.log({"loss": 0.5, "mean_return": 20.0}, 64, 1000.25)
    run.log({"loss": float("nan")}, 128, 1001.0)
    run.note("checkpoint", "/there")
    run.keep(report)
    run.end("interrupted")
    found, history, files = read(id)
    assert found.data.params["seed"] == "3"
    assert found.data.params["node.widget_249_"] == "0.5"
    assert len(found.data.params) == len(PARAMETERS)
    assert history["mean_return"] == [(64, 20.0, 1000250)]
    assert [step for step, *_ in history["loss"]] == [64, 128]
    assert found.data.tags["checkpoint"] == "/there" and files == ["report.json"]
    assert (found.info.run_name, found.info.status) == ("cartpole", "KILLED")


def test_a_run_goes_on_where_it_was_with_what_has_changed_as_tags(tmp_path, read):
    first = MlflowRun(str(tmp_path / "runs"))
    id = first.start(RunFacts("cartpole", {"seed": 3, "rate": 0.5}))
    first.log({"loss": 0.5}, 64, 1000.0)
    first.end("failed")
    assert read(id)[0].info.status == "FAILED"
    second = MlflowRun((tmp_path / "runs").as_uri())
    assert second.start(RunFacts("cartpole", {"seed": 3, "rate": 0.25, "new": True}, id)) == id
    assert read(id)[0].info.status == "RUNNING"
    second.log({"loss": 0.25}, 128, 1002.0)
    second.end("finished")
    found, history, _ = read(id)
    assert history["loss"] == [(64, 0.5, 1000000), (128, 0.25, 1002000)]
    assert found.data.params == {"seed": "3", "rate": "0.5", "new": "True"}
    assert found.data.tags["resumed.rate"] == "0.25" and "resumed.seed" not in found.data.tags
    assert found.info.status == "FINISHED"


@pytest.mark.parametrize("id", ["0" * 32, "../../x"])
def test_a_run_that_is_gone_begins_anew(tmp_path, read, id):
    run = MlflowRun(str(tmp_path / "runs"))
    new = run.start(RunFacts("cartpole", {"seed": 3}, id))
    assert new != id and read(new)[0].data.params == {"seed": "3"}


def test_without_a_place_the_settings_of_mlflow_say_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", str(tmp_path / "named"))
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "robots")
    MlflowRun("").start(RunFacts("cartpole", {}))
    names = [path.read_text() for path in Path("named").glob("*/meta.yaml")]
    assert any("name: robots" in text for text in names)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    MlflowRun("")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mlruns", "named"]
