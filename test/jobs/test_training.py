"""A training that is killed goes on from its checkpoint, with the numbers of one never killed."""

import contextlib
import json
import os
import signal

from waiting import until

from dnne_ros.jobs.description.job_file import spec_of_order
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.pool import WorkerPool
from dnne_ros.jobs.work.processes import processes_with

UPDATES = 60


def test_a_killed_training_ends_with_the_same_losses_bit_by_bit(new_store, cartpole):
    spec, _ = spec_of_order({
        "workflow": str(cartpole), "retries": 1, "backoff": "immediate",
        "set": ["1.num_envs=32", "6.minibatch_size=128", "6.checkpoint_enabled=true",
                "6.checkpoint_trigger_value=2"],
        "options": [f"--max-updates={UPDATES}"]}, "test", cartpole.parent)
    with JobStore(new_store) as store:
        killed, whole = store.submit(spec), store.submit(spec)
        pool = WorkerPool(store)
        pool.start(1)
        try:
            folder = store.files(killed)
            until((folder.checkpoint / "checkpoint.json").exists)
            for pid in processes_with(str(folder.path)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            until(lambda: pool.wait_until_complete(0.1))
        finally:
            pool.stop(graceful=False)
        assert [(store.job(each).state, store.job(each).attempt) for each in (killed, whole)] == [
            ("succeeded", 2), ("succeeded", 1)]
        losses = [json.loads(store.files(each).report.read_text())["losses"]
                  for each in (killed, whole)]
        assert len(losses[1]) == UPDATES and 0 < len(losses[0]) < UPDATES
        assert losses[0] == losses[1][-len(losses[0]):]
        last = [json.loads((store.files(each).checkpoint / "checkpoint.json").read_text())
                for each in (killed, whole)]
        assert last[0]["metrics"]["total_updates"] == last[1]["metrics"]["total_updates"]
