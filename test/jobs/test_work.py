"""Jobs with real workers: processes that are killed, interrupted, limited and replaced."""

import json
import os
import signal
import sys

import psutil
import pytest
from job_stores import job
from waiting import until

from dnne_ros.jobs.description.needs import Needs
from dnne_ros.jobs.store.notices import set_hook
from dnne_ros.jobs.store.store import JobStore
from dnne_ros.jobs.work import orders
from dnne_ros.jobs.work.pool import WorkerPool
from dnne_ros.jobs.work.processes import processes_with


@pytest.fixture
def real_store(new_store):
    """A store whose time is the machine's."""
    with JobStore(new_store) as opened:
        yield opened


@pytest.fixture
def pool(real_store):
    """Two workers; jobs are interrupted at the end."""
    made = WorkerPool(real_store)
    made.start(2)
    yield made
    made.stop(graceful=False)


def state(store, number):
    return store.job(number).state


def workers_of(store):
    from sqlalchemy import select

    from dnne_ros.jobs.store import tables

    with store.database.connect() as connection:
        return connection.execute(select(tables.workers.c.pid)).scalars().all()


def test_jobs_run_fail_and_report(real_store, pool, tmp_path):
    (tmp_path / "told").touch()
    set_hook(real_store, [sys.executable, "-c", "import sys; open(sys.argv[1], 'a').write("
                          "sys.stdin.read() + '\\n')", str(tmp_path / "told")])
    done = real_store.submit(job("note", arguments={"a": 2}, needs=Needs(cpus=1)))
    failed, wrong = real_store.submit(job("fail")), real_store.submit(job("wrong", retries=3))
    again = real_store.submit(job("fail", retries=1, backoff="immediate"))
    slow = real_store.submit(job("hang", timeout=0.5, grace=0.2))
    until(lambda: pool.wait_until_complete(0.1))
    assert dict(real_store.job(done).figures) == {"a": 2, "cuda": "-", "cpus": 1}
    assert real_store.job(failed).reason == "exit code 1: it went wrong"
    assert real_store.job(wrong).state == "failed"
    assert "wrong: no such thing: its input is wrong" in real_store.job(wrong).reason
    assert (state(real_store, again), real_store.job(again).starts) == ("dead", 2)
    assert real_store.job(slow).reason == "took longer than 0.5 s"
    assert processes_with(str(real_store.files(slow).path)) == []
    assert pool.is_healthy() and pool.stats()["processed"] == 5
    until(lambda: (tmp_path / "told").read_text().count("\n") == 6)
    told = map(json.loads, (tmp_path / "told").read_text().splitlines())
    assert sorted((each["id"], each["event"]) for each in told) == [
        *((number, "ended") for number in (done, failed, wrong, again)), (again, "try failed"),
        (slow, "ended")]


def test_what_a_killed_worker_had_is_done_by_another_once(real_store, pool, tmp_path):
    hanging = real_store.submit(job("hang"))
    until(real_store.files(hanging).path.joinpath("started").exists)
    marks = [real_store.submit(job("mark", arguments={"path": str(tmp_path / f"mark{n}")}))
             for n in range(6)]
    victims = [psutil.Process(pid) for pid in workers_of(real_store)]
    for victim in victims:
        victim.kill()
    until(lambda: real_store.job(hanging).starts == 2)
    until(lambda: all(state(real_store, number) == "succeeded" for number in marks))
    for place, number in enumerate(marks):
        assert (tmp_path / f"mark{place}").read_text() == str(number)
        assert [each.state for each in real_store.changes(number)].count("succeeded") == 1
    # What the first start has left, also outside of its group, was ended before the second.
    until(lambda: len(processes_with(str(real_store.files(hanging).path))) == 2)
    until(pool.is_healthy)


def test_cancelling_ends_every_process_of_a_job(real_store, pool):
    number = real_store.submit(job("hang", grace=0.5))
    until(real_store.files(number).path.joinpath("started").exists)
    assert len(processes_with(str(real_store.files(number).path))) == 2
    until(lambda: real_store.job(number).progress)
    assert real_store.job(number).progress == {"fraction": 0.5, "loss": 2.0}
    assert orders.cancel(real_store, [number]) == [number]
    until(lambda: state(real_store, number) == "cancelled")
    assert processes_with(str(real_store.files(number).path)) == []


def test_a_paused_queue_starts_nothing_and_a_pool_can_shrink(real_store, pool):
    orders.set_paused(real_store, "default", True)
    until(lambda: len(workers_of(real_store)) == 2)
    number = real_store.submit(job("note"))
    pool.scale(1)
    until(lambda: len(workers_of(real_store)) == 1)
    assert state(real_store, number) == "queued"
    orders.set_paused(real_store, "default", False)
    until(lambda: state(real_store, number) == "succeeded")


def test_a_worker_with_pretended_gpus_hands_them_out(real_store):
    numbers = [real_store.submit(job("note", needs=Needs(gpu=1))) for _ in range(3)]
    plain = real_store.submit(job("note"))
    pool = WorkerPool(real_store, gpus=["7", "9"])
    pool.start(2)
    until(lambda: pool.wait_until_complete(0.1))
    pool.stop()
    assert {real_store.job(number).figures["cuda"] for number in numbers} <= {"7", "9"}
    assert real_store.job(plain).figures["cuda"] == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_work_that_is_ended_leaves_no_process_and_loses_no_job(real_store, jobs_command, number):
    hanging = real_store.submit(job("hang", grace=0.5))
    work = jobs_command("work", store=real_store.folder)
    work.until(real_store.files(hanging).path.joinpath("started").exists, "the start of the job")
    family = [psutil.Process(pid) for pid in work.family()]
    os.kill(work.process.pid, number)
    if number == signal.SIGINT:
        assert work.wait() == 130
        assert real_store.job(hanging).reason == "its worker was stopped"
    psutil.wait_procs(family)
    until(lambda: not processes_with(str(real_store.files(hanging).path)))
    until(lambda: state(real_store, hanging) == "queued")
