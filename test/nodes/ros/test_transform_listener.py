import asyncio

import numpy as np
import pytest
import torch

from dnne_ros.errors import PeerError
from dnne_ros.node_api.health import Level
from dnne_ros.nodes.ros.transform_listener import TransformListenerNode

FRAMES = {"target": "map", "source": "base"}
QUARTER = (0.0, 0.0, 0.5**0.5, 0.5**0.5)
OUTPUTS = ["position", "rotation", "matrix", "stamp"]


@pytest.fixture
def look(drive):
    """Look for a frame, by ``times`` or at the rate, until ``count`` values are sent."""
    def call(*times, place=(1.0, 2.0, 3.0), count=4, then=None, **values):
        async def script(context):
            if place is not None:
                context.frames.put("map", "base", place, QUARTER, stamp=5)
            context.feed("time", *times) if times else None
            await (then(context) if then else context.sends(count))

        return drive(TransformListenerNode({**FRAMES, **values}), script,
                     linked=["time"] if times else [], outputs=OUTPUTS)
    return call


def test_position_rotation_and_matrix(look):
    context = look(rate=1000.0)
    assert context.outputs("position")[0].tolist() == [[1, 2, 3]]
    np.testing.assert_allclose(context.outputs("rotation")[0], [QUARTER], rtol=1e-6)
    matrix = context.outputs("matrix")[0]
    assert matrix.dtype == torch.float32 and matrix.shape == (1, 4, 4)
    point = matrix[0] @ torch.tensor([1.0, 0.0, 0.0, 1.0])
    np.testing.assert_allclose(point, [1, 3, 3, 1], atol=1e-6)
    assert context.outputs("stamp")[0] == 5
    assert context.frames.asked[0] == ("map", "base", None, 0.1) and context.frames.listens


def test_at_the_time_of_each_item(look):
    context = look(7, 8, count=8, batch=False, dtype="as_sent", wait=0.5)
    assert context.frames.asked == [("map", "base", 7, 0.5), ("map", "base", 8, 0.5)]
    position = context.outputs("position")[0]
    assert position.tolist() == [1, 2, 3] and position.dtype == torch.float64
    assert context.health.values == {"given": 2, "missing": 0}


def test_a_frame_that_is_missing_is_said_in_tf2s_words(look):
    async def appears(context):
        while not context.log.lines:
            await asyncio.sleep(0)
        assert context.health.level is Level.WARN and not context.sent
        context.frames.put("map", "base")
        context.feed("time", 2)
        await context.sends(4)

    context = look(1, place=None, wait=0.0, then=appears)
    assert context.log.lines == [
        ("warning", 'base in map: "base" passed to lookupTransform argument source_frame does '
         "not exist."), ("info", "base in map is known again")]
    assert context.health.values == {"given": 1, "missing": 1}


def test_a_missing_frame_may_be_an_error(look):
    with pytest.raises(PeerError, match='base in map: "base" passed to lookupTransform'):
        look(1, place=None, wait=0.0, when_missing="fail")


def test_it_waits_for_a_frame(look):
    async def comes_later(context):
        while not context.frames.asked:
            await asyncio.sleep(0)
        context.frames.put("map", "base")
        await context.sends(4)

    assert len(look(1, place=None, wait=1000.0, then=comes_later).outputs("matrix")) == 1
