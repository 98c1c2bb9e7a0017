"""What comes in a callback goes through nodes that never wait before the callback returns."""

import asyncio
from contextlib import contextmanager, nullcontext
from itertools import pairwise

import pytest

from dnne_ros.node_api.answering import answer_items
from dnne_ros.node_api.port_types import Int
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.runtime.regions.member import Member
from dnne_ros.runtime.regions.regions import Regions
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy

TURNS = 20
"""More turns of the event loop than a coroutine needs to take and send an item."""


class Answering:
    """A node and its context in one: it answers items of its edges."""

    def __init__(self, inputs, outputs, answer):
        self.context, self.node_id = self, "a"
        self.cuts = ()
        self.inputs, self.outputs = inputs, outputs
        self.items, self.may_answer, self.traced_by = 0, True, None
        self.task = asyncio.create_task(answer_items(self, tuple(inputs), answer))

    def get_input(self, port):
        return self.inputs[port].get(None)

    def together(self):
        return nullcontext()

    def send_output(self, value, port):
        return self.outputs[port].send(value)

    def put_now(self, port, value):
        self.outputs[port].send_now(value)

    @contextmanager
    def answering(self, ports, answer):
        regions = Regions(None, compiled=False)
        regions.join(member := Member(self, {port: self.inputs[port] for port in ports},
                                      self.outputs, answer))
        yield
        regions.leave(member)


def edge(capacity=100):
    return LocalEdge("a → b", EdgePolicy.LOSSLESS, capacity)


def output(*edges):
    return OutputPort(Int(), edges, None, None, None)


async def turns():
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def in_callback(call):
    """Return what ``call()`` returns, called by the event loop as a subscription is."""
    done = asyncio.get_running_loop().create_future()

    def run():
        try:
            done.set_result(call())
        except Exception as error:
            done.set_exception(error)
    asyncio.get_running_loop().call_soon(run)
    return await done


def taken(end):
    """Return the items that wait on an edge."""
    return [end.take_now() for _ in range(end.waiting())]


def doubled(item):
    return {"out": 2 * item}


def test_an_item_goes_through_all_nodes_in_the_call_that_brings_it():
    async def main():
        ends = [edge(), edge(), edge()]
        nodes = [Answering({"in": before}, {"out": output(after)}, doubled)
                 for before, after in pairwise(ends)]
        await turns()

        def deliver():
            source.send_now(1)
            return taken(ends[-1])
        source = output(ends[0])
        assert await in_callback(deliver) == [4] and await in_callback(deliver) == [4]
        assert [node.items for node in nodes] == [2, 2]
        assert [(end.stats.sent, end.stats.received) for end in ends] == [(2, 2)] * 3
        assert not any(node.task.done() for node in nodes)
    asyncio.run(main())


def test_what_a_coroutine_sends_wakes_the_node_as_ever():
    async def main():
        first, last = edge(), edge()
        Answering({"in": first}, {"out": output(last)}, doubled)
        await turns()
        await output(first).send(1)
        assert taken(last) == []
        await turns()
        assert taken(last) == [2]
    asyncio.run(main())


def test_rounds_keep_together_whichever_input_comes_last():
    async def main():
        a, b, last = edge(), edge(), edge()
        Answering({"a": a, "b": b}, {"out": output(last)},
                  lambda a, b: {"out": 10 * a + b})
        await turns()
        ports = {"a": output(a), "b": output(b)}
        for sent in ("ba", "ab", "aba", "abb", "baba"):
            for port in sent:
                number = ports[port].sent
                await in_callback(lambda port=port, number=number: ports[port].send_now(number))
        await turns()
        assert taken(last) == [11 * number for number in range(7)]
    asyncio.run(main())


def test_where_an_edge_is_full_the_node_waits_and_nothing_is_lost_or_overtakes():
    async def main():
        first, last = edge(), edge(capacity=2)
        Answering({"in": first}, {"out": output(last)}, doubled)
        source, came = output(first), []
        await turns()
        for number in range(10):
            await in_callback(lambda number=number: source.send_now(number))
        while len(came) < 10:
            before = len(came)
            came += taken(last)
            await turns()
            assert len(came) > before or last.waiting(), "nothing moves"
        assert came == [2 * number for number in range(10)]
    asyncio.run(main())


def test_an_error_is_the_nodes_own():
    async def main():
        first = edge()
        node = Answering({"in": first}, {}, lambda item: 1 // item)
        await turns()
        await in_callback(lambda: output(first).send_now(0))
        await asyncio.wait({node.task})
        with pytest.raises(ZeroDivisionError):
            node.task.result()
    asyncio.run(main())


def test_who_may_not_answer_takes_each_item_itself():
    async def main():
        first, last = edge(), edge()
        node = Answering({"in": first}, {"out": output(last)}, doubled)
        node.may_answer = False
        await turns()

        def deliver():
            output(first).send_now(1)
            return taken(last)
        assert await in_callback(deliver) == []
        await turns()
        assert taken(last) == [2]
    asyncio.run(main())


def test_a_loop_goes_round_by_way_of_the_event_loop():
    """A node in the middle of an answer is not asked again from within."""
    async def main():
        first, last, back = edge(), edge(), edge()
        Answering({"in": first}, {"out": output(back)}, lambda item: {"out": item - 1})
        ends = output(first), output(last)
        Answering({"in": back}, {"out": ends[0], "last": ends[1]},
                  lambda item: {"out": item} if item else {"last": item})
        await turns()
        await in_callback(lambda: ends[0].send_now(3))
        await turns()
        assert taken(last) == [0] and first.stats.received == 3
    asyncio.run(main())


def test_what_may_not_wait_is_not_sent_where_there_is_no_room():
    async def main():
        full = output(edge(capacity=1))
        full.send_now(1)
        assert not full.has_room and full.sent == 1
        with pytest.raises(RuntimeError, match="no room"):
            full.send_now(2)
        assert full.sent == 1
    asyncio.run(main())
