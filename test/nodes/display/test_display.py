import asyncio

import pytest
import torch

from dnne_ros.nodes.display.display import DisplayNode, summarise


@pytest.mark.parametrize("value, text", [
    (torch.tensor([1.0, 2.0]), "[1.0, 2.0]"), (torch.tensor(3), "3"), (torch.zeros(0, 3), "[]"),
    (torch.arange(12.0).reshape(3, 4), "3×4 float32 mean 5.5 min 0 max 11"),
    (torch.ones(10, dtype=torch.bool), "10 bool mean 1 min 1 max 1"),
    (torch.ones(9, dtype=torch.bfloat16, requires_grad=True), "9 bfloat16 mean 1 min 1 max 1"),
    ("text", "'text'"), (0.1 + 0.2, "0.3"), (None, "None"), ({"a": 1}, "{'a': 1}")])
def test_a_value_in_a_line(value, text):
    assert summarise(value) == text


@pytest.mark.parametrize("value", [
    {"x": torch.rand(50, 50)}, "a\nb" * 500, torch.rand(2, 3, 4, 5)])
def test_it_is_always_one_short_line(value):
    assert "\n" not in summarise(value) and len(summarise(value)) <= 200


def test_the_line_is_logged_and_sent(drive):
    async def script(context):
        context.feed("value", 1.5)
        await context.sends(1)

    context = drive(DisplayNode({"title": "reward"}), script, linked=["value"])
    assert context.log.lines == [("info", "reward: 1.5")]
    assert context.sent == [("text", "reward: 1.5")]


def test_it_rests_between_lines_and_leaves_what_comes_to_the_edge(drive):
    async def script(context):
        context.feed("value", 1, 2, 3)
        await context.sends(1)
        for _ in range(10):
            await asyncio.sleep(0)

    context = drive(DisplayNode({"rate": 0.001}), script, linked=["value"])
    assert context.outputs("text") == ["1"]
    assert context.waiting("value") == 2


def test_after_the_rest_the_next_is_shown(drive):
    async def script(context):
        context.feed("value", 1, 2, 3)
        await context.sends(3)

    context = drive(DisplayNode({"rate": 1000.0}), script, linked=["value"])
    assert context.outputs("text") == ["1", "2", "3"]


@pytest.mark.parametrize("shown, value, text", [
    ("tensor_stats", torch.tensor([1.0, 4.0]), "2 float32 mean 2.5 min 1 max 4"),
    ("tensor_stats", torch.tensor(3), "1 int64 mean 3 min 3 max 3"),
    ("tensor_stats", torch.zeros(0), "[]"), ("tensor_stats", 0.5, "0.5"),
    ("value", torch.arange(10), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"),
    ("type", torch.zeros(2, 3), "Tensor float32 2×3"), ("type", {"a": 1}, "dict")])
def test_what_is_shown_of_a_value(drive, shown, value, text):
    async def script(context):
        context.feed("value", value)
        await context.sends(1)

    context = drive(DisplayNode({"display_type": shown}), script, linked=["value"])
    assert context.outputs("text") == [text]


def test_each_third_value_is_shown(drive):
    async def script(context):
        context.feed("value", *range(1, 8))
        await context.sends(2)

    context = drive(DisplayNode({"log_interval": 3, "rate": 1000.0}), script, linked=["value"])
    assert context.outputs("text") == ["3", "6"]
