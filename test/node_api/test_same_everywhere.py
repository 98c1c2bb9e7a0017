"""A value that is sent is the same in the process of its sender and in another."""

import math
from enum import IntEnum

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.node_api.port_types import Boolean, Dict, Float, Image, Int, String, Sync
from dnne_ros.testing.values import difference
from dnne_ros.transport.codecs import codec_for


def elsewhere(type, value):
    """Return what another process gets."""
    codec = codec_for(type.wire)
    return type.unpack(codec.decode(codec.encode(type.pack(value))))


class Colour(IntEnum):
    RED = 1


GREY = torch.arange(6, dtype=torch.uint8).reshape(2, 3, 1)


@pytest.mark.parametrize("type, value, expected", [
    (Int(), 2, 2), (Int(), True, 1), (Int(), np.int32(3), 3), (Int(), torch.tensor(4), 4),
    (Int(), Colour.RED, 1), (Float(), 2, 2.0), (Float(), torch.tensor(1.5), 1.5),
    (Float(), np.float32(0.5), 0.5), (Boolean(), 1, True), (Boolean(), torch.tensor(False), False),
    (String(), "a\0b", "a�b"), (String(), 7, "7"), (Sync(), "anything", None),
    (Image(), GREY, GREY[:, :, 0]), (Image(), GREY[:, :, 0], GREY[:, :, 0]),
    (Dict(), {"a": (1, (2, 3))}, {"a": [1, [2, 3]]}), (Dict(), {"a": Colour.RED}, {"a": 1}),
    (Dict(), {"dtype": "float32", "shape": [1], "data": [2]},
     {"dtype": "float32", "shape": [1], "data": [2]}),
    (Dict(), {"a": [{"float": "nan"}]}, {"a": [{"float": "nan"}]}),
    (Dict(), {"dict": [["a", 1]]}, {"dict": [["a", 1]]}),
    (Dict(), {"dict": {"float": math.inf}}, {"dict": {"float": math.inf}})])
def test_what_is_sent_is_one_value_everywhere(type, value, expected):
    here = type.canonical(value)
    assert not difference(here, expected) and here.__class__ is expected.__class__
    assert not difference(elsewhere(type, value), expected)


@pytest.mark.parametrize("type, value, expected", [
    (Int(), 2.7, "expected a whole number, found 2.7"), (Int(), 2.0, "found 2.0"),
    (Int(), torch.tensor(2.7), "whole number"), (Int(), 2**63, "of 64 bits"),
    (Int(), "2", "whole number"), (Float(), "2.7", "expected a number"), (Float(), None, "number"),
    (Float(), torch.ones(2), "expected a number"), (Dict(), {1: 2}, "expected text as the keys"),
    (Dict(), {"a": [{None: 2}]}, "expected text as the keys"),
    (Dict(), {"a": object()}, "a object in a dictionary cannot leave its process"),
    (Dict(), {"a": np.zeros(2)}, "a ndarray in a dictionary cannot"),
    (Image(), torch.zeros(2), "expected a picture of shape"),
    (Image(), torch.zeros(2, 2, 0), "expected a picture of shape"),
    (Image(), torch.zeros(2, 2, dtype=torch.bool), "a picture of bool elements")])
def test_what_no_message_carries_is_sent_nowhere(type, value, expected):
    with pytest.raises(TypeError, match=expected):
        type.canonical(value)
    with pytest.raises(TypeError):
        elsewhere(type, value)


KEYS = st.sampled_from(["float", "dict", "dtype", "shape", "data", "a"])
LEAVES = (st.none() | st.booleans() | st.integers() | st.floats() | st.text()
          | st.sampled_from(["nan", "float32"])
          | st.builds(torch.tensor, st.lists(st.floats(width=32), max_size=2)))
TREES = st.recursive(LEAVES, lambda inside: st.lists(inside, max_size=3)
                     | st.lists(inside, max_size=2).map(tuple)
                     | st.dictionaries(KEYS, inside, max_size=3))


@given(st.dictionaries(KEYS, TREES, max_size=3))
def test_dictionaries_are_the_same_everywhere_whatever_is_in_them(value):
    assert not difference(Dict().canonical(value), elsewhere(Dict(), value))


def test_a_dictionary_that_is_plain_is_passed_on_as_it_is():
    value = {"time_outs": torch.ones(2), "steps": [1, {"a": 2.0}]}
    assert Dict().canonical(value) is value
