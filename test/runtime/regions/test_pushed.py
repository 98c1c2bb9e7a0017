"""What comes from outside goes through all that answer it, in the call that brings it."""

import asyncio
from contextlib import contextmanager, nullcontext

import pytest

from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.port_types import Int
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Giver, Member
from dnne_ros.runtime.regions.pushed import PushedRegion
from dnne_ros.runtime.regions.regions import Regions
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy

LOSSLESS, LATEST = EdgePolicy.LOSSLESS, EdgePolicy.LATEST


def edge(policy=LOSSLESS, capacity=100):
    return LocalEdge("a → b", policy, capacity)


def output(*edges):
    return OutputPort(Int(), edges, None, None, None)


async def turns():
    for _ in range(20):
        await asyncio.sleep(0)


class Node:
    """A node and its context in one: it answers items of its edges."""

    def __init__(self, name, inputs, outputs, answer):
        self.context, self.node_id, self.cuts = self, name, set()
        self.items, self.by_itself, self.may_answer, self.traced_by = 0, 0, True, None
        self.inputs, self.outputs = inputs, outputs
        if inputs:
            self.task = asyncio.create_task(answer_items(self, tuple(inputs), answer))

    async def get_input(self, port):
        item = await self.inputs[port].get(None)
        self.by_itself += 1
        return item

    def together(self):
        return nullcontext()

    def send_output(self, value, port):
        return self.outputs[port].send(value)

    @contextmanager
    def answering(self, ports, answer):
        self.member = Member(self, self.inputs, self.outputs, answer)
        yield


class Robot:
    """A giver of numbers and stamps, a policy and a controller of the newest action."""

    def __init__(self, policy=lambda seen, stamp: {"out": 2 * seen}, commands=None):
        self.edges = {"seen": edge(), "stamp": edge(), "action": edge(LATEST)}
        self.end = edge() if commands is None else commands
        source = Node("source", {}, {
            "seen": output(self.edges["seen"]), "stamp": output(self.edges["stamp"]),
            "image": output()}, None)
        self.nodes = [
            source, Node("policy", {port: self.edges[port] for port in ("seen", "stamp")},
                         {"out": output(self.edges["action"])}, policy),
            Node("controller", {"action": self.edges["action"]}, {"out": output(self.end)},
                 lambda action: {"out": action + 1})]
        self.giver = Giver(source, source.outputs, ("stamp", "seen"))

    async def start(self):
        await turns()
        self.region = PushedRegion(
            self.giver, [self.giver, *(node.member for node in self.nodes[1:])])
        self.region.start()
        for number in (1, 2):  # which outputs there are, it learns with the first
            self.push(number)
            await turns()
        self.commands()
        for node in self.nodes:
            node.by_itself = 0

    def push(self, number):
        """Give as a subscription does; tell whether it was one round."""
        if self.giver.region is not None and self.giver.region.push(
                {"stamp": 100 + number, "seen": number}):
            return True
        for port, value in (("stamp", 100 + number), ("seen", number)):
            self.giver.outputs[port].send_now(value)
        return False

    def commands(self):
        return [self.end.take_now() for _ in range(self.end.waiting())]


def in_callback(robot, *numbers):
    """Return what the robot is commanded within the calls that give it numbers."""
    done = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(
        lambda: done.set_result([robot.push(number) for number in numbers] + robot.commands()))
    return done


def test_who_gives_to_nobody_here_gives_through_its_ports(run_async):
    async def main():
        source = Node("source", {}, {"seen": output(edge())}, None)
        giver, regions = Giver(source, source.outputs, ("seen",)), Regions(None, False)
        regions.join(giver)
        await turns()
        assert giver.region is None
        regions.leave(giver)

    run_async(main())


@pytest.mark.parametrize("given, held", [({"a": 1}, 0), ({"a": 1, "b": 2}, 1)])
def test_several_outputs_leave_together_and_one_at_once(run_async, given, held):
    async def main():
        source, ends = edge(), {"a": edge(), "b": edge()}
        node = Node("node", {"in": source}, {port: output(end) for port, end in ends.items()},
                    lambda item: given)
        together = []
        node.together = lambda: together.append(True) or nullcontext()
        source.deliver(0)
        await turns()
        assert len(together) == held
        assert {port: end.take_now() for port, end in ends.items() if end.waiting()} == given
        node.task.cancel()

    run_async(main())


def test_a_command_follows_in_the_call_past_an_edge_of_the_newest_item(run_async):
    async def main():
        robot = Robot()
        await robot.start()
        assert await in_callback(robot, 3, 4) == [True, True, 7, 9]
        await turns()
        assert [node.by_itself for node in robot.nodes] == [0, 0, 0]
        assert [(each.stats.sent, each.stats.received) for each in robot.edges.values()] \
            == [(4, 4)] * 3
        assert [node.items for node in robot.nodes] == [0, 8, 4]
        assert [port.sent for port in robot.giver.outputs.values()] == [4, 4, 0]
    run_async(main())


def test_who_is_not_at_rest_is_left_to_the_coroutines(run_async):
    async def main():
        robot = Robot()
        await robot.start()
        robot.nodes[2].may_answer = False
        assert await in_callback(robot, 3) == [False]
        await turns()
        assert robot.commands() == [7]
        robot.nodes[2].may_answer = True
        assert await in_callback(robot, 4) == [True, 9]
    run_async(main())


def test_where_there_is_no_room_nothing_is_pushed_and_nothing_lost(run_async):
    async def main():
        robot = Robot(commands=edge(capacity=2))
        await robot.start()
        assert await in_callback(robot, 3) == [True, 7]
        done = [robot.push(number) for number in (4, 5, 6)]
        assert done == [True, True, False]
        await turns()
        came = robot.commands()
        await turns()
        assert came + robot.commands() == [9, 11, 13]
    run_async(main())


def test_an_error_is_that_of_the_node_and_the_giver_hears_of_none(run_async):
    async def main():
        robot = Robot(policy=lambda seen, stamp: {"out": 6 // (seen - 3)})
        await robot.start()
        assert await in_callback(robot, 3) == [True]
        await asyncio.wait({robot.nodes[1].task})
        with pytest.raises(ZeroDivisionError):
            robot.nodes[1].task.result()
        assert robot.edges["seen"].stats.received == 3
    run_async(main())


def test_a_value_that_is_none_of_its_port_is_the_givers_error(run_async):
    async def main():
        robot = Robot()
        await robot.start()
        with pytest.raises(TypeError, match="whole number"):
            robot.region.push({"stamp": 1, "seen": "two"})
        await turns()
        assert await in_callback(robot, 4) == [True, 9] or robot.commands() == [9]
    run_async(main())


def test_dissolved_all_goes_by_the_edges(run_async):
    async def main():
        robot = Robot()
        await robot.start()
        robot.region.dissolve()
        assert await in_callback(robot, 3) == [False]
        await turns()
        assert robot.commands() == [7]
    run_async(main())
