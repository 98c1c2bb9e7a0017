"""What items belong to: paths and functions, and what is no key."""

import numpy as np
import pytest

from dnne_ros.node_api.item_key import ItemKey
from dnne_ros.node_api.port_types import AnyValue, Dict, Int, String, Tensor

DEEP = ItemKey("order.of.key", "replicas.key")


def test_keys_are_texts_and_numbers_in_the_items():
    assert [DEEP({"order": {"of": {"key": key}}}) for key in ("a", "1", 1, 1.5, True)] \
        == ['"a"', '"1"', "1", "1.5", "true"]
    with pytest.raises(LookupError, match=r"an item of input order has no entry 'key', as "
                                          r"replicas.key 'order.of.key' names it"):
        DEEP({"order": {"of": {}}})


@pytest.mark.parametrize("of_numpy", [np.float64(2.5), np.int64(3), np.int32(3), np.str_("a")])
def test_numbers_of_numpy_are_the_keys_that_they_are_in_another_process(of_numpy):
    key = ItemKey("value", "state_per")
    assert key({"value": of_numpy}) == key({"value": of_numpy.item()})


@pytest.mark.parametrize(("value", "kind"), [
    ([], "list"), ((1, 2), "tuple"), ({}, "dict"), (None, "NoneType"), (b"a", "bytes"),
    (np.zeros(2), "ndarray")])
def test_what_is_neither_text_nor_a_number_is_no_key(value, kind):
    with pytest.raises(TypeError, match=rf"state_per: expected text or a number, found a {kind}"):
        ItemKey("value", "state_per")({"value": value})


def test_a_function_is_given_the_inputs_that_it_names():
    key = ItemKey(lambda shop, customer: f"{shop}/{customer['id']}", "state_per")
    assert key.ports == ("shop", "customer")
    assert key({"shop": 1, "customer": {"id": 2}, "more": 3}) == '"1/2"'


@pytest.mark.parametrize(("said", "type", "expected"), [
    ("order.id", Dict(), ""), ("order", Int(), ""), ("order", String(), ""),
    ("order", AnyValue(), ""), ("order.id", AnyValue(), ""),
    ("customer", Dict(), "'customer' is no input that items come to; these are order"),
    ("", Dict(), "'' is no input"),
    ("order", Dict(), "expected text or numbers, and items of it are DICT; an entry of theirs "
                      "will do (order.name)"),
    ("order", Tensor(), "expected text or numbers, and items of it are TENSOR"),
    ("order.id", Int(), "items of order have no entries: they are INT"),
    (lambda order: order, Tensor(), ""),
    (lambda other: other, Tensor(), "'other' is no input")])
def test_what_cannot_be_is_seen_before_items_come(said, type, expected):
    faults = list(ItemKey(said, "state_per").faults({"order": type}))
    assert (expected in faults[0] and len(faults) == 1) if expected else faults == []
