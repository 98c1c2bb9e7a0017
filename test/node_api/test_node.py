import asyncio

import pytest

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import AnyValue, Float, SimHandle
from dnne_ros.node_api.ports import Input, Output
from dnne_ros.node_api.state import NodeState
from dnne_ros.node_api.widget import Widget


class AddNode(Node):
    """Add two numbers.

    More about it.
    """

    a = Input(Float())
    b = Input(Float())
    c = Input(Float(), optional=True)
    sum = Output(Float())
    bias = Widget(0.0)

    async def compute(self, a, b, c):
        return {"sum": a + b + (c or 0.0) + self.bias}


def test_compute_is_given_one_item_of_every_linked_input(drive):
    async def script(context):
        context.feed("a", 1.0, 2.0, 3.0)
        context.feed("b", 10.0, 20.0)
        await context.sends(2)

    context = drive(AddNode({"bias": 0.5}), script, linked=["a", "b"])
    assert context.outputs("sum") == [11.5, 22.5]


def test_an_optional_input_counts_when_it_is_linked(drive):
    async def script(context):
        context.feed("a", 1.0)
        context.feed("b", 1.0)
        context.feed("c", 5.0)
        await context.sends(1)

    assert drive(AddNode(), script, linked=["a", "b", "c"]).outputs("sum") == [7.0]


def test_a_source_computes_once(drive):
    class Constant(Node):
        value = Output(Float())

        async def compute(self):
            return {"value": 3.0}

    async def script(context):
        await context.sends(1)

    assert drive(Constant(), script, linked=[]).outputs("value") == [3.0]


def test_a_node_fed_by_held_values_alone_computes_once(drive):
    class Ask(Node):
        handle = Input(SimHandle())
        value = Output(Float())

        async def compute(self, handle):
            return {"value": handle}

    async def script(context):
        context.feed("handle", 4.0)
        await context.sends(1)

    assert drive(Ask(), script, linked=["handle"]).outputs("value") == [4.0]


def test_a_held_value_goes_with_every_item(drive):
    class Use(Node):
        handle = Input(SimHandle())
        item = Input(Float())
        value = Output(Float())

        async def compute(self, handle, item):
            return {"value": handle + item}

    async def script(context):
        context.feed("handle", 100.0)
        context.feed("item", 1.0, 2.0)
        await context.sends(2)

    assert drive(Use(), script, linked=["handle", "item"]).outputs("value") == [101.0, 102.0]


def test_a_node_may_use_the_queues_itself(drive):
    class Watch(Node):
        event = Input(AnyValue())
        state = Output(AnyValue())

        async def process(self):
            await self.send_output(await self.get_input("event", timeout=60.0), "state")
            with pytest.raises(TimeoutError):
                await self.get_input("event", timeout=0.001)
            await self.send_output("quiet", "state")
            await self.get_input("event")

    async def script(context):
        context.feed("event", "go")
        await context.sends(2)

    assert drive(Watch(), script, linked=["event"]).outputs("state") == ["go", "quiet"]


def test_compute_may_give_nothing(drive):
    class Sink(Node):
        value = Input(Float())
        seen = []

        async def compute(self, value):
            self.seen.append(value)

    node = Sink()

    async def script(context):
        context.feed("value", 1.0, 2.0)
        while len(node.seen) < 2:
            await asyncio.sleep(0)

    assert drive(node, script, linked=["value"]).sent == []


def test_a_type_without_behaviour_says_so(drive):
    class Empty(Node):
        pass

    async def script(context):
        await context.sends(1)

    with pytest.raises(TypeError, match="Empty defines neither compute\\(\\) nor process\\(\\)"):
        drive(Empty(), script, linked=[])


def test_declarations_are_inherited_in_order_and_may_be_removed():
    class More(AddNode):
        """Add more."""

        c = None
        d = Input(Float())

    assert list(More.inputs) == ["a", "b", "d"] and list(More.outputs) == ["sum"]
    assert list(AddNode.inputs) == ["a", "b", "c"]
    assert More.type_name == "More" and AddNode.type_name == "AddNode"
    assert (More.description(), AddNode.description()) == ("Add more.", "Add two numbers.")


def test_a_node_without_state_refuses_one():
    with pytest.raises(ValueError, match="AddNode keeps no state"):
        AddNode().load_state(NodeState())
