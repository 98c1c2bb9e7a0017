"""What conditions on items mean, and where those that mean nothing say so."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from dnne_ros.debugging.condition import Condition, Misfit
from dnne_ros.debugging.tokens import ConditionError


@dataclass
class Output:
    actions: torch.Tensor
    memory: None = None


NAN, INF = float("nan"), float("inf")
REWARD = torch.tensor([1.0, -11.0, 0.5])
NESTED = {"observation": {"velocity": np.array([0.0, 3.0])}, "text": "stop", "two words": 1}


@pytest.mark.parametrize("text, value, expected", [
    ("nan", REWARD, False), ("nan", torch.tensor([1.0, NAN]), True), ("nan", 7, False),
    ("inf", torch.tensor([-INF]), True), ("not finite", np.array([NAN], np.float32), True),
    ("nan", Output(torch.tensor([NAN])), True), ("nan", {"a": {"b": np.array([NAN])}}, True),
    ("nan(actions)", Output(torch.tensor([NAN])), True),
    ("nan", torch.tensor([NAN], dtype=torch.bfloat16), True),
    ("reward < -10", REWARD, True), ("reward < -12", REWARD, False), ("item > 0.9", REWARD, True),
    ("max(reward) > 1", REWARD, False), ("min == -11", REWARD, True), ("mean < 0", REWARD, True),
    ("max(abs(reward)) == 11", REWARD, True), ("reward[1] == -11", REWARD, True),
    ("reward[-1] == 0.5 and reward[0] == 1", REWARD, True),
    ("shape == (3,)", REWARD, True), ("shape == (3, 1)", REWARD, False),
    ("shape[0] == 3 and ndim == 1 and size == 3", REWARD, True),
    ("dtype == 'float32'", REWARD, True), ("dtype != \"int64\"", REWARD, True),
    ("observation.velocity[1] == 3", NESTED, True),
    ("observation.velocity.max > 3", NESTED, False),
    ("text == 'stop'", NESTED, True), ("item['two words'] == 1", NESTED, True),
    ("number == 17", REWARD, True), ("number >= 18 or reward < -10", REWARD, True),
    ("not not number", REWARD, True), ("not (number > 3 and nan)", REWARD, True),
    ("item", torch.tensor([False, True]), True), ("item == true", False, False),
    ("3 < +4 and -1e3 < -.5", None, True), ("actions.shape == (2, 1)", Output(torch.zeros(2, 1)),
                                           True)])
def test_it_holds_as_it_says(text, value, expected):
    assert Condition(text).holds(value, 17, "reward") is expected


@pytest.mark.parametrize("text, at, found", [
    ("", 1, "the end"), ("reward <", 9, "the end"), ("reward << 3", 9, "'<'"),
    ("1 2", 3, "'2'"), ("foo(3)", 1, "'foo'"), ("a.", 3, "the end"), ("((1", 4, "the end"),
    ("a[1.5]", 3, "'1.5'"), ("a[1:2]", 4, "':'"), ("reward = 3", 8, "'='"), ("é", 1, "'é'"),
    ("__import__('os')", 1, "'__import__'"), ("item.__class__()", 15, "'('"),
    ("and 3", 1, "'and'"),
    ("1 < 2 < 3", 7, "'<'"), ("\x1b[2J", 1, r"'\x1b'"), ("x" * 501, 501, "501"),
    ("(" * 30, 21, "'('"), ("not", 4, "the end"), ("'open", 1, "\"'\"")])
def test_what_does_not_parse_says_where(text, at, found):
    with pytest.raises(ConditionError) as error:
        Condition(text)
    assert error.value.at == at and str(error.value).endswith(f"found {found}")
    assert str(error.value).startswith(f"character {at}: expected ")


@pytest.mark.parametrize("text, value, problem", [
    ("reward < 3", "text", "a str and a int cannot be compared"),
    ("speed > 1", NESTED, "no 'speed'; it has observation, text, two words"),
    ("speed > 1", REWARD, "no 'speed'; it is of type float32"),
    ("reward[9] > 0", REWARD, "no element [9]: its shape is (3,)"),
    ("item < (1, 2)", REWARD, "cannot be compared"),
    ("max > 1", None, "a NoneType has no numbers"),
    ("item.__class__", REWARD, "no '__class__'")])
def test_what_means_nothing_for_an_item_says_so(text, value, problem):
    with pytest.raises(Misfit) as error:
        Condition(text).holds(value, 1, "reward")
    assert problem in str(error.value)


def test_of_no_elements_nothing_holds_but_their_absence():
    empty = torch.zeros(0, 4)
    assert not Condition("max > 0 or max <= 0 or nan or item == 0").holds(empty, 1)
    assert Condition("size == 0 and finite").holds(empty, 1)


@given(st.text(alphabet="abnot()[]<>=!.,'\" 0123456789-+&|ré\n", max_size=60))
def test_any_text_parses_or_says_where(text):
    try:
        condition = Condition(text)
    except ConditionError as error:
        assert 1 <= error.at <= len(text) + 1
    else:
        try:
            assert condition.holds(REWARD, 1, "ab") in (True, False)
        except Misfit as error:
            assert str(error)
