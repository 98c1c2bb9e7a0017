"""The node of `dnne-ros jobs serve`, on real DDS, with a client that knows ROS's types alone."""

import asyncio
import json

import pytest
from job_stores import job

from dnne_ros.errors import InputError
from dnne_ros.job_server.following import STATE_NUMBERS, Following
from dnne_ros.jobs.store.store import StoreError
from dnne_ros.jobs.work.orders import cancel
from dnne_ros.node_api.ros_actions import GoalRejectedError

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = (
    STATE_NUMBERS[state] for state in ("queued", "running", "succeeded", "failed", "cancelled"))


def test_jobs_are_submitted_listed_and_cancelled(ros_loop, served, store, kit):
    here = served()

    async def talk():
        submitted = await here.ask("submit", "{function: note}")
        refused = await here.ask("submit", "{function: nothing}")
        cancelled = await here.ask("cancel", "1")
        return submitted, refused, cancelled, await here.ask("list", "")

    submitted, refused, cancelled, listed = ros_loop.run(talk())
    assert submitted[0] and json.loads(submitted[1])["job"] == 1
    assert not refused[0] and "no installed package registers" in refused[1]
    assert cancelled == (True, '{"cancelled": [1], "interrupted": []}')
    assert [each["state"] for each in json.loads(listed[1])] == ["cancelled"]


def test_feedback_follows_a_job_over_its_worker_to_its_end(ros_loop, served, store, hands, clock):
    here, heard = served(), []
    number = store.submit(job())

    async def heard_of(*last):
        await ros_loop.until(lambda: heard and heard[-1] == list(last))

    async def talk():
        goal = await here.follow(number, heard.append)
        await heard_of(QUEUED, -1, 1, 0)
        first = hands.start(number)
        clock.now += 3
        await heard_of(RUNNING, -1, 1, 3)
        hands.end(first, given_back=True)  # its worker has gone
        await heard_of(QUEUED, -1, 1, 3)
        second = hands.start(number)
        store.note_progress(number, {"fraction": 0.25, "loss": 2.0})
        await heard_of(RUNNING, 25, 1, 3)
        hands.end(second)
        return await goal.result()

    end, result = ros_loop.run(talk())
    assert end == "succeeded" and list(result.sequence) == [number, SUCCEEDED, 0, 1]
    assert heard[-1][0] == SUCCEEDED


def test_a_goal_that_is_cancelled_cancels_its_job(ros_loop, served, store, hands):
    here = served()
    waiting, running = (store.submit(job()) for _ in range(2))
    claim = hands.start(running)

    async def talk():
        goals = [await here.follow(number) for number in (waiting, running)]
        for goal in goals:
            assert await goal.cancel(3600.0)
        await ros_loop.until(lambda: store.is_cancelling(running))
        hands.end(claim, 1, cancelled=True)
        return [await goal.result() for goal in goals]

    ends = ros_loop.run(talk())
    assert [end for end, _ in ends] == ["canceled"] * 2
    assert [list(result.sequence) for _, result in ends] == [
        [waiting, CANCELLED, -1, 1], [running, CANCELLED, 1, 1]]


def test_what_fails_or_is_cancelled_by_others_aborts_and_a_successor_counts(
        ros_loop, served, store, hands):
    here = served()
    failing, other = store.submit(job()), store.submit(job())
    escalating = store.submit(job(escalate=job("mark")))

    async def talk():
        goals = [await here.follow(number) for number in (failing, other, escalating)]
        hands.run(failing, 3)
        cancel(store, [other])
        hands.run(escalating, 1)
        hands.run(store.successor(escalating))
        return [await goal.result() for goal in goals]

    ends = ros_loop.run(talk())
    assert [(end, list(result.sequence)) for end, result in ends] == [
        ("aborted", [failing, FAILED, 3, 1]), ("aborted", [other, CANCELLED, -1, 1]),
        ("succeeded", [store.successor(escalating), SUCCEEDED, 0, 1])]


def test_a_job_that_is_not_there_is_rejected_and_one_that_ended_has_its_end(
        ros_loop, served, store, hands, capsys):
    here = served()
    number = store.submit(job())
    hands.run(number)

    async def talk():
        for wrong in (99, -1):
            with pytest.raises(GoalRejectedError):
                await here.follow(wrong)
        return await (await here.follow(number)).result()

    end, result = ros_loop.run(talk())
    assert end == "succeeded" and list(result.sequence) == [number, SUCCEEDED, 0, 1]
    assert f"follow refused: {store.named}: there is no job 99" in capsys.readouterr().out


def test_a_store_out_of_reach_is_said_once_and_asked_again(
        ros_loop, served, store, hands, monkeypatch, capsys):
    here, look = served(), Following.look
    number = store.submit(job())
    looks = []

    def fails_twice(following):
        looks.append(following)
        if len(looks) < 3:
            raise StoreError("it is locked")
        return look(following)

    async def talk():
        goal = await here.follow(number)
        monkeypatch.setattr("dnne_ros.job_server.server._REST_SECONDS", 0.0)
        monkeypatch.setattr(Following, "look", fails_twice)
        await ros_loop.until(lambda: len(looks) > 3)
        hands.run(number)
        return await goal.result()

    assert ros_loop.run(talk())[0] == "succeeded"
    assert capsys.readouterr().err.count("it is locked") == 1


def test_the_end_of_the_server_ends_goals_and_leaves_jobs_alone(ros_loop, served, store, hands):
    here = served()
    number = store.submit(job())
    hands.start(number)

    async def talk():
        goal = await here.follow(number)
        ending = asyncio.ensure_future(goal.result())
        await ros_loop.until(lambda: here.is_awaited)
        here.ended.set()
        return await ending

    end, result = ros_loop.run(talk())
    assert (end, list(result.sequence)) == ("aborted", [number, RUNNING, -1, 1])
    assert store.job(number).state == "running" and not store.is_cancelling(number)


def test_two_servers_of_one_name_are_refused(served):
    served()
    with pytest.raises(InputError, match="another program of this machine is /dnne_ros/jobs"):
        served()


def test_a_node_of_the_same_name_on_another_machine_is_told_of(
        ros_loop, served, monkeypatch, capsys):
    monkeypatch.setattr("dnne_ros.job_server.server._TWIN_SECONDS", 0.01)
    served()
    ros_loop.node("jobs", namespace="/dnne_ros")  # which claims nothing of this machine
    heard = []

    async def told():
        await ros_loop.until(
            lambda: heard.append(capsys.readouterr().err) or "a job is submitted twice" in
            "".join(heard))

    ros_loop.run(told())
    assert "another machine has a node /dnne_ros/jobs too" in "".join(heard)


def test_without_a_type_there_is_no_action_and_the_services_are(ros_loop, served):
    here = served("")

    async def talk():
        return await here.ask("list", "")

    assert ros_loop.run(talk()) == (True, "[]")


def test_a_type_that_is_not_installed_is_refused_with_what_to_install(served):
    with pytest.raises(InputError, match="apt install ros-.*no-such-interfaces"):
        served("no_such_interfaces/action/Fibonacci")
