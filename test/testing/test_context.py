"""The context in memory does what that of a run does, and lets a test see and hold it up."""

import asyncio

import pytest

from dnne_ros import (
    CheckpointTrigger,
    Float,
    Input,
    InputError,
    Int,
    Model,
    Node,
    NodeState,
    Output,
    Rate,
    Schema,
    Widget,
)
from dnne_ros.testing import (
    InMemoryContext,
    InstantClock,
    ManualClock,
    NodeDriver,
    compute,
    drive,
)


class Halves(Node):
    """Halves numbers."""

    number = Input(Float(), priority=lambda value: -value)
    schema = Input(Schema(), optional=True)
    half = Output(Float())
    model = Output(Model())
    by = Widget(2.0)

    async def compute(self, number, schema):
        return {"half": number / self.by}


def test_a_node_computes():
    assert compute(Halves(), number=3.0) == {"half": 1.5}


def test_items_go_through_by_priority(run_async):
    async def main():
        async with NodeDriver(Halves(), ["number"]) as context:
            context.feed("number", 2.0, 8.0, 4.0)
            assert context.waiting("number") == 3
            await context.sends(3)
            return context

    context = run_async(main())
    assert context.outputs("half") == [4.0, 2.0, 1.0] and context.taken == 3
    assert context.sent[0] == ("half", 4.0) and context.waiting("number") == 0


def test_an_error_of_the_node_is_raised_where_the_test_waits():
    async def script(context):
        context.feed("number", 1.0)
        await context.sends(1)

    with pytest.raises(ZeroDivisionError):
        drive(Halves({"by": 0.0}), script, ["number"])


def test_waiting_for_a_node_that_is_through_fails():
    class Once(Halves):
        async def process(self):
            await self.send_output(1.0, "half")

    with pytest.raises(AssertionError, match="Once is through after it sent 1 values, expected 2"):
        drive(Once(), lambda context: context.sends(2))
    assert drive(Once(), lambda context: context.sends(2, or_is_through=True)).outputs("half")


@pytest.mark.parametrize("name", ["nimber", "half"])
def test_ports_that_are_not_there_are_named(name):
    with pytest.raises(AssertionError, match=f"Halves has no input '{name}'; it has number, sch"):
        InMemoryContext(Halves(), [name])


def test_a_full_output_holds_a_node_up_until_it_has_room(run_async):
    async def main():
        async with NodeDriver(Halves(), ["number"]) as context:
            context.fill("half")
            context.feed("number", 2.0)
            await asyncio.wait({asyncio.ensure_future(context.sends(1))}, timeout=0.01)
            assert context.sent == []
            with pytest.raises(TimeoutError):
                await context.put("half", 0.0, timeout=0.001)
            assert context.sent == []
            context.drain("half")
            await context.sends(1)

    run_async(main())


def test_batches_timeouts_and_held_values(run_async):
    async def main():
        context = InMemoryContext(Halves())
        context.feed("number", 1.0, 2.0)
        assert await context.get_batch("number", 3, 0.001) == [2.0, 1.0]
        with pytest.raises(TimeoutError):
            await context.get("number", 0.001)
        context.feed("schema", {"shape": [1]})
        for _ in range(2):
            assert await context.get("schema", None) == {"shape": [1]}
        assert await context.get_batch("schema", 5, None) == [{"shape": [1]}]

    run_async(main())


def test_what_the_run_knows_is_what_the_test_says():
    context = InMemoryContext(Halves(), ["number"], outputs=["half"], seed=7, inference=True,
                              trainers={"model": 2}, delivered={"half": 3})
    assert context.is_linked("number") and not context.is_linked("schema")
    assert context.is_linked("half") and not context.is_linked("model")
    assert context.trainers("model") == 2 and context.trainers("half") == 0
    assert context.delivered("half") == 3 and context.seed == 7 and context.inference


class Epochs(Node):
    """Announces a boundary behind every second number, the last one behind the sixth."""

    announces_boundaries = True
    number = Input(Int())
    epochs = Output(Int())

    def setup(self):
        self.count = 0

    async def process(self):
        while True:
            await self.get_input("number")
            await self.get_input("number")
            self.count += 1
            self.context.report({"epoch": self.count})
            await self.context.boundary(self.count, 0.5, CheckpointTrigger("epoch", "2"),
                                        "done" if self.count == 3 else None).reached()
            await self.send_output(self.count, "epochs")

    async def save_state(self, aligned):
        return NodeState(values={"count": self.count})

    def load_state(self, state):
        self.count = state.values["count"]


def test_states_are_saved_where_a_trigger_says_so_and_the_run_ends(run_async):
    async def main(**options):
        async with NodeDriver(Epochs(), **options) as context:
            context.feed("number", *range(7))
            await context.idle()
        return context

    context = run_async(main())
    assert [saved.state.values for saved in context.saved] == [{"count": 2}]
    assert context.saved[0].sent == 1 and context.saved[0].unread == 3
    assert context.boundaries == [(1, 0.5, None), (2, 0.5, None), (3, 0.5, "done")]
    assert context.finished == "done" and context.outputs("epochs") == [1, 2]
    assert context.reported == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3}]
    assert len(run_async(main(saves=True)).saved) == 3
    resumed = run_async(main(state=context.saved[0].state))
    assert resumed.outputs("epochs") == [] and resumed.finished == "done"


def test_a_clock_that_the_test_moves(run_async):
    async def main():
        clock, rounds = ManualClock(simulated=True), []
        rate = Rate(0.5, clock)

        async def keep_rate():
            for _ in range(3):
                await rate.wait()
                rounds.append(clock.now_ns())

        task = asyncio.ensure_future(keep_rate())
        for expected in ([0], [0, 500_000_000]):
            await clock.until_asleep()
            assert rounds == expected
            clock.advance(0.5)
        await task
        assert rounds[-1] == 1_000_000_000 and clock.simulated

    run_async(main())


def test_a_clock_that_nobody_waits_for(run_async):
    async def main():
        clock = InstantClock()
        rate = Rate(3600.0, clock)
        for _ in range(3):
            await rate.wait()
        assert clock.now_ns() == 2 * 3600 * 1_000_000_000

    run_async(main())


def test_topics_keep_what_is_published_and_deliver_what_the_test_says():
    topics, heard = InMemoryContext(Halves()).topics, []
    with pytest.raises(AssertionError, match="the node has not subscribed to any topic"):
        topics.deliver("news")
    topics.subscribe("/a", "std_msgs/msg/String", "reliable", heard.append)
    topics.subscribe("/b", "std_msgs/msg/String", "reliable", lambda text: heard.append(text * 2))
    topics.deliver("x", topic="/b")
    topics.deliver("y", "z")
    assert heard == ["xx", "y", "yy", "z", "zz"]
    with pytest.raises(AssertionError, match="not subscribed to /c; it has to /a, /b"):
        topics.deliver("x", topic="/c")
    publisher = topics.advertise("/out", "std_msgs/msg/String", "latched")
    assert publisher.get_subscription_count() == 1
    topics.listeners = 0
    assert publisher.get_subscription_count() == 0
    publisher.publish("hello")
    assert topics.published == topics.publishers["/out"].messages == ["hello"]
    assert topics.advertised == [("/out", "std_msgs/msg/String", "latched")]
    with pytest.raises(InputError, match="expected a message type such as"):
        topics.message_class("String")
