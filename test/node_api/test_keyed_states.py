"""A node type with a state for each key of its items, without replicas."""

import asyncio

import numpy as np
import pytest

from dnne_ros import Dict, Float, Input, Node, NodeState, Output, as_array, as_tensor
from dnne_ros.node_api.answering import may_wait
from dnne_ros.node_api.inline import inline_of
from dnne_ros.testing import NodeContract, compute


class Balance(Node):
    """Say how much each customer owes."""

    order = Input(Dict(), "The customer, and the price.")
    balance = Output(Float(), "What the customer owes.")
    state_per = "order.customer"

    def compute(self, order):
        """Add the price; one that is negative clears the account."""
        owed = self.keyed_state.setdefault("owed", [])
        owed.append(order["price"])
        if order["price"] == 13:
            raise ValueError("bad luck")
        if order["price"] < 0:
            self.keyed_state.clear()
        return {"balance": float(sum(owed))}


class LaterBalance(Balance):
    """The same, which may wait."""

    async def compute(self, order):
        """Let others go on, then add."""
        await asyncio.sleep(0)
        return super().compute(order)


def order(customer, price):
    return {"customer": customer, "price": price}


class TestContract(NodeContract):
    """What every node type promises."""

    node_type = Balance

    def make_input(self, name, draw):
        """Return an order."""
        return order(int(draw.random.integers(3)), int(draw.random.integers(10)))


@pytest.fixture(params=[Balance, LaterBalance])
def node(request):
    return request.param()


def test_each_key_has_its_own(node):
    assert may_wait(node.compute) == isinstance(node, LaterBalance)
    found = [compute(node, order=order(*each))["balance"]
             for each in (("a", 1), ("b", 2), ("a", 3), (1, 5), ("1", 7))]
    assert found == [1, 2, 4, 5, 7]


def test_an_item_that_fails_changes_nothing(node):
    compute(node, order=order("a", 1))
    for price in (13, 13):
        with pytest.raises(ValueError, match="bad luck"):
            compute(node, order=order("a", price))
    assert compute(node, order=order("a", 2))["balance"] == 3


def test_a_key_whose_state_is_empty_is_forgotten(node):
    compute(node, order=order("a", 1))
    assert len(node.keyed_states) == 1
    compute(node, order=order("a", -1))
    assert len(node.keyed_states) == 0 and node.keyed_states.saved().values == {
        "keyed_states": {}}


def test_what_was_saved_is_what_another_one_goes_on_with(node):
    for price in (1, 2):
        compute(node, order=order("a", price))
    state = asyncio.run(node.save_state(aligned=False))
    other = type(node)()
    other.load_state(state)
    compute(node, order=order("a", 100))
    assert compute(other, order=order("a", 3))["balance"] == 6


@pytest.mark.parametrize("values", [
    {}, {"keyed_states": []}, {"keyed_states": {'"a"': 3}}, {"keyed_states": {'"a"': "{"}}])
def test_what_is_no_such_state_is_refused(node, values):
    with pytest.raises(ValueError, match="expected keyed_states, a state for each key"):
        node.load_state(NodeState(values=values))


class Anything(Balance):
    """Keep what the item says."""

    def compute(self, order):
        """Keep it, and say what was kept before."""
        before = self.keyed_state
        self.keyed_state = order["kept"]
        return {"balance": before}


def test_arrays_are_kept_exactly():
    node, kept = Anything(), np.float32([0.1, np.nan, -np.inf])
    compute(node, order={"customer": 1, "kept": {"mean": as_tensor(kept), "count": float("inf")}})
    found = compute(node, order={"customer": 1, "kept": {}})["balance"]
    np.testing.assert_array_equal(as_array(found["mean"]), kept)
    assert as_array(found["mean"]).dtype == kept.dtype and found["count"] == float("inf")


@pytest.mark.parametrize(("kept", "said"), [
    ([1], "keyed_state: expected a dictionary, found a list"),
    (None, "keyed_state: expected a dictionary, found a NoneType"),
    ({"a": object()}, "keyed_state: a object in a dictionary cannot leave its process"),
    ({1: 2}, "keyed_state: expected text as the keys of a dictionary, found 1")])
def test_what_could_not_be_saved_is_an_error_at_once(kept, said):
    node = Anything()
    with pytest.raises(TypeError, match=said):
        compute(node, order={"customer": 1, "kept": kept})
    assert len(node.keyed_states) == 0


def test_it_is_in_checkpoints_and_no_region_goes_without_its_state():
    assert Balance.keeps_state() and not Node.keeps_state()

    class Short(Balance):
        """Short enough to be an expression."""

        def compute(self, order):
            """Give what there is."""
            return {"balance": len(self.keyed_state)}

    assert inline_of(Short) is None
    with pytest.raises(AttributeError):
        _ = Balance().keyed_state
