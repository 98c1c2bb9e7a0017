"""Items that are followed through nodes, with the SDK's exporter in memory."""

import asyncio
from types import SimpleNamespace

import pytest

from dnne_ros.spans.checkpoint_spans import CheckpointSpans
from dnne_ros.spans.node_spans import NodeSpans, Roots
from dnne_ros.spans.ports import FollowedInput, FollowedOutput
from dnne_ros.spans.tail import Tail, read_tail
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.tails import Tails

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")


@pytest.fixture
def memory():
    """Return a tracer, and what it has made so far."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return SimpleNamespace(tracer=provider.get_tracer("test"),
                           ended=exporter.get_finished_spans)


class Clock:
    """Seconds that a test moves on by hand."""

    now = 10.0

    def __call__(self):
        return self.now


@pytest.fixture
def spans(memory):
    """Make the spans of a node; ``begins``: items may be followed from there on."""
    def make(name, begins=False, hops=5, clock=None):
        return NodeSpans(memory.tracer, "/g", name, hops, Roots(begins, True, clock or Clock()),
                         "update")
    return make


def test_an_item_that_is_given_after_others_were_taken_keeps_its_span(spans, memory):
    source, node = spans("source", begins=True, clock=(clock := Clock())), spans("node")

    async def main():
        link, sent = Link(source, node), Output()
        give = FollowedOutput(sent, node, Tails()).send
        rounds = []
        for number in range(3):
            clock.now += 10.0
            await link.send(number)
            await link.input.get(None)
            rounds.append(node.leave())
        await link.send(3)  # nobody begins to follow this one
        for followed in rounds:
            node.take_up(followed)
            await link.input.get(None) if followed is rounds[0] else None
            await give(0)
            node.put_down()
        return sent.tails

    tails = [read_tail(tail) for tail in asyncio.run(main())]
    ended = {span.context.span_id: span for span in memory.ended() if span.name == "node"}
    assert [ended[tail.span_id].attributes["dnne_ros.item"] for tail in tails] == [1, 2, 3]
    assert [ended[tail.span_id].context.trace_id for tail in tails] == [
        span.context.trace_id for span in memory.ended() if span.name == "source"]


class Output:
    """An output in this process that keeps what it was given to take along."""

    def __init__(self, *edges):
        self.edges = edges
        self.sent = 0
        self.tails = []

    async def send(self, value, timeout=None, tail=b""):
        for edge in self.edges:
            edge.deliver(value)
        self.sent += 1
        self.tails.append(tail)


class Link:
    """An edge inside a process, from the spans of one node to those of another."""

    def __init__(self, source, target, port="in"):
        edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 10)
        tails = Tails()
        self.output = Output(edge)
        self.send = FollowedOutput(self.output, source, tails).send
        self.input = FollowedInput(edge, target, port, tails)


def family(spans):
    """Return (name, name of the parent) of each span, in the order in which they began."""
    names = {span.context.span_id: span.name for span in spans}
    return [(span.name, None if span.parent is None else names[span.parent.span_id])
            for span in sorted(spans, key=lambda span: span.start_time)]


def test_an_item_is_followed_through_nodes(memory, spans):
    clock = Clock()
    source, relay, sink = spans("source", True, clock=clock), spans("relay"), spans("sink")
    first, second = Link(source, relay), Link(relay, sink)

    async def main():
        for number in range(3):
            await first.send(number)
            await second.send(await first.input.get(None))
            await second.input.get(None)
            clock.now += 0.5  # so that every other item is followed

    asyncio.run(main())
    for each in (source, relay, sink):
        each.close()
    ended = memory.ended()
    assert family(ended) == 2 * [("source", None), ("relay", "source"), ("sink", "relay")]
    assert len({span.context.trace_id for span in ended}) == 2
    relayed = [span for span in ended if span.name == "relay"]
    assert [dict(span.attributes) for span in relayed] == [
        {"dnne_ros.graph": "/g", "dnne_ros.node": "relay", "dnne_ros.input": "in",
         "dnne_ros.item": number} for number in (1, 3)]
    assert [bool(tail) for tail in first.output.tails] == [True, False, True]


def test_items_that_are_joined_are_one_span(memory, spans):
    left, right, joins = spans("left", True), spans("right", True), spans("joins")
    one, two = Link(left, joins, "one"), Link(right, joins, "two")

    async def main():
        await one.send(1)
        await two.send(2)
        await one.input.get(None)
        await two.input.get(None)
        assert joins.current is not None
        await one.send(3)
        await one.input.get(None)  # the next round
        assert joins.current is None

    asyncio.run(main())
    span, = (span for span in memory.ended() if span.name == "joins")
    parents = {span.name: span.context.span_id for span in memory.ended()}
    assert span.parent.span_id == parents["left"]
    assert [link.context.span_id for link in span.links] == [parents["right"]]


def test_a_batch_is_followed_by_any_of_its_items(memory, spans):
    clock = Clock()
    source, sink = spans("source", True, clock=clock), spans("sink")
    link = Link(source, sink)

    async def main():
        for number in range(4):
            await link.send(number)
            clock.now += 0.5
        assert await link.input.get_batch(4, None) == [0, 1, 2, 3]

    asyncio.run(main())
    sink.close()
    *sources, batch = memory.ended()
    assert len(sources) == 2 and batch.name == "sink"
    assert batch.parent.span_id == sources[0].context.span_id
    assert [each.context.span_id for each in batch.links] == [sources[1].context.span_id]


def test_a_trace_in_a_loop_has_an_end(memory, spans):
    here, there = spans("here", True, hops=3), spans("there", hops=3)
    go, back = Link(here, there), Link(there, here)

    async def main():
        await back.output.send(0)
        for _ in range(10):
            await go.send(await back.input.get(None))
            await back.send(await go.input.get(None))

    asyncio.run(main())
    here.close()
    there.close()
    assert family(memory.ended()) == [("here", None), ("there", "here"), ("here", "there")]


def test_what_a_sampler_has_left_out_is_not_followed(spans):
    source = spans("source")
    link = Link(source, spans("sink"))
    asyncio.run(link.send(1))
    assert link.output.tails == [b""]
    spent = Tail(1, 2, 1, 0).pack()
    sink = spans("sink")
    sink.took("in", 1, [spent, b"", b"nonsense"])
    assert sink.current is None


def test_a_node_that_waits_in_vain_keeps_its_span(memory, spans):
    link = Link(spans("source", True), sink := spans("sink"))

    async def main():
        await link.send(1)
        await link.input.get(None)
        with pytest.raises(TimeoutError):
            await link.input.get(0.0)
        assert await link.input.get_batch(2, 0.0) == []

    asyncio.run(main())
    assert sink.current is None and [span.name for span in memory.ended()] == ["source", "sink"]


def test_an_update_is_from_its_last_item_on(memory, spans):
    trainer = spans("trainer")
    trainer.took("reward", 1, [Tail(7, 8, 1, 3).pack()])
    trainer.update(4, 0.5)
    trainer.update(5, 0.4)  # of the same second
    trainer.close()
    update, item = memory.ended()
    assert (update.name, update.parent.span_id) == ("trainer update", item.context.span_id)
    assert update.attributes["dnne_ros.update"] == 4
    assert update.attributes["dnne_ros.loss"] == 0.5
    assert update.start_time <= item.start_time <= update.end_time


def test_checkpoints(memory):
    from opentelemetry.trace import StatusCode

    spans = CheckpointSpans(memory.tracer, "/g", None)
    for kind, content in (("saved", {"directory": "?"}), ("saving", {}), ("warning", {}),
                          ("saved", {"directory": "d"}), ("saving", {}),
                          ("not_saved", {"reason": "the disk is full"})):
        spans.note(kind, content)
    well, ill = memory.ended()
    assert well.attributes["dnne_ros.directory"] == "d" and well.status.is_ok
    assert (ill.status.status_code, ill.status.description) == (
        StatusCode.ERROR, "the disk is full")


def test_each_item_where_a_sampler_is_named():
    assert [Roots(True, False).due() for _ in range(3)] == [True] * 3
    assert not Roots(False, False).due()
