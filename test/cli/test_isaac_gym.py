"""A run on Isaac Gym's stand-in, and what is left of it when the worker dies."""

import os
import sys
from pathlib import Path

import psutil

STAND_IN = Path(__file__).parents[1] / "sim" / "isaac_stand_in"


def worker_of(run):
    """Return the worker process of a run."""
    for process in psutil.Process(run.process.pid).children(recursive=True):
        if any(word.endswith("isaac_worker.py") for word in process.cmdline()):
            return process
    raise AssertionError(run.output)


def test_a_killed_worker_ends_the_run_by_name_and_keeps_the_checkpoint(start_run, cartpole):
    python = os.environ.get("ISAACGYM_TEST_PYTHON", sys.executable)
    run = start_run(cartpole, "--set", "1.backend=isaacgym", "--set", f"1.isaac_python={python}",
                    "--set", f"1.isaac_gym_path={STAND_IN}",
                    "--set", f"1.isaac_gym_envs_path={STAND_IN}", "--set", "1.num_envs=64",
                    "--set", "6.checkpoint_enabled=true",
                    "--set", "6.checkpoint_trigger_type=epoch",
                    "--set", "6.checkpoint_trigger_value=1",
                    "--save-checkpoint-dir", "kept")
    run.until_progress()
    folder = run.report_file.parent / "kept"
    worker = worker_of(run)
    worker.kill()
    assert run.wait() == 1, run.output
    assert f"Isaac Gym worker (process {worker.pid}, {python}) was killed by SIGKILL" \
        in run.output
    assert "making Cartpole with physx" in run.output  # the tail of its log
    assert "Traceback" not in run.output
    assert (folder / "checkpoint.json").exists()
    assert run.report["checkpoint"] is not None
