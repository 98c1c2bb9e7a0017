"""An optimizer of one's choice takes the steps of its formula."""

import math

import pytest
import torch
from torch import nn

from dnne_ros.nodes.supervised.optimizer import Optimizer

# A weight of 1 whose gradient is twice itself; steps of 0.1.
BY_HAND = {
    "sgd": ({"momentum": 0.5}, 0.8 - 0.1 * (0.5 * 2 + 1.6)),
    # Both moments are corrected for their start: the first steps are of 0.1, nearly.
    "adam": ({}, 0.8),
    # Before each step, a tenth of a fifth of the weight goes by itself.
    "adamw": ({"weight_decay": 0.2}, (1 * 0.98 - 0.1) * 0.98 - 0.1),
}


@pytest.fixture
def stepped(drive):
    """Return the weight after two steps, and the node's state then."""
    def run(values):
        module = nn.ParameterList([nn.Parameter(torch.tensor(1.0))])
        states = []

        async def script(context):
            context.feed("model", module)
            await context.sends(2)
            for number in range(2):
                context.feed("loss", module[0] ** 2)
                await context.sends(3 + number)
            states.append((await context.save()).state)

        drive(Optimizer({"learning_rate": 0.1, **values}), script, ["model", "loss"])
        return module[0].item(), states[0]
    return run


@pytest.mark.parametrize("name", BY_HAND)
def test_steps_by_hand(stepped, name):
    values, expected = BY_HAND[name]
    assert stepped({"optimizer_type": name, **values})[0] == pytest.approx(expected, abs=2e-3)


def test_rmsprop_by_hand(stepped):
    found, _ = stepped({"optimizer_type": "rmsprop", "momentum": 0.0, "learning_rate": 0.05})
    weight, square = 1.0, 0.0
    for _ in range(2):
        gradient = 2 * weight
        square = 0.99 * square + 0.01 * gradient ** 2
        weight -= 0.05 * gradient / math.sqrt(square)
    assert found == pytest.approx(weight, abs=1e-5)


def test_moments_of_another_optimizer_are_refused(stepped):
    _, state = stepped({"optimizer_type": "sgd"})
    node = Optimizer({"optimizer_type": "adam"})
    with pytest.raises(ValueError, match="expected the moments of adam, found those of sgd"):
        node.load_state(state)


def test_settings_change_while_it_runs(drive):
    node = Optimizer({"optimizer_type": "rmsprop"})

    async def script(context):
        context.feed("model", nn.Linear(2, 2))
        await context.sends(1)
        for name, value in (("learning_rate", 0.5), ("momentum", 0.25)):
            node.values[name] = value
            node.widget_changed(name)

    optimizer, = drive(node, script, ["model"]).outputs("optimizer")
    assert (optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]) == (0.5, 0.25)
