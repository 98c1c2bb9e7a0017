"""Coroutines that are begun in a plain call."""

import asyncio

import pytest

from dnne_ros.toolkit.begun import Begun, begin


def test_what_waits_for_nothing_is_through_at_once():
    done = []

    async def quick():
        done.append("all")

    begin(quick())
    assert done == ["all"]


def test_what_waits_goes_on_when_it_is_awaited(run_async):
    done = []

    async def slow(event):
        done.append("began")
        await event.wait()
        done.append("woken")
        await asyncio.sleep(0)
        done.append("ended")

    async def main():
        event = asyncio.Event()
        with pytest.raises(Begun) as begun:
            begin(slow(event))
        assert done == ["began"]
        asyncio.get_running_loop().call_soon(event.set)
        await begun.value

    run_async(main())
    assert done == ["began", "woken", "ended"]


def test_errors_come_from_where_it_has_come_to(run_async):
    async def failing(waits):
        if waits:
            await asyncio.sleep(0)
        raise ValueError("wrong")

    async def main():
        with pytest.raises(ValueError, match="wrong"):
            begin(failing(waits=False))
        with pytest.raises(Begun) as begun:
            begin(failing(waits=True))
        with pytest.raises(ValueError, match="wrong"):
            await begun.value

    run_async(main())


def test_who_is_cancelled_while_it_waits_cancels_it(run_async):
    ended = []

    async def endless():
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def main():
        with pytest.raises(Begun) as begun:
            begin(endless())

        async def waiting():
            await begun.value

        task = asyncio.create_task(waiting())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run_async(main())
    assert ended == [True]
