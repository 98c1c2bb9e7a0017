"""``dnne-ros run --log-to``: a run and its continuation, as MLflow has them."""

import json

import pytest


@pytest.fixture
def one_run(tmp_path):
    """Return the only run in a folder of MLflow, and its history of a metric."""
    def read():
        from mlflow.tracking import MlflowClient

        client = MlflowClient(tracking_uri=(tmp_path / "runs").as_uri())
        run, = client.search_runs([client.get_experiment_by_name("cartpole_ppo").experiment_id])
        history = client.get_metric_history(run.info.run_id, "loss")
        return run, [(each.step, each.value) for each in history], {
            file.path for file in client.list_artifacts(run.info.run_id)}
    return read


def test_a_run_that_goes_on_from_a_checkpoint_is_one_run_of_mlflow(
        command, cartpole, tmp_path, one_run, monkeypatch):
    pytest.importorskip("mlflow", reason="needs mlflow-skinny")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    words = ["run", cartpole, "--quiet", "--set", "1.num_envs=16", "--seed", "3", "--log-to",
             "mlflow:runs", "--save-checkpoint-dir", "c", "--report", "r.json"]
    steps, losses = [], []
    for more in (["--max-updates", "2"],
                 ["--max-updates", "3", "--load-checkpoint-dir", "c", "--plot", "p.png"]):
        done = command(*words, *more, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "figures get lost" not in done.stdout
        report = json.loads((tmp_path / "r.json").read_text())
        losses += report["losses"]
        steps.append(report["metrics"]["total_env_steps"])
    run, history, files = one_run()
    assert [value for _, value in history] == pytest.approx(losses) and len(losses) == 3
    assert [step for step, _ in history][1:] == steps
    assert files == {"r.json", "p.png"}
    assert run.data.params["seed"] == "3" and run.data.params["max_updates"] == "2"
    assert run.data.params["isaac_gym_env_1.num_envs"] == "16"
    assert len(run.data.params["workflow_sha256"]) == 64
    assert run.data.tags["checkpoint"] == str(tmp_path / "c")
    assert run.data.tags["resumed.max_updates"] == "3"
    assert run.info.status == "FINISHED"


def test_loggers_that_are_none_end_the_run_before_it_starts(command, cartpole, tmp_path):
    done = command("run", cartpole, "--log-to=ftp:x", "--log-to=mlflow:ftp://x", cwd=tmp_path)
    assert done.returncode == 2 and "--log-to: 2 problems" in done.stderr
    assert "'ftp:x': expected one of" in done.stderr and "mlflow:ftp://x: expected" in done.stderr
    assert not list(tmp_path.iterdir())
