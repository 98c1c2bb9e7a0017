"""Tensors held until they are released."""

import torch

from dnne_ros.nodes.flow.barrier import Barrier
from dnne_ros.testing import NodeDriver

ITEMS = [torch.tensor(float(number)) for number in range(4)]


def test_one_goes_on_for_each_release_the_oldest_first(drive):
    async def script(context):
        context.feed("input", *ITEMS)
        await context.idle()
        assert context.sent == []
        for count in (1, 2):
            context.feed("release", None)
            await context.idle()
            assert len(context.sent) == count

    assert drive(Barrier(), script).outputs("output") == ITEMS[:2]


def test_releases_that_come_first_count(drive):
    async def script(context):
        context.feed("release", None, "anything", torch.zeros(3))
        await context.idle()
        context.feed("input", *ITEMS)
        await context.idle()

    assert drive(Barrier(), script).outputs("output") == ITEMS[:3]


def test_a_release_without_its_tensor_is_saved(run_async):
    async def script():
        async with NodeDriver(Barrier()) as context:
            context.feed("release", None)
            await context.idle()
            state = (await context.save()).state
        async with NodeDriver(Barrier(), state=state) as context:
            context.feed("input", *ITEMS)
            await context.idle()
        return context.outputs("output")

    assert run_async(script()) == ITEMS[:1]
