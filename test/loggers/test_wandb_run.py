"""Runs of Weights & Biases, in the files that it keeps offline."""

import pytest

from dnne_ros.loggers.run_logger import RunFacts
from dnne_ros.loggers.wandb_run import WandbRun

wandb = pytest.importorskip("wandb", reason="needs wandb")


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """Have Weights & Biases ask nobody."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_has_its_parameters_curves_files_and_goes_on(offline):
    report = offline / "report.json"
    report.write_text("{}")
    run = WandbRun("robots")
    id = run.start(RunFacts("cartpole", {"seed": 3, "node.rate": 0.5}))
    run.log({"mean_return": 20.0}, 64, 1000.25)
    run.note("checkpoint", "/there")
    run.keep(report)
    run.end("interrupted")
    wandb.teardown()  # as at the end of a process: its writer has written all
    folder, = (offline / "wandb").glob(f"offline-run-*-{id}")
    written = (folder / f"run-{id}.wandb").read_bytes()
    for text in (b"robots", b"cartpole", b"node.rate", b"mean_return", b"/there"):
        assert text in written
    assert (folder / "files" / "report.json").read_text() == "{}"
    again = WandbRun("robots")
    assert again.start(RunFacts("cartpole", {"seed": 3}, id)) == id
    again.end("finished")
    wandb.teardown()


def test_a_project_that_is_none_and_nobody_logged_in_are_said_before_the_run(
        offline, monkeypatch):
    with pytest.raises(ValueError, match=r"expected \[ENTITY/\]PROJECT"):
        WandbRun("a/b/c")
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("HOME", str(offline))
    monkeypatch.setenv("NETRC", str(offline / "netrc"))
    with pytest.raises(ValueError, match="nobody has logged in"):
        WandbRun("robots")
