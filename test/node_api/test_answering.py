"""Nodes whose `compute` waits for nothing."""

import pytest

from dnne_ros.node_api.node import Node
from dnne_ros.node_api.port_types import Float
from dnne_ros.node_api.ports import Input, Output


class QuotientNode(Node):
    a = Input(Float(), "Dividend.")
    b = Input(Float(), "Divisor.")
    quotient = Output(Float(), "a / b.")

    def compute(self, a, b):
        return {"quotient": a / b}


class OnceNode(Node):
    value = Output(Float(), "One.")

    def compute(self):
        return {"value": 1.0}


def test_a_plain_compute_is_given_an_item_of_each_input_at_a_time(drive):
    async def script(context):
        context.feed("a", 6.0, 8.0, 9.0)
        context.feed("b", 2.0)
        await context.sends(1)
        context.feed("b", 4.0, 3.0)
        await context.sends(3)

    assert drive(QuotientNode(), script).outputs("quotient") == [3.0, 2.0, 3.0]


def test_what_it_raises_ends_the_node(drive):
    async def script(context):
        context.feed("a", 1.0)
        context.feed("b", 0.0)
        await context.sends(1)

    with pytest.raises(ZeroDivisionError):
        drive(QuotientNode(), script)


def test_without_inputs_it_is_called_once(drive):
    async def script(context):
        await context.idle()

    assert drive(OnceNode(), script).outputs("value") == [1.0]


def test_it_can_be_called_alone(compute):
    assert compute(QuotientNode(), a=3.0, b=2.0) == {"quotient": 1.5}
