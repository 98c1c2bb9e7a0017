"""A second Run as a job of a store, where one is named."""

import asyncio
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from prompts import asked
from python_path import python_path

from dnne_ros.editor.asked import read_asked
from dnne_ros.editor.jobs import DrawnJobs
from dnne_ros.errors import InputError

REPOSITORY = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(find_spec("dbos") is None, reason="needs the extra jobs")


@pytest.fixture
def store(tmp_path):
    from dnne_ros.jobs.store.tables import sqlite_fault

    if fault := sqlite_fault():
        pytest.skip(fault)
    return tmp_path / "jobs"


@pytest.fixture
def submit(catalogue, store, tmp_path):
    """Submit a drawing to the store."""
    def submit(drawing, *words):
        environment = {**os.environ, "PYTHONPATH": python_path(REPOSITORY)}
        jobs = DrawnJobs(str(store), [*words, "--quiet"], environment)
        return asyncio.run(jobs.submit(read_asked(asked(drawing), catalogue, tmp_path)))
    return submit


def test_a_drawing_becomes_a_job_with_its_options_and_a_folder_of_its_own(
        submit, store, cartpole):
    from dnne_ros.jobs.store.store import JobStore

    cartpole["extra"] = {"dnne_ros": {"run": {"seed": "3", "save_checkpoint_dir": "saved"}}}
    job = submit(cartpole)
    assert (job.number, job.text) == (1, "job 1: run cartpole_ppo.json, queued (submitted)")
    with JobStore(str(store)) as opened:
        words = opened.spec(1).task.words
    assert "--seed=3" in words and not any("checkpoint" in word for word in words)


def test_what_the_store_refuses_is_told(submit, cartpole):
    with pytest.raises(InputError, match="job: cartpole_ppo.json: .* cannot be imported"):
        submit(cartpole, "--nodes=/nowhere/nodes.py")
