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
