"""Tests of the low-pass filter."""

import pytest
import torch
from low_pass import LowPassNode

from dnne_ros.testing import NodeContract, compute, drive


class TestContract(NodeContract):
    """What every node type promises."""

    node_type = LowPassNode


def test_the_first_action_passes_as_it_is():
    action = torch.tensor([[1.0, -2.0]])
    assert torch.equal(compute(LowPassNode(), action=action)["smoothed"], action)


def test_a_step_is_approached():
    async def script(context):
        context.feed("action", *torch.tensor([0.0, 1.0, 1.0, 1.0]).reshape(4, 1, 1))
        await context.sends(4)

    context = drive(LowPassNode({"keep": 0.5}), script, linked=["action"])
    values = [action.item() for action in context.outputs("smoothed")]
    assert values == pytest.approx([0.0, 0.5, 0.75, 0.875])
