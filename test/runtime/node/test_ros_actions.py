"""Actions of a node's own, on real DDS, against rclpy's own clients and servers."""

import asyncio
import gc
import os
import threading

import pytest
import rclpy
from action_msgs.msg import GoalInfo
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient, ActionServer, CancelResponse, GoalResponse
from rclpy.action.graph import get_action_names_and_types
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from dnne_ros.errors import InputError
from dnne_ros.node_api.ros_actions import GoalRejectedError, ServerGoneError
from dnne_ros.runtime.node.action_client import HostSentGoal
from dnne_ros.runtime.node.action_server import HostServedGoal
from dnne_ros.runtime.node.ros_actions import HostActions

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

from test_msgs.action import Fibonacci

TYPE = "test_msgs/action/Fibonacci"
LONG = 3600.0
Goal, Result, Feedback = Fibonacci.Goal, Fibonacci.Result, Fibonacci.Feedback


@pytest.fixture
def actions(ros_loop):
    return HostActions(ros_loop.node("host", namespace="/graph"))


class Elsewhere:
    """Another participant with an executor of rclpy's own, in a thread."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node("elsewhere", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.ends = []
        self.thread = threading.Thread(target=self.executor.spin)
        self.thread.start()

    def close(self):
        self.executor.shutdown()
        self.thread.join()
        for end in self.ends:  # a node forgets those
            end.destroy()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


@pytest.fixture
def elsewhere():
    other = Elsewhere()
    yield other
    other.close()


class Theirs:
    """An action server of rclpy's whose goals end when the test says so."""

    def __init__(self, elsewhere, accepts, cancels):
        self.node = elsewhere.node
        self.handles = []
        elsewhere.ends.append(ActionServer(
            self.node, Fibonacci, "/graph/count", print,
            goal_callback=lambda _: GoalResponse.ACCEPT if accepts else GoalResponse.REJECT,
            handle_accepted_callback=self.handles.append,
            cancel_callback=lambda _: CancelResponse.ACCEPT if cancels else CancelResponse.REJECT))

    def end(self, how, *numbers):
        def execute(handle):
            getattr(handle, how)()
            return Result(sequence=numbers)

        self.handles[-1].execute(execute)


@pytest.fixture
def theirs(elsewhere):
    """Make a server of rclpy's."""
    def make(accepts=True, cancels=True):
        return Theirs(elsewhere, accepts, cancels)
    return make


class Heard:
    """What a client hears of a goal."""

    def __init__(self):
        self.feedback, self.states = [], []

    def hooks(self):
        return (lambda message: self.feedback.append(list(message.sequence))), self.states.append


async def sent(client, order=3, heard=None, timeout=LONG):
    await client.appears(None)
    return await client.send(Goal(order=order), timeout, *(heard or Heard()).hooks())


@pytest.mark.parametrize("how, word", [
    ("succeed", "succeeded"), ("abort", "aborted"), ("canceled", "canceled")])
def test_a_goal_its_feedback_and_its_end(ros_loop, actions, theirs, how, word):
    client, server, heard = actions.client("count", TYPE), theirs(), Heard()

    async def talk():
        goal = await sent(client, 7, heard)
        ending = asyncio.ensure_future(goal.result())
        await ros_loop.until(lambda: server.handles)
        assert server.handles[0].request.order == 7
        server.handles[0].publish_feedback(Feedback(sequence=[1, 2]))
        await ros_loop.until(lambda: heard.feedback)
        assert actions.awaited == ["waits for the end of a goal of the action /graph/count"]
        if how == "canceled":
            assert await goal.cancel(LONG)
            assert server.handles[0].is_cancel_requested
        server.end(how, 5)
        end, result = await ending
        await ros_loop.until(lambda: word in heard.states)
        goal.let_go(cancel=False)
        return end, list(result.sequence)

    assert ros_loop.run(talk()) == (word, [5])
    assert heard.feedback == [[1, 2]]
    assert client.pending == 0 and not actions.awaited


def test_a_goal_that_is_rejected(ros_loop, actions, theirs):
    client = actions.client("count", TYPE)
    theirs(accepts=False)
    with pytest.raises(GoalRejectedError, match="the action /graph/count has rejected a goal"):
        ros_loop.run(sent(client))
    assert client.pending == 0


def test_a_server_that_will_not_cancel(ros_loop, actions, theirs):
    client, server = actions.client("count", TYPE), theirs(cancels=False)

    async def talk():
        goal = await sent(client)
        await ros_loop.until(lambda: server.handles)
        assert await goal.cancel(LONG) is False
        server.end("succeed", 1)
        return (await goal.result())[0]

    assert ros_loop.run(talk()) == "succeeded"


def test_who_lets_go_of_a_goal_may_cancel_it(ros_loop, actions, theirs):
    client, server = actions.client("count", TYPE), theirs()

    async def talk():
        goal = await sent(client)
        await ros_loop.until(lambda: server.handles)
        goal.let_go(cancel=True)
        await ros_loop.until(lambda: server.handles[0].is_cancel_requested)
        goal.let_go(cancel=True)  # which is nothing more
        server.end("canceled")

    ros_loop.run(talk())
    assert client.pending == 0


def test_a_server_that_gives_no_answer(ros_loop, actions):
    client = actions.client("count", TYPE)
    mute = HostActions(ros_loop.node("mute"))
    goals, cancelled = [], []
    mute.serve("/graph/count", TYPE, goals.append, cancelled.append, LONG)
    other = ros_loop.node("other").create_client(CancelGoal, "/graph/count/_action/cancel_goal")

    async def talk():
        await client.appears(None)
        with pytest.raises(TimeoutError, match=r"no answer of the action /graph/count to a goal "
                                               r"for 0\.2 s"):
            await client.send(Goal(), 0.2, *Heard().hooks())
        await ros_loop.until(lambda: goals and other.service_is_ready())
        behind = other.call_async(CancelGoal.Request())  # the client's own is through, then
        await ros_loop.until(behind.done)
        assert not cancelled and client.pending == 1  # which nothing can be before it is accepted
        goals[0].accept()
        await ros_loop.until(lambda: goals[0] in cancelled)

    ros_loop.run(talk())
    assert client.pending == 0


def test_a_server_that_goes_and_comes_back(ros_loop, actions):
    client = actions.client("count", TYPE)
    theirs = HostActions(ros_loop.node("server"))
    theirs.serve("/graph/count", TYPE, lambda goal: goal.accept(), bool, 1.0)

    async def talk():
        goal = await sent(client)
        theirs.close()
        with pytest.raises(ServerGoneError, match="the server of the action /graph/count has "
                                                  "gone, and its goal with it"):
            await goal.result()
        goal.let_go(cancel=True)
        assert client.pending == 0
        await ros_loop.until(lambda: not client.is_ready())
        theirs.serve("/graph/count", TYPE, lambda goal: (
            goal.accept(), goal.finish("succeeded", Result())), bool, LONG)
        return (await (await sent(client)).result())[0]

    assert ros_loop.run(talk()) == "succeeded"


def test_a_server_that_has_forgotten_a_goal(ros_loop, actions):
    client = actions.client("count", TYPE)
    theirs = HostActions(ros_loop.node("server"))
    goals = []
    theirs.serve("/graph/count", TYPE, goals.append, bool, 0.0)

    async def talk():
        await client.appears(None)
        sending = asyncio.ensure_future(client.send(Goal(), LONG, *Heard().hooks()))
        await ros_loop.until(lambda: goals)
        goals[0].accept()
        goal = await sending
        goals[0].finish("succeeded", Result())
        await ros_loop.until(lambda: theirs._servers[0].kept == 0)
        await goal.result()

    with pytest.raises(ServerGoneError, match="knows nothing of the goal"):
        ros_loop.run(talk())


def test_an_action_that_is_not_there(ros_loop, actions, elsewhere):
    client = actions.client("count", TYPE)
    HostActions(elsewhere.node).serve(
        "/graph/count", "test_msgs/action/NestedMessage", print, bool, 1.0)

    async def talk():
        await ros_loop.until(lambda: "Nested" in client.absence())
        waiting = asyncio.ensure_future(client.appears(None))
        await asyncio.sleep(0)
        assert actions.awaited == [f"waits for the action /graph/count ({TYPE})"]
        waiting.cancel()
        await asyncio.wait({waiting})
        return await client.appears(0.1)

    assert ros_loop.run(talk()) is False
    assert client.absence() == "which is offered as test_msgs/action/NestedMessage"
    assert actions.client("nowhere", TYPE).absence() == "which no node offers"


@pytest.fixture
def ours(ros_loop, actions, elsewhere):
    """Return a server of ours, with what has been asked of it, and a client of rclpy's."""
    class Ours:
        goals, cancelled, cancels = [], [], True

        def __init__(self):
            self.goals, self.cancelled = [], []
            self.name = actions.serve("~/count", TYPE, self.goals.append, self.cancel, 0.0)
            self.node = elsewhere.node
            self.client = ActionClient(self.node, Fibonacci, self.name)
            elsewhere.ends.append(self.client)
            self.feedback = []

        def cancel(self, goal):
            self.cancelled.append(goal)
            return self.cancels

        async def done(self, future):
            await ros_loop.until(future.done)
            return future.result()

        async def send(self, order=1):
            await ros_loop.until(self.client.server_is_ready)
            count = len(self.goals)
            sending = self.client.send_goal_async(Goal(order=order), self.feedback.append)
            await ros_loop.until(lambda: len(self.goals) > count)
            return sending

        async def accepted(self):
            sending = await self.send()
            self.goals[-1].accept()
            return await self.done(sending)

        kept = property(lambda self: actions._servers[0].kept)
    return Ours()


@pytest.mark.parametrize("end, number", [("succeeded", 4), ("aborted", 6)])
def test_others_goals(ros_loop, actions, ours, end, number):
    async def talk():
        sending = await ours.send(9)
        assert ours.goals[0].goal.order == 9
        with pytest.raises(ValueError, match="a goal that is not accepted cannot be given feed"):
            ours.goals[0].feedback(Feedback())
        ours.goals[0].accept()
        handle = await ours.done(sending)
        assert handle.accepted
        asked = handle.get_result_async()
        ours.goals[0].feedback(Feedback(sequence=[3]))
        await ros_loop.until(lambda: ours.feedback)
        with pytest.raises(ValueError, match="a goal that is executing cannot be canceled"):
            ours.goals[0].finish("canceled", Result())
        ours.goals[0].finish(end, Result(sequence=[8]))
        response = await ours.done(asked)
        with pytest.raises(ValueError, match=f"a goal that is {end} cannot be {end}"):
            ours.goals[0].finish(end, Result())
        await ros_loop.until(lambda: not ours.kept)
        return response.status, list(response.result.sequence)

    assert ours.name == "/graph/host/count"
    assert actions.awaited == ["waits for goals of the action /graph/host/count"]
    assert ros_loop.run(talk()) == (number, [8])
    assert list(ours.feedback[0].feedback.sequence) == [3]


def test_others_goals_may_be_rejected(ros_loop, ours):
    async def talk():
        sending = await ours.send()
        ours.goals[0].reject()
        with pytest.raises(ValueError, match="cannot be"):
            ours.goals[0].finish("succeeded", Result())
        return (await ours.done(sending)).accepted

    assert ros_loop.run(talk()) is False and not ours.kept


@pytest.mark.parametrize("cancels", [True, False])
def test_others_may_cancel(ros_loop, ours, cancels):
    ours.cancels = cancels
    codes = CancelGoal.Response

    async def talk():
        handle = await ours.accepted()
        asked = handle.get_result_async()
        response = await ours.done(handle.cancel_goal_async())
        assert len(response.goals_canceling) == cancels
        assert response.return_code == (codes.ERROR_NONE if cancels else codes.ERROR_REJECTED)
        if cancels:  # a second request is no other one
            await ours.done(handle.cancel_goal_async())
        ours.goals[0].finish("canceled" if cancels else "succeeded", Result())
        status = (await ours.done(asked)).status
        await ros_loop.until(lambda: not ours.kept)
        late = await ours.done(handle.cancel_goal_async())
        assert late.return_code == codes.ERROR_UNKNOWN_GOAL_ID
        return status

    assert ros_loop.run(talk()) == (5 if cancels else 4)
    assert ours.cancelled == ours.goals


def test_all_goals_and_those_until_a_time_may_be_cancelled(ros_loop, ours):
    cancel = ours.node.create_client(CancelGoal, f"{ours.name}/_action/cancel_goal")

    async def talk():
        handles = [await ours.accepted() for _ in range(3)]
        request = CancelGoal.Request()
        request.goal_info.stamp = handles[1].stamp
        first = await ours.done(cancel.call_async(request))
        both = await ours.done(cancel.call_async(CancelGoal.Request()))
        return len(first.goals_canceling), len(both.goals_canceling)

    assert ros_loop.run(talk()) == (2, 3)


def test_a_hundred_goals_leave_nothing_behind(ros_loop, actions):
    client = actions.client("count", TYPE)
    theirs = HostActions(ros_loop.node("server"))
    theirs.serve("/graph/count", TYPE, lambda goal: (
        goal.accept(), goal.feedback(Feedback()), goal.finish("succeeded", Result())), bool, 0.5)
    server, = theirs._servers

    def left():
        gc.collect()
        types = [type(each) for each in gc.get_objects()]
        return ([types.count(each) for each in (Future, HostSentGoal, HostServedGoal, GoalInfo)],
            client.pending, server.kept,
            len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")))

    async def one(order):
        goal = await sent(client, order)
        assert (await goal.result())[0] == "succeeded"
        goal.let_go(cancel=False)

    async def talk():
        await one(0)
        await ros_loop.until(lambda: not server.kept)
        before = left()
        for order in range(100):
            await one(order)
        await ros_loop.until(lambda: not server.kept)
        return before, left()

    before, after = ros_loop.run(talk())
    assert after == before


@pytest.mark.parametrize("name, expected", [
    ("count", "/elsewhere"), ("/graph/count", "/elsewhere"), ("~/count", "/graph/host/count"),
    ("/other", "/other")])
def test_names_are_those_of_ros_and_remapped(ros_loop, name, expected):
    node = ros_loop.node("host", namespace="/graph",
                         cli_args=["--ros-args", "-r", "count:=/elsewhere"])
    assert HostActions(node).client(name, TYPE).name == expected
    assert HostActions(node).serve(name, TYPE, print, bool, 1.0) == expected


def test_tools_see_an_action(ros_loop, actions):
    actions.serve("count", TYPE, print, bool, 1.0)
    other = ros_loop.node("other")

    async def talk():
        await ros_loop.until(lambda: get_action_names_and_types(other))
        return get_action_names_and_types(other)

    assert ros_loop.run(talk()) == [("/graph/count", [TYPE])]


def test_what_cannot_be_is_an_input_error(actions):
    with pytest.raises(InputError, match="action '/a b'"):
        actions.client("/a b", TYPE)
    with pytest.raises(InputError, match="action 'a//b'"):
        actions.serve("a//b", TYPE, print, bool, 1.0)
    with pytest.raises(InputError, match="the package no_actions is not installed; action pack.*: "
                                         ".*apt install ros-.*-no-actions"):
        actions.client("count", "no_actions/action/X")
    with pytest.raises(InputError, match="NestedMessage: .*incompatible type"):
        actions.client("count", TYPE)
        actions.serve("count", "test_msgs/action/NestedMessage", print, bool, 1.0)
    with pytest.raises(InputError, match="expected an action type such as control_msgs/action/"):
        actions.client("count", "test_msgs/srv/Empty")


def test_a_node_that_is_made_anew_offers_and_calls_again(ros_loop, actions):
    client = actions.client("count", TYPE)
    actions.serve("count", TYPE, lambda goal: goal.reject(), bool, 1.0)
    actions.close()
    client = actions.client("count", TYPE)
    actions.serve("count", TYPE, lambda goal: goal.accept(), bool, 1.0)

    async def talk():
        await ros_loop.until(lambda: len(client.servers()) == 1)
        await sent(client)

    ros_loop.run(talk())
