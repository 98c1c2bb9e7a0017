"""Waiting for an event, and being cancelled just then."""

import asyncio

import pytest

from dnne_ros.node_api.event_waits import came_within


def test_it_tells_whether_the_event_came():
    async def script():
        event = asyncio.Event()
        assert not await came_within(event, 0.001)
        asyncio.get_running_loop().call_soon(event.set)
        assert await came_within(event, 60.0) and await came_within(event, None)

    asyncio.run(script())


@pytest.mark.parametrize("seconds", [None, 60.0])
@pytest.mark.parametrize("turns", range(5))
def test_a_cancellation_that_comes_with_the_event_counts(turns, seconds):
    """In which turn of the loop it comes does not matter."""
    async def script():
        event, lost = asyncio.Event(), []

        async def wait():
            while True:
                await came_within(event, seconds)
                event.clear()
                lost.append(len(lost))

        waiting = asyncio.ensure_future(wait())
        for _ in range(5):
            await asyncio.sleep(0)
        event.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        done, _ = await asyncio.wait({waiting}, timeout=5.0)
        assert done and waiting.cancelled()

    asyncio.run(script())
