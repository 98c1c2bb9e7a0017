"""The first items of a stream, taken out of it."""

import pytest

from dnne_ros.nodes.flow.eat_n import EatN


@pytest.mark.parametrize("values, expected", [
    ({}, ["trigger", 1, 2, 3]),
    ({"num_to_eat": 2}, ["trigger", "trigger", 2, 3]),
    ({"num_to_eat": 3, "trigger_mode": "last_only"}, ["trigger", 3]),
    ({"num_to_eat": 9}, ["trigger"] * 4)])
def test_by_hand(drive, values, expected):
    async def script(context):
        context.feed("input", 0, 1, 2, 3)
        await context.idle()

    sent = drive(EatN(values), script).sent
    assert [value if port == "output" else port for port, value in sent] == expected
