"""What of a run's words its loggers get, and what stays beside its checkpoint."""

import json

import pytest

from dnne_ros.errors import InputError
from dnne_ros.loggers.continuing import read_runs
from dnne_ros.loggers.logging_run import LoggingRun
from dnne_ros.loggers.run_logger import RunFacts, RunLogger

FACTS = RunFacts("cartpole", {"seed": 3})


class Told(RunLogger):
    """Writes down what it is told."""

    def __init__(self, run="run 7"):
        self.run = run
        self.calls = []

    def start(self, facts):
        self.calls.append(("start", facts.continues))
        return facts.continues or self.run

    def log(self, figures, step, seconds):
        self.calls.append(("log", figures, step))

    def note(self, name, value):
        self.calls.append(("note", name, value))

    def keep(self, file):
        self.calls.append(("keep", file.name))

    def end(self, status):
        self.calls.append(("end", status))


def progress(**metrics):
    return {"kind": "progress", "metrics": metrics}


def test_updates_and_whole_epochs_are_logged(tmp_path):
    (tmp_path / "r.json").write_text("{}")
    told = Told()
    run = LoggingRun({"told": told}, FACTS, {}, print)
    run.note({"kind": "warning", "message": "x"})
    run.note(progress(env_steps=5, running_return=1.0))
    run.note(progress(loss=0.5, mean_return=None, episodes=2, env_steps=8, total_env_steps=64,
                      total_updates=2))
    run.note(progress(epoch=1, batch=4, loss_so_far=1.0))
    run.note(progress(epoch=1, completed_epoch={"epoch": 1, "loss": 0.25, "accuracy": 0.5}))
    run.end([str(tmp_path / "r.json"), str(tmp_path / "never_written.png")], "finished")
    assert told.calls == [
        ("start", ""), ("log", {"loss": 0.5, "episodes": 2.0}, 64),
        ("log", {"loss": 0.25, "accuracy": 0.5}, 1), ("keep", "r.json"), ("end", "finished")]


def test_a_run_that_goes_on_from_a_checkpoint_goes_on_in_the_same_runs(tmp_path):
    first = LoggingRun({"a": Told("run 1"), "b:x": Told("run 2"), "c": Told("")}, FACTS, {}, print)
    first.note({"kind": "saved", "directory": str(tmp_path)})
    first.end([], "interrupted")
    assert read_runs(tmp_path) == {"a": "run 1", "b:x": "run 2"}
    # b is another place now, and of a nothing is wanted this time.
    again = Told("run 3")
    second = LoggingRun({"b:y": again}, FACTS, read_runs(tmp_path), print)
    second.note({"kind": "saved", "directory": str(tmp_path)})
    second.end([], "finished")
    assert again.calls[0] == ("start", "")
    assert read_runs(tmp_path) == {"a": "run 1", "b:x": "run 2", "b:y": "run 3"}
    third = Told()
    LoggingRun({"a": third}, FACTS, read_runs(tmp_path), print).end([], "finished")
    assert third.calls[0] == ("start", "run 1")


def test_a_new_run_forgets_those_of_the_checkpoint_that_it_writes_over(tmp_path):
    (tmp_path / "loggers.json").write_text('{"a": "run 1"}')
    run = LoggingRun({}, FACTS, {}, print)
    assert read_runs(tmp_path)
    run.note({"kind": "saved", "directory": str(tmp_path)})
    assert not (tmp_path / "loggers.json").exists()


def test_what_cannot_be_written_beside_a_checkpoint_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    warnings = []
    run = LoggingRun({"a": Told()}, FACTS, {}, warnings.append)
    run.note({"kind": "saved", "directory": str(tmp_path / "file")})
    run.end([], "finished")
    assert warnings and "will begin anew for its loggers: Not a directory" in warnings[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', json.dumps({"a": "x" * 201}), "\udc80"])
def test_nonsense_beside_a_checkpoint_is_refused(tmp_path, text):
    (tmp_path / "loggers.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match="loggers.json"):
        read_runs(tmp_path)
    assert read_runs(tmp_path / "nothing") == {}
