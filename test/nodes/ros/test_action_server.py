import asyncio
import re

import pytest
import torch

from dnne_ros.node_api.health import Level
from dnne_ros.nodes.ros.action_server import ActionServerNode

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

from test_msgs.action import Fibonacci

COUNT = {"action": "count", "action_type": "test_msgs/action/Fibonacci", "field": "sequence",
         "feedback_field": "sequence", "keep_results": 1.0}
Goal = Fibonacci.Goal


@pytest.fixture
def serve(drive):
    """Run a server while ``script(context)`` sends it goals; returns its context."""
    def run(script, linked=("result",), outputs=("goal", "goal_id"), **values):
        return drive(ActionServerNode({**COUNT, **values}), script, linked=linked,
                     outputs=outputs)
    return run


async def until(condition):
    while not condition():
        await asyncio.sleep(0.001)


async def ended(*goals):
    await until(lambda: all(goal.ended for goal in goals))
    return [(goal.ended[0], list(goal.ended[1].sequence)) for goal in goals]


def test_goals_are_items_and_later_ones_end_them(serve):
    async def script(context):
        first, = context.actions.send(Goal(order=3))
        await context.sends(3)
        context.feed("feedback", torch.tensor([0]), torch.tensor([0, 1]))
        await until(lambda: len(first.heard) == 2)
        context.feed("result", torch.tensor([0, 1, 1]))
        assert await ended(first) == [("succeeded", [0, 1, 1])]
        second, = context.actions.send(Goal(order=4))
        context.feed("result", torch.tensor([5]))
        assert await ended(second) == [("succeeded", [5])]
        assert [list(each.sequence) for each in first.heard] == [[0], [0, 1]]
        assert not second.heard

    context = serve(script, linked=("result", "feedback"), outputs=("goal", "tensor", "goal_id"),
                    tensor_field="order")
    assert context.outputs("goal") == [{"order": 3}, {"order": 4}]
    assert [each.tolist() for each in context.outputs("tensor")] == [[3], [4]]
    one, other = context.outputs("goal_id")
    assert one < other
    assert context.actions.uses == [("count", "test_msgs/action/Fibonacci", True)]
    assert context.health.values == {"goals": 2, "rejected": 0, "dropped": 0, "late": 0,
                                     "succeeded": 2, "aborted": 0, "canceled": 0}


@pytest.mark.parametrize("result, values, expected", [
    ([1, 2], {}, [1, 2]), ({"sequence": [3]}, {"field": ""}, [3]),
    ({}, {"field": "", "fixed": "{sequence: [4]}"}, [4]),
    (None, {"fixed": "{sequence: [5]}"}, [5])])
def test_results_of_every_kind(serve, result, values, expected):
    async def script(context):
        goal, = context.actions.send(None)
        await context.sends(2)
        context.feed("result", torch.tensor(result) if isinstance(result, list) else result)
        assert await ended(goal) == [("succeeded", expected)]

    serve(script, **values)


@pytest.mark.parametrize("said, canceling, word", [
    ("succeeded", True, "succeeded"), ("aborted", False, "aborted"),
    ("canceled", True, "canceled"), ("canceled", False, "aborted")])
def test_how_a_goal_ends_may_be_said(serve, said, canceling, word):
    async def script(context):
        goal, = context.actions.send(None)
        await context.sends(2)
        assert not canceling or goal.cancel()
        context.feed("result", torch.tensor([1]))
        context.feed("end", said)
        assert await ended(goal) == [(word, [1])]

    serve(script, linked=("result", "end"))


def test_a_word_that_says_nothing_is_named(serve):
    async def script(context):
        context.feed("result", None)
        context.feed("end", "finished")
        await context.sends(1)

    with pytest.raises(ValueError, match="input 'end': expected one of succeeded, aborted, "
                                         "canceled, found 'finished'"):
        serve(script, linked=("result", "end"))


def test_a_cancel_request_is_an_item(serve):
    async def script(context):
        goal, = context.actions.send(None)
        await context.sends(2)
        assert goal.cancel()
        await context.sends(3)
        assert goal.ended is None
        context.feed("result", torch.tensor([1]))
        assert await ended(goal) == [("canceled", [1])]

    context = serve(script, outputs=("goal", "goal_id", "cancel"))
    assert context.outputs("cancel") == context.outputs("goal_id")[:1]


@pytest.mark.parametrize("at_once", [True, False])
def test_cancelled_at_once_or_never(serve, at_once):
    async def script(context):
        goal, = context.actions.send(None)
        await context.sends(2)
        if at_once:
            assert goal.cancel() and goal.ended is None  # behind the answer
            await context.sends(3)
            context.feed("result", torch.tensor([1]))  # which is late
            await until(lambda: context.health.values["late"])
            assert await ended(goal) == [("canceled", [])]
        else:
            assert not goal.cancel()
            context.feed("result", torch.tensor([1]))
            assert await ended(goal) == [("succeeded", [1])]

    context = serve(script, outputs=("goal", "goal_id", "cancel"),
                    on_cancel="at_once" if at_once else "refuse")
    assert len(context.outputs("cancel")) == at_once


def test_one_goal_too_many_is_rejected(serve):
    async def script(context):
        goals = context.actions.send(None, None, None)
        assert [goal.accepted for goal in goals] == [True, True, False]
        await context.sends(4)
        context.feed("result", torch.tensor([1]), torch.tensor([2]))
        assert await ended(*goals[:2]) == [("succeeded", [1]), ("succeeded", [2])]

    context = serve(script, most_goals=2)
    assert context.health.values["rejected"] == 1
    assert context.log.lines[0] == (
        "warning", "a goal of count is rejected: 2 others are under way")
    assert context.health.level is Level.OK


def test_one_more_may_preempt_the_oldest(serve):
    async def script(context):
        old, = context.actions.send(None)
        await context.sends(2)
        new, = context.actions.send(None)
        await context.sends(5)
        context.feed("result", torch.tensor([1]), torch.tensor([2]))  # the first is late
        assert await ended(old, new) == [("aborted", []), ("succeeded", [2])]

    context = serve(script, outputs=("goal", "goal_id", "cancel"), new_goal="preempt")
    assert context.outputs("cancel") == context.outputs("goal_id")[:1]
    assert context.health.values["late"] == 1


def test_the_graph_may_accept_or_reject(serve):
    async def script(context):
        goals = context.actions.send(None, None)
        await context.sends(4)
        assert [goal.accepted for goal in goals] == [None, None]
        context.feed("accept", False, True, True)  # the last one is of nobody
        await until(lambda: context.health.values["late"])
        assert [goal.accepted for goal in goals] == [False, True]
        context.feed("result", torch.tensor([7]))
        assert await ended(goals[1]) == [("succeeded", [7])]

    serve(script, linked=("result", "accept"), most_goals=2)


def test_results_and_feedback_find_their_goals_by_number(serve):
    async def script(context):
        one, other = context.actions.send(None, None)
        await context.sends(4)
        ids = context.outputs("goal_id")
        for port, id_port in (("feedback", "feedback_id"), ("result", "result_id")):
            context.feed(port, torch.tensor([2]), torch.tensor([1]), torch.tensor([0]))
            context.feed(id_port, ids[1], ids[0], ids[1] if port == "result" else 5)
            await until(lambda: context.health.values["late"] == 1 + (port == "result"))
        assert await ended(one, other) == [("succeeded", [1]), ("succeeded", [2])]
        assert [list(each.heard[0].sequence) for each in (one, other)] == [[1], [2]]

    serve(script, linked=("result", "result_id", "feedback", "feedback_id"), most_goals=2)


def test_feedback_that_comes_with_the_result_goes_first(serve):
    async def script(context):
        goal, = context.actions.send(None)
        await context.sends(2)
        await context.idle()
        context.feed("result", torch.tensor([2]))
        context.feed("feedback", torch.tensor([1]))
        assert await ended(goal) == [("succeeded", [2])]
        assert [list(each.sequence) for each in goal.heard] == [[1]]

    assert serve(script, linked=("result", "feedback")).health.values["late"] == 0


def test_a_goal_that_takes_too_long_is_aborted(serve):
    async def script(context):
        goal, = context.actions.send(None)
        assert await ended(goal) == [("aborted", [])]
        await context.sends(3)
        context.feed("result", None)
        await until(lambda: context.health.values["late"])

    context = serve(script, outputs=("goal", "goal_id", "cancel"), timeout=0.05)
    assert context.log.lines[0] == (
        "warning", "a goal of count has taken more than 0.05 s, and is aborted")


def test_what_is_under_way_when_it_ends_is_aborted(serve):
    goals = []

    async def script(context):
        goals.extend(context.actions.send(None, None))
        await context.sends(4)
        context.feed("accept", True)
        await until(lambda: goals[0].accepted)

    serve(script, linked=("result", "accept"), most_goals=2)
    assert goals[0].ended[0] == "aborted" and goals[1].accepted is False


@pytest.mark.parametrize("values, expected", [
    ({"action": "a b"}, "widget 'action': expected a ROS name"),
    ({"action_type": "nowhere/action/X"}, "the package nowhere is not installed"),
    ({"field": "order"}, "test_msgs/action/Fibonacci_Result has no 'order'"),
    ({"feedback_field": "order"}, "test_msgs/action/Fibonacci_Feedback has no 'order'"),
    ({"tensor_field": "sequence"}, "test_msgs/action/Fibonacci_Goal has no 'sequence'"),
    ({"fixed": "{order: 1}"}, "has no field 'order'")])
def test_settings_that_cannot_be(values, expected):
    problem, = ActionServerNode.validate_parameters(ActionServerNode({**COUNT, **values}).values)
    assert re.search(expected, problem), problem
