"""The documented pipeline with real trainings; each stage is killed once, with its worker."""

import os
import signal

import pytest
from waiting import until

from dnne_ros.jobs.pipelines.pipeline import Pipeline, record
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.pool import WorkerPool
from dnne_ros.jobs.work.processes import processes_with

PIPELINE = """\
name: small
stages:
  train:
    workflow: {workflow}
    set: &small ["1.num_envs=64", "6.minibatch_size=256", "6.checkpoint_enabled=true"]
    options: [--max-updates=2, --seed=1, "{{tune.choice}}"]
    at_most: 2
    pass: evaluate
    fail: tune
  evaluate:
    workflow: {workflow}
    set: ["1.num_envs=16", "1.randomization=mass:0.9..1.1"]
    options: [--inference, "--load-checkpoint-dir={{train.checkpoint}}", --max-env-steps=8000]
    seeds: [101, 102]
    reduce: mean
    when: mean_return >= 40
    at_most: 2
    pass: export
    fail: tune
  tune:
    workflow: {workflow}
    set: *small
    options: [--seed=2]
    choices: [--max-updates=3, --max-updates=80]
    pass: train
  export:
    command: [policy, export, "{{train.checkpoint}}", -o, "{{job}}/policy"]
"""


def kill_once(store, number, stage):
    """Kill a job of a stage, and its worker, once it runs; returns the job."""
    def running():
        return [each.id for each in store.jobs(("running",), pipeline=number)
                if each.stage == stage and processes_with(str(store.files(each.id).path))]
    victim = until(running)[0]
    worker = int(store.job(victim).worker.split("-")[-2])
    for pid in (worker, *processes_with(str(store.files(victim).path))):
        os.kill(pid, signal.SIGKILL)
    return victim


@pytest.mark.slow
@pytest.mark.long
def test_failed_tuned_passed_and_exported_with_a_kill_in_each_stage(
        new_store, cartpole, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(PIPELINE.format(workflow=cartpole))
    with JobStore(new_store) as store:
        number = Pipeline.read(str(file)).submit(store)
        pool = WorkerPool(store)
        pool.start(1)
        try:
            killed = [kill_once(store, number, stage)
                      for stage in ("train", "evaluate", "tune", "export")]
            until(lambda: record(store, number).state != "running")
        finally:
            pool.stop(graceful=False)
        found = record(store, number)
        assert (found.state, found.course.path) == ("succeeded", [
            "train", "evaluate", "tune", "train", "evaluate", "export"]), found
        assert found.course.figures["tune"]["choice"] == "--max-updates=80"
        assert all(store.job(each).starts == 2 for each in killed)
        assert all(each.state == "succeeded" for each in store.jobs(pipeline=number))
        assert any((store.files(killed[-1]).path / "policy").iterdir())
