"""Jobs whose graph keeps no state leave no checkpoint, and succeed all the same."""

from pathlib import Path

from job_stores import job
from waiting import until

from dnne_ros.jobs.description.job_file import spec_of_order
from dnne_ros.jobs.description.tasks import command_task
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work.pool import WorkerPool


def test_a_graph_says_whether_it_keeps_a_state(repository, cartpole):
    stateless = repository / "config" / "workflows" / "sensors_to_robot.json"
    assert not command_task(["run", str(stateless)], "job").keeps_state
    assert command_task(["run", str(cartpole)], "job").keeps_state


def test_it_succeeds_and_who_wants_its_checkpoint_is_told(new_store, repository):
    workflow = repository / "config" / "workflows" / "sensors_to_robot.json"
    spec, _ = spec_of_order({"workflow": str(workflow), "options": ["--duration=0.2s"]}, "test",
                            Path(repository))
    with JobStore(new_store) as store:
        first = store.submit(spec)
        second = store.submit(job("note", after=(first,), retries=3, arguments={
            "of": f"{{jobs}}/{first}/checkpoint"}))
        pool = WorkerPool(store)
        pool.start(1)
        try:
            until(lambda: pool.wait_until_complete(0.1))
        finally:
            pool.stop(graceful=False)
        done, wanting = store.job(first), store.job(second)
        assert (done.state, done.reason) == (
            "succeeded", "exit code 0, without a checkpoint: no node of its graph keeps a state")
        assert (wanting.state, wanting.attempt) == ("failed", 1)
        assert wanting.reason.startswith(
            f"it wants the checkpoint of job {first}, which has left none")
