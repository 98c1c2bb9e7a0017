"""What ``--log-to`` takes: what is built in, what packages add, and no more."""

import importlib.metadata
import sys

import pytest

from dnne_ros import LoggerKind, RunLogger
from dnne_ros.errors import InputError
from dnne_ros.loggers.registry import logger_kinds, make_loggers


class OwnLogger(RunLogger):
    """A logger of somebody's package."""

    def __init__(self, where):
        if where == "wrong":
            raise ValueError("expected a place")
        self.where = where

    def log(self, figures, step, seconds):
        """Take nothing."""


OWN = LoggerKind("own", __name__, "OwnLogger", "PLACE")
SAME = LoggerKind("mlflow", __name__, "OwnLogger", "PLACE")
NONE = LoggerKind("none", __name__, "make_nothing", "PLACE")


def make_nothing(where):
    """Return what is no logger."""
    return where


@pytest.fixture
def install(monkeypatch):
    """Let packages have entry points; returns what adds one."""
    def add(**points):
        found = importlib.metadata.EntryPoints(
            importlib.metadata.EntryPoint(name, value, "dnne_ros.loggers")
            for name, value in points.items())
        monkeypatch.setattr("dnne_ros.plugins.installed.entry_points", lambda: found)
        monkeypatch.setitem(sys.modules, "loggers_for_tests", sys.modules[__name__])
    return add


def test_a_package_adds_a_logger(install):
    install(own="loggers_for_tests:OWN")
    made = make_loggers(["own:there:and:there", "own"])
    assert {text: logger.where for text, logger in made.items()} == {
        "own:there:and:there": "there:and:there", "own": ""}


def test_a_name_that_is_taken_is_refused(install):
    install(mlflow="loggers_for_tests:SAME")
    with pytest.raises(InputError, match="the logger 'mlflow' is there already"):
        logger_kinds()


def test_everything_wrong_is_said_at_once(install, monkeypatch, tmp_path):
    install(own="loggers_for_tests:OWN", none="loggers_for_tests:NONE")
    for module in ("wandb", "tensorboard"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError) as caught:
        make_loggers(["ftp:x", "own:wrong", "none", "wandb", "tensorboard:x", "mlflow:ftp://x",
                      f"mlflow:{tmp_path}/file/x"])
    said = str(caught.value)
    for problem in ("'ftp:x': expected one of tensorboard[:DIR], mlflow[:URI], wandb[:PROJECT], "
                    "none[:PLACE], own[:PLACE]", "own:wrong: expected a place",
                    "to return a RunLogger, found str",
                    "wandb: needs wandb: pip install 'dnne_ros[wandb]'",
                    "tensorboard:x: needs tensorboard: pip install 'dnne_ros[tensorboard]'",
                    "mlflow:ftp://x: expected a folder or a URI of http",
                    "/file/x: cannot write MLflow's files here: Not a directory"):
        assert problem in said


def test_event_files_need_a_folder_and_do_not_follow_links_to_try_it(tmp_path):
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    with pytest.raises(InputError, match="expected tensorboard:DIR"):
        make_loggers(["tensorboard"])
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "curves").mkdir()
    (tmp_path / "curves" / ".probe").symlink_to(tmp_path / "precious")
    make_loggers([f"tensorboard:{tmp_path}/curves"])
    assert (tmp_path / "precious").read_text() == "precious"
