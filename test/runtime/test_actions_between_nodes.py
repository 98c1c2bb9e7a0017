"""An ActionClient and an ActionServer over DDS, with every action shape of test_msgs."""

import asyncio
import gc
import os

import numpy as np
import pytest
import torch
from rclpy.task import Future

from dnne_ros.nodes.ros.action_client import ActionClientNode
from dnne_ros.nodes.ros.action_server import ActionServerNode
from dnne_ros.runtime.node.action_client import HostSentGoal
from dnne_ros.runtime.node.action_server import HostServedGoal
from dnne_ros.runtime.node.ros_actions import HostActions
from dnne_ros.testing import InMemoryContext, difference

pytest.importorskip("test_msgs.action", reason="needs test_msgs: pip install ros-test-msgs")

NUMBERS = {"bool": True, "byte": 7, "char": 65, "float32": 0.5, "float64": -1e300, "int8": -128,
           "uint8": 255, "int16": -2**15, "uint16": 2**16 - 1, "int32": -2**31,
           "uint32": 2**32 - 1, "int64": -2**63, "uint64": 2**64 - 1}
NESTED = {"nested_field_no_pkg": {"duration_value": {"sec": -1, "nanosec": 2},
                                  "time_value": {"sec": 3, "nanosec": 4}},
          "nested_field": {f"{name}_value": value for name, value in NUMBERS.items()},
          "nested_different_pkg": {"sec": 5, "nanosec": 6}}
SEQUENCE = {"sequence": np.array([1, -2**31, 2**31 - 1], np.int32)}
CLIENT_OUTPUTS = ("feedback", "result", "status", "succeeded")
SERVER_INPUTS = ("result", "end", "feedback")


class Pair:
    """A client and a server of one action, that run until `stop`."""

    def __init__(self, ros_loop, name, client, server, linked, outputs):
        both = {"action": f"/do_{name}", "action_type": f"test_msgs/action/{name}"}
        self.ros_loop = ros_loop
        self.client = ActionClientNode({**both, "timeout": 3600.0, **client})
        self.server = ActionServerNode({**both, "keep_results": 0.2, **server})
        for node, inputs, given in ((self.client, ("goal", "cancel"), outputs),
                                    (self.server, linked, ("goal", "goal_id", "cancel"))):
            node.context = InMemoryContext(node, inputs, outputs=given)
            node.context.actions = HostActions(ros_loop.node(type(node).__name__))
            node.setup()
        self.said, self.asked = self.client.context, self.server.context
        self.running = []

    def start(self):
        self.running = [asyncio.ensure_future(node.process())
                        for node in (self.client, self.server)]

    async def until(self, condition):
        def met():
            for each in self.running:
                if each.done():
                    each.result()
            return condition()
        await self.ros_loop.until(met)

    async def gets(self, context, port, count):
        await self.until(lambda: len(context.outputs(port)) >= count)

    async def stop(self):
        for each in self.running:
            each.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        for node in (self.client, self.server):
            await node.close()


@pytest.fixture
def talk(ros_loop):
    """Run ``script(pair)`` on a client and a server; returns what the client has said."""
    def run(script, name="Fibonacci", client=(), server=(), linked=SERVER_INPUTS,
            outputs=CLIENT_OUTPUTS):
        pair = Pair(ros_loop, name, dict(client), dict(server), linked, outputs)

        async def main():
            pair.start()
            try:
                await script(pair)
            finally:
                await pair.stop()

        ros_loop.run(main())
        pair.server.context.actions.close()
        pair.client.context.actions.close()
        return pair.said
    return run


def given(value):
    """Return a value that was sent, with numpy's arrays."""
    if isinstance(value, dict):
        return {name: given(part) for name, part in value.items()}
    return value.numpy() if isinstance(value, torch.Tensor) else value


@pytest.mark.parametrize("name, goal, answer", [
    ("Fibonacci", {"order": -2**31}, SEQUENCE), ("NestedMessage", NESTED, NESTED)])
def test_every_shape_makes_the_round_trip(talk, name, goal, answer):
    async def script(pair):
        for number in (1, 2):
            pair.said.feed("goal", goal if number == 1 else {})
            await pair.gets(pair.asked, "goal", number)
            pair.asked.feed("feedback", answer)
            await pair.gets(pair.said, "feedback", number)
            pair.asked.feed("result", answer)
            pair.asked.feed("end", "succeeded" if number == 1 else "aborted")
            await pair.gets(pair.said, "succeeded", number)
        assert not difference(goal, given(pair.asked.outputs("goal")[0]))

    said = talk(script, name)
    for port in ("feedback", "result"):
        assert not difference([answer, answer], [given(each) for each in said.outputs(port)])
    assert said.outputs("succeeded") == [True, False]
    assert [word for word in said.outputs("status") if word in ("succeeded", "aborted")] == [
        "succeeded", "aborted"]


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_number_is_a_tensor_at_both_ends(talk, kind):
    if kind in ("uint16", "uint32", "uint64") and not hasattr(torch, kind):
        pytest.skip(f"this torch has no {kind}")
    field = f"nested_field.{kind}_value"
    value = torch.from_numpy(np.array(
        [NUMBERS[kind]], {"byte": "uint8", "char": "uint8"}.get(kind, kind)))

    async def script(pair):
        pair.said.feed("goal", value)
        await pair.gets(pair.asked, "goal", 1)
        pair.asked.feed("feedback", value)
        await pair.gets(pair.said, "feedback_tensor", 1)
        pair.asked.feed("result", value)
        await pair.gets(pair.said, "succeeded", 1)

    said = talk(script, "NestedMessage",
                {"field": field, "tensor_field": field, "feedback_field": field},
                {"field": field, "feedback_field": field}, linked=("result", "feedback"),
                outputs=(*CLIENT_OUTPUTS, "tensor", "feedback_tensor"))
    for port in ("tensor", "feedback_tensor"):
        assert not difference(value.numpy(), said.outputs(port)[0].numpy())


def test_a_goal_is_cancelled(talk):
    async def script(pair):
        pair.said.feed("goal", {"order": 1})
        await pair.gets(pair.asked, "goal", 1)
        pair.said.feed("cancel", None)
        await pair.gets(pair.asked, "cancel", 1)
        assert pair.asked.outputs("cancel") == pair.asked.outputs("goal_id")
        pair.asked.feed("result", SEQUENCE)
        await pair.gets(pair.said, "succeeded", 1)

    said = talk(script, linked=("result",))
    assert said.outputs("status")[-1] == "canceled" and said.outputs("succeeded") == [False]
    assert not difference([SEQUENCE], [given(each) for each in said.outputs("result")])


def test_a_goal_is_rejected_by_the_graph_and_by_the_number_of_others(talk):
    async def script(pair):
        pair.said.feed("goal", {})
        await pair.gets(pair.asked, "goal", 1)
        pair.asked.feed("accept", False)
        await pair.gets(pair.said, "succeeded", 1)
        pair.said.feed("goal", {})
        await pair.gets(pair.asked, "goal", 2)
        pair.asked.feed("accept", True)
        await pair.gets(pair.said, "status", 2)
        pair.said.feed("goal", {})  # while the other is under way
        await pair.gets(pair.said, "succeeded", 3)

    said = talk(script, client={"new_goal": "replace"}, linked=("result", "accept"))
    assert said.outputs("status") == ["rejected", "executing", "replaced", "rejected"]


@pytest.mark.parametrize("new_goal, first", [("cancel", "canceled"), ("replace", "replaced")])
def test_a_new_goal_takes_the_place_of_another(talk, new_goal, first):
    async def script(pair):
        pair.said.feed("goal", {"order": 1})
        await pair.gets(pair.asked, "goal", 1)
        await pair.gets(pair.said, "status", 1)
        pair.said.feed("goal", {"order": 2})
        await pair.gets(pair.asked, "cancel", 1)
        pair.asked.feed("result", SEQUENCE)  # late where the first has been replaced
        await pair.gets(pair.asked, "goal", 2)
        pair.asked.feed("result", SEQUENCE)
        await pair.gets(pair.said, "succeeded", 2)

    said = talk(script, client={"new_goal": new_goal}, server={"new_goal": "preempt"},
                linked=("result",))
    ends = [word for word in said.outputs("status")
            if word not in ("accepted", "executing", "canceling")]
    assert ends == [first, "succeeded"]


def test_a_client_that_ends_cancels_its_goal(talk):
    async def script(pair):
        pair.said.feed("goal", {})
        await pair.gets(pair.asked, "goal", 1)
        pair.running[0].cancel()
        await asyncio.gather(pair.running.pop(0), return_exceptions=True)
        await pair.client.close()
        await pair.gets(pair.asked, "cancel", 1)

    talk(script)


def test_a_server_that_ends_aborts_its_goals_and_one_that_is_gone_is_noticed(talk):
    async def script(pair):
        pair.said.feed("goal", {})
        await pair.gets(pair.asked, "goal", 1)
        await pair.server.close()
        await pair.gets(pair.said, "succeeded", 1)
        pair.said.feed("goal", {})
        await pair.gets(pair.asked, "goal", 2)
        pair.server.context.actions.close()
        await pair.gets(pair.said, "succeeded", 2)
        pair.server._given.clear()  # there is nobody to whom it could say how they end

    said = talk(script)
    assert [word for word in said.outputs("status") if word in ("aborted", "gone")] == [
        "aborted", "gone"]


def test_time_limits_at_both_ends(talk):
    async def script(pair):
        pair.said.feed("goal", {})
        await pair.gets(pair.said, "succeeded", 1)  # the server aborts it
        pair.server.values["timeout"] = 0.0
        pair.client.values["goal_timeout"] = 0.1
        pair.said.feed("goal", {})
        await pair.gets(pair.asked, "cancel", 2)
        pair.asked.feed("result", None, None)
        await pair.gets(pair.said, "succeeded", 2)

    said = talk(script, server={"timeout": 0.1}, linked=("result",))
    assert [word for word in said.outputs("status") if word in ("aborted", "timeout")] == [
        "aborted", "timeout"]


@pytest.mark.long
def test_a_hundred_goals_leave_nothing_behind(talk):
    found = []

    def left(pair):
        gc.collect()
        types = [type(each) for each in gc.get_objects()]
        return ([types.count(each) for each in (Future, HostSentGoal, HostServedGoal)],
                pair.client._client.pending, len(pair.server._given),
                len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task")))

    async def script(pair):
        server, = pair.server.context.actions._servers
        for number in range(1, 102):
            pair.said.feed("goal", {"order": number})
            await pair.gets(pair.asked, "goal", number)
            pair.asked.feed("feedback", SEQUENCE)
            pair.asked.feed("result", SEQUENCE)
            await pair.gets(pair.said, "succeeded", number)
            if number in (1, 101):
                await pair.until(lambda: not server.kept)
                found.append(left(pair))

    said = talk(script, linked=("result", "feedback"))
    assert said.outputs("succeeded") == [True] * 101
    assert found[0] == found[1]
