import asyncio

import numpy as np
import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.messages.sensors.frames import rotation_matrix
from dnne_ros.nodes.ros.transform_broadcaster import TransformBroadcasterNode

FRAMES = {"parent": "odom", "child": "base"}


@pytest.fixture
def broadcast(drive):
    """Let transforms of some rounds of items be broadcast; return them."""
    def call(*rounds, links=None, **values):
        async def script(context):
            for each in rounds:
                for name, value in each.items():
                    context.feed(name, value)
            await context.idle()

        linked = (list(rounds[0]) if rounds else []) if links is None else links
        context = drive(TransformBroadcasterNode({**FRAMES, **values}), script, linked=linked)
        return context.frames.broadcasts
    return call


def test_position_and_rotation(broadcast):
    (parent, child, where, static), = broadcast(
        {"position": torch.tensor([[1.0, 2.0, 3.0]]), "rotation": torch.tensor([0, 0, 2.0, 2.0]),
         "stamp": 7})
    assert (parent, child, static, where.stamp) == ("odom", "base", False, 7)
    assert where.position.tolist() == [1, 2, 3]
    np.testing.assert_allclose(where.rotation, [0, 0, 0.5**0.5, 0.5**0.5])


def test_a_matrix(broadcast):
    matrix = np.eye(4)
    matrix[:3, :3] = rotation_matrix(np.array([0, 0, 0.6, 0.8]))
    matrix[:3, 3] = 1, 2, 3
    (_, _, where, _), = broadcast({"matrix": torch.tensor(matrix)[None]})
    assert where.position.tolist() == [1, 2, 3]
    np.testing.assert_allclose(where.rotation, [0, 0, 0.6, 0.8], atol=1e-12)
    assert where.stamp > 0


def test_a_static_one_is_broadcast_once(broadcast):
    (_, _, where, static), = broadcast(static=True, fixed_position="0, 0, 0.5",
                                       fixed_rotation="1,0,0,0")
    assert static and where.position.tolist() == [0, 0, 0.5]
    assert where.rotation.tolist() == [1, 0, 0, 0]


def test_a_fixed_one_is_broadcast_at_the_rate(drive):
    async def script(context):
        while len(context.frames.broadcasts) < 3:
            await asyncio.sleep(0.001)

    drive(TransformBroadcasterNode({**FRAMES, "rate": 1000.0}), script, linked=[])


@pytest.mark.parametrize("items, expected", [
    ({"position": torch.zeros(2)}, r"position: expected 3 finite numbers, found \[0.0, 0.0\]"),
    ({"position": torch.tensor([1, 2, float("nan")])}, "position: expected 3 finite numbers"),
    ({"rotation": torch.zeros(4)}, "rotation: expected a quaternion, found zeros"),
    ({"matrix": torch.zeros(4, 4)}, r"matrix: expected \(4, 4\) of a rotation and a position"),
    ({"matrix": -torch.eye(4)}, "matrix: expected"),
    ({"matrix": torch.eye(3)}, "matrix: expected"),
])
def test_numbers_that_make_no_transform(broadcast, items, expected):
    with pytest.raises(ValueError, match=expected):
        broadcast(items)


def test_a_matrix_and_a_position_are_too_many(broadcast):
    with pytest.raises(InputError, match="expected it, or position and rotation"):
        broadcast(links=["matrix", "position"])


@pytest.mark.parametrize("values, expected", [
    ({"fixed_position": "1,2"}, "widget 'fixed_position': expected 3 numbers with commas"),
    ({"fixed_rotation": "0,0,0,0"}, "widget 'fixed_rotation': expected 4 numbers"),
    ({"child": "odom"}, "widget 'child': expected another frame than parent, found 'odom'"),
])
def test_what_makes_no_sense_is_said_before_the_run(values, expected):
    node = TransformBroadcasterNode({**FRAMES, **values})
    assert expected in node.validate_parameters(node.values)[0]
