"""`dnne-ros jobs serve` as a process, beside workers that are killed."""

import os
import signal

import pytest
import sqlalchemy as sa
from job_stores import job

from dnne_ros.job_server.following import STATE_NUMBERS
from dnne_ros.jobs.store import tables
from dnne_ros.jobs.store.store import JobStore

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

from test_msgs.action import Fibonacci

from dnne_ros.runtime.node.ros_actions import HostActions

pytestmark = pytest.mark.slow
TYPE = "test_msgs/action/Fibonacci"


@pytest.fixture
def serve(start_command, tmp_path, repository, kit, new_store):
    """Start the server of the store; it is killed at the end."""
    started = []

    def start(*words):
        started.append(start_command(
            "dnne_ros", "jobs", "serve", "--store", new_store, *words, separate=True,
            folder=tmp_path,
            environment={"PYTHONPATH": os.pathsep.join((str(repository), str(kit)))}))
        return started[-1]

    yield start
    for each in started:
        each.kill()


def worker_pids(store):
    with store.database.connect() as connection:
        return connection.execute(sa.select(tables.workers.c.pid)).scalars().all()


def test_a_job_is_followed_over_the_death_of_its_worker_and_cancelled(
        serve, new_store, ros_loop, kit):
    from dnne_ros.jobs.work.pool import WorkerPool

    server, heard = serve(), []
    server.until(lambda: "serves" in server.output)
    caller = HostActions(ros_loop.node("client")).client("/dnne_ros/jobs/follow", TYPE)
    with JobStore(new_store) as store:
        pool = WorkerPool(store)
        pool.start(1)
        number = store.submit(job("hang", grace=0.2))

        def runs(start):
            found = store.job(number)
            return found.starts == start and found.progress.get("fraction") == 0.5

        async def talk():
            await caller.appears(None)
            goal = await caller.send(Fibonacci.Goal(order=number), 3600.0,
                                     lambda said: heard.append(list(said.sequence)),
                                     lambda status: None)
            await ros_loop.until(lambda: heard and heard[-1][:2] == [STATE_NUMBERS["running"], 50])
            victim, = worker_pids(store)
            os.kill(victim, signal.SIGKILL)
            await ros_loop.until(lambda: runs(2))
            assert await goal.cancel(3600.0)
            return await goal.result()

        try:
            end, result = ros_loop.run(talk(), server)
        finally:
            pool.stop(graceful=False)
        assert end == "canceled" and result.sequence[:2].tolist() == [
            number, STATE_NUMBERS["cancelled"]]
    server.interrupt()
    assert server.wait() == 130 and not server.errors, server.said()


def test_a_second_server_of_a_machine_is_refused_unless_it_has_a_namespace(serve, new_store):
    first = serve()
    first.until(lambda: f"/dnne_ros/jobs serves {new_store}: submit" in first.output)
    second = serve()
    assert second.wait() == 2 and "give this one another namespace" in second.errors
    assert "Traceback" not in second.said()
    third = serve("--ros-args", "-r", "__ns:=/lab")
    third.until(lambda: f"/lab/jobs serves {new_store}: submit" in third.output)
    third.terminate()
    assert third.wait() == 130 and not third.errors, third.said()


def test_what_cannot_be_served_is_one_line(serve):
    wrong = serve("--action-type", "std_srvs/srv/Empty")
    assert wrong.wait() == 2 and wrong.errors.count("\n") == 1
    assert "--action-type: expected example_interfaces/action/Fibonacci or test_" in wrong.errors
