import asyncio
import re

import pytest
import torch

from dnne_ros.errors import InputError, PeerError
from dnne_ros.node_api.health import Level
from dnne_ros.nodes.ros.action_client import ActionClientNode
from dnne_ros.testing import NodeDriver

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

from test_msgs.action import Fibonacci

COUNT = {"action": "/count", "action_type": "test_msgs/action/Fibonacci"}
Feedback, Result = Fibonacci.Feedback, Fibonacci.Result
ENDS = ("status", "succeeded")


@pytest.fixture
def give(run_async):
    """Run a client, with some inputs linked, while a script talks to it; return its context."""
    def make(script, linked=("goal",), outputs=("feedback", "result", *ENDS), **values):
        async def main():
            node = ActionClientNode({**COUNT, "field": "order", **values})
            async with NodeDriver(node, linked, outputs=outputs) as context:
                context.actions.respond = lambda _: None
                await script(context)
            return context
        return run_async(main())
    return make


def by_itself(*goals, sends, **answers):
    """Make a script that only gives goals, and waits for as many outputs."""
    async def script(context):
        context.actions.respond = None
        vars(context.actions).update(answers)
        context.feed("goal", *goals)
        await context.sends(sends)
    return script


async def sent(context, count=1):
    """Return the goal that is sent as number ``count``."""
    while len(context.actions.goals) < count:
        context.is_through()
        await asyncio.sleep(0)
    return context.actions.goals[count - 1]


async def given(context, port, count):
    while len(context.outputs(port)) < count:
        context.is_through()
        await asyncio.sleep(0)


def test_numbers_go_into_the_goal_and_all_that_is_said_of_it_comes_out(give):
    async def script(context):
        context.feed("goal", torch.tensor(7))
        goal = await sent(context)
        for word in ("accepted", "executing", "executing"):
            goal.tell(word)
        goal.say(Feedback(sequence=[0, 1]))
        goal.say(Feedback(sequence=[0, 1, 1]))
        await given(context, "feedback", 2)
        goal.end("succeeded", Result(sequence=[5]))
        await context.sends(9)
        goal.say(Feedback())  # too late
        goal.tell("canceling")
        await context.idle()
        assert goal.let_go_of and not goal.cancels

    context = give(script, outputs=("feedback", "feedback_tensor", "result", "tensor", *ENDS),
                   dtype="float32", tensor_field="sequence", feedback_field="sequence")
    assert context.actions.goals[0].message == Fibonacci.Goal(order=7)
    assert [port for port, _ in context.sent] == [
        "status", "status", *("feedback_tensor", "feedback") * 2, "tensor", "result", *ENDS]
    assert context.outputs("feedback_tensor")[1].tolist() == [0.0, 1.0, 1.0]
    assert context.outputs("feedback_tensor")[1].dtype == torch.float32
    assert context.outputs("result")[0]["sequence"].tolist() == [5]
    assert context.outputs("status") == ["accepted", "executing", "succeeded"]
    assert context.outputs("succeeded") == [True]
    assert context.actions.uses == [("/count", "test_msgs/action/Fibonacci", False)]
    assert context.health.values == {"goals": 1, "succeeded": 1, "failed": 0, "retried": 0,
                                     "feedback_left_out": 0}


@pytest.mark.parametrize("goal, values", [
    (3, {}), ({"order": 3}, {"field": ""}), ({}, {"field": "", "fixed": "{order: 3}"}),
    (None, {"fixed": "order: 3"})])
def test_goals_of_every_kind(give, goal, values):
    context = give(by_itself(goal, sends=3), **values)
    assert context.actions.goals[0].message.order == 3


def test_a_trigger_alone_and_with_goals(give):
    async def script(context):
        context.actions.respond = None
        context.feed("trigger", None)
        if context.is_linked("goal"):
            context.feed("goal", 1, 2)  # the second one waits for a trigger
        await given(context, "succeeded", 1)

    context = give(script, linked=["trigger"], fixed="{order: 9}")
    assert [each.message.order for each in context.actions.goals] == [9]
    context = give(script, linked=["goal", "trigger"])
    assert [each.message.order for each in context.actions.goals] == [1]
    with pytest.raises(InputError, match="expected a link to goal or trigger, found none"):
        give(script, linked=["cancel"])


def test_one_goal_after_another(give):
    context = give(by_itself(1, 2, 3, sends=9))
    assert [each.message.order for each in context.actions.goals] == [1, 2, 3]
    assert context.outputs("succeeded") == [True] * 3


@pytest.mark.parametrize("answers, status, said", [
    ({"accepts": False}, "rejected", "the action /count has rejected a goal"),
    ({"accepts": None}, "timeout", "no answer of the action /count to a goal for 5 s"),
    ({"respond": lambda _: ("aborted", Result())}, "aborted", "/count: a goal was aborted"),
    ({"respond": lambda _: ("canceled", Result())}, "canceled", "/count: a goal was canceled")])
def test_a_goal_that_does_not_succeed(give, answers, status, said):
    ended = "respond" in answers
    context = give(by_itself(1, sends=2 + ended, **answers))
    assert context.outputs("status") == [status] and context.outputs("succeeded") == [False]
    assert len(context.outputs("result")) == ended
    assert context.log.lines == [("warning", said)] and context.health.level is Level.WARN
    with pytest.raises(PeerError, match=re.escape(said)):
        give(by_itself(1, sends=4, **answers), when_failed="fail")


def test_after_one_that_failed_the_next_one_works(give):
    results = [("aborted", Result()), ("succeeded", Result())]
    context = give(by_itself(1, 2, sends=6, respond=lambda _: results.pop(0)))
    assert context.outputs("succeeded") == [False, True]
    assert context.health.level is Level.OK


def test_in_its_place_stands_the_last_result_as_one_that_did_not_succeed():
    assert ActionClientNode(COUNT).safe_outputs(
        {"result": {"sequence": []}, "succeeded": True, "status": "succeeded"}) == {
            "result": {"sequence": []}, "succeeded": False}


def test_a_server_that_goes(give):
    async def script(context):
        context.feed("goal", 1)
        (await sent(context)).lose()
        await context.sends(2)

    context = give(script)
    assert context.outputs("status") == ["gone"] and context.outputs("succeeded") == [False]


def test_it_is_tried_again_with_pauses(give):
    async def script(context):
        context.actions.respond = None
        context.actions.accepts = False
        context.feed("goal", 1, 2)
        await sent(context, 2)
        context.actions.accepts = True
        await context.sends(6)

    context = give(script, attempts=1000, back_off="linear", first_pause=0.0001)
    assert context.outputs("succeeded") == [True, True]
    assert context.health.values["retried"] >= 1
    assert "has rejected a goal; another attempt in 0.0001 s" in context.log.lines[0][1]


def test_a_goal_that_takes_too_long_is_cancelled(give):
    async def script(context):
        context.feed("goal", 1)
        goal = await sent(context)
        while not goal.cancels:
            await asyncio.sleep(0)
        goal.end("canceled", Result())
        await context.sends(2)

    context = give(script, goal_timeout=0.01)
    assert context.outputs("status") == ["timeout"]
    assert context.log.lines == [
        ("warning", "a goal of the action /count has taken more than 0.01 s")]


def test_an_input_cancels(give):
    async def script(context):
        context.feed("cancel", None)  # without a goal it is nothing
        await context.idle()
        context.feed("goal", 1, 2)
        goal = await sent(context)
        context.actions.cancels = False
        context.feed("cancel", None)
        while not context.log.lines:
            await asyncio.sleep(0)
        context.actions.cancels = True
        context.feed("cancel", None)
        while goal.cancels < 2:
            await asyncio.sleep(0)
        goal.end("canceled", Result())
        (await sent(context, 2)).end("succeeded", Result())
        await context.sends(6)

    context = give(script, linked=["goal", "cancel"], when_failed="fail")
    assert context.outputs("status") == ["canceled", "succeeded"]
    assert context.outputs("succeeded") == [False, True]
    assert context.log.lines == [
        ("warning", "the action /count does not cancel a goal, which goes on")]


def test_a_cancel_reaches_a_server_while_nobody_takes_feedback(give):
    async def script(context):
        context.fill("feedback")
        context.feed("goal", 1)
        goal = await sent(context)
        for _ in range(200):
            goal.say(Feedback())
        context.feed("cancel", None)
        while not goal.cancels:
            await asyncio.sleep(0)
        context.drain("feedback")
        goal.end("canceled", Result())
        await given(context, "succeeded", 1)

    context = give(script, linked=["goal", "cancel"])
    left_out = context.health.values["feedback_left_out"]
    assert left_out and len(context.outputs("feedback")) == 200 - left_out


def test_a_new_goal_may_cancel_the_one_under_way(give):
    async def script(context):
        context.feed("goal", 1)
        first = await sent(context)
        context.feed("goal", 2)
        while not first.cancels:
            await asyncio.sleep(0)
        for _ in range(50):
            await asyncio.sleep(0)
        assert len(context.actions.goals) == 1
        first.end("canceled", Result())
        (await sent(context, 2)).end("succeeded", Result())
        await context.sends(6)

    context = give(script, new_goal="cancel", when_failed="fail")
    assert context.outputs("status") == ["canceled", "succeeded"]


def test_a_new_goal_may_replace_the_one_under_way(give):
    async def script(context):
        context.feed("goal", 1)
        first = await sent(context)
        first.tell("executing")
        context.feed("goal", 2)
        second = await sent(context, 2)
        first.tell("canceling")  # which is nobody's business any more
        assert not first.cancels  # before the server has the next one
        second.tell("executing")
        second.end("succeeded", Result())
        await given(context, "succeeded", 2)
        assert first.cancels == 1 and first.let_go_of

    context = give(script, new_goal="replace", when_failed="fail")
    assert context.outputs("status") == ["executing", "replaced", "executing", "succeeded"]
    assert context.outputs("succeeded") == [False, True]


@pytest.mark.parametrize("new_goal", ["cancel", "replace"])
def test_goals_that_are_through_are_not_preempted(give, new_goal):
    context = give(by_itself(1, sends=3), new_goal=new_goal)
    assert context.outputs("succeeded") == [True]

    async def script(context):
        for number in (1, 2):
            context.feed("goal", number)
            (await sent(context, number)).end("succeeded", Result())
            await given(context, "succeeded", number)

    assert give(script, new_goal=new_goal).outputs("status") == ["succeeded"] * 2


@pytest.mark.parametrize("new_goal", ["wait", "cancel", "replace"])
def test_what_is_under_way_when_it_ends_is_cancelled(give, new_goal):
    async def script(context):
        context.feed("goal", 1)
        (await sent(context)).tell("executing")
        await given(context, "status", 1)

    context = give(script, new_goal=new_goal)
    goal, = context.actions.goals
    assert goal.cancels == 1 and goal.let_go_of


def test_who_waits_for_whom_is_said_and_ends_with_wait(give):
    async def script(context):
        context.actions.ready = False
        context.feed("goal", 1)
        await context.sends(2)

    context = give(script, wait=0.02)
    assert context.outputs("status") == ["absent"] and not context.actions.goals
    assert context.log.lines == [("warning", "waited 0.02 s for the action /count "
                                  "(test_msgs/action/Fibonacci), which no node offers")]


def test_without_a_limit_it_waits_until_the_action_is_there_or_nobody_wants_it(
        give, monkeypatch):
    monkeypatch.setattr("dnne_ros.nodes.ros.goal_node._PATIENCE_SECONDS", 0.01)

    async def script(context):
        context.actions.ready = False
        context.feed("goal", 1)
        while not context.log.lines:
            await asyncio.sleep(0)
        assert context.health.level is Level.WARN and not context.sent
        context.feed("cancel", None)
        await context.sends(2)
        context.feed("goal", 2)
        while context.waiting("goal"):
            await asyncio.sleep(0)
        context.actions.ready = True
        (await sent(context)).end("succeeded", Result())
        await context.sends(5)

    context = give(script, linked=["goal", "cancel"])
    assert context.outputs("status") == ["canceled", "succeeded"]
    assert context.log.lines[0] == (
        "warning", "has waited 0.01 s so far for the action /count "
        "(test_msgs/action/Fibonacci), which no node offers")
    assert ("info", "/count takes goals") in context.log.lines


def test_a_value_that_does_not_fit_is_named(give):
    for new_goal in ("wait", "replace"):
        with pytest.raises(ValueError, match=r"order \(int32\): 1.5 is no int32"):
            give(by_itself(1.5, sends=1), new_goal=new_goal)


@pytest.mark.parametrize("values, expected", [
    ({"action": "a b"}, "widget 'action': expected a ROS name such as /arm/follow_joint_tra"),
    ({"action_type": "nowhere/action/X"},
     "widget 'action_type': action type nowhere/action/X: the package nowhere is not installed; "
     "action packages here: .*apt install ros-.*-nowhere; or.*colcon build"),
    ({"action_type": "test_msgs/action/Fibonaci"}, "test_msgs has Fibonacci"),
    ({"action_type": "sensor_msgs/msg/Image"}, "expected an action type such as"),
    ({"field": "ordre"}, "test_msgs/action/Fibonacci_Goal has no 'ordre'"),
    ({"fixed": "{ordre: 1}"}, "has no field 'ordre'"),
    ({"fixed": "7"}, "widget 'fixed': expected fields such as {data: true}, found '7'"),
    ({"tensor_field": "order"}, "test_msgs/action/Fibonacci_Result has no 'order'"),
    ({"feedback_field": "order"}, "test_msgs/action/Fibonacci_Feedback has no 'order'"),
])
def test_settings_that_cannot_be(values, expected):
    problem, = ActionClientNode.validate_parameters(ActionClientNode({**COUNT, **values}).values)
    assert re.search(expected, problem), problem
