import asyncio

import pytest

from dnne_ros.toolkit.side_by_side import end_of, side_by_side


def duties():
    """Return a duty that never ends, one that fails when told to, and what has been noted."""
    noted, fail = [], asyncio.Event()

    async def endless():
        try:
            noted.append("begun")
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            noted.append("ended")

    async def failing():
        await fail.wait()
        raise ValueError("enough")
    return endless, failing, noted, fail


def test_the_first_that_fails_ends_the_others_before_it_is_raised():
    async def main():
        endless, failing, noted, fail = duties()
        fail.set()
        with pytest.raises(ValueError, match="enough"):
            await side_by_side(endless(), failing())
        assert noted == ["begun", "ended"]

    asyncio.run(main())


def test_who_is_cancelled_leaves_none_behind():
    async def main():
        endless, failing, noted, _ = duties()
        task = asyncio.ensure_future(side_by_side(endless(), failing()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert noted == ["begun", "ended"] and asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_it_ends_with_the_last():
    done = []

    async def short(turns):
        for _ in range(turns):
            await asyncio.sleep(0)
        done.append(turns)

    asyncio.run(side_by_side(short(3), short(1)))
    assert done == [1, 3]


@pytest.mark.parametrize("fails", [True, False])
def test_a_task_is_ended_whatever_its_end_is(fails):
    async def main():
        endless, failing, noted, fail = duties()
        fail.set()
        task = asyncio.ensure_future(failing() if fails else endless())
        await asyncio.sleep(0.01)
        await end_of(task)
        await end_of(task)  # which is nothing more
        return task.done(), noted

    assert asyncio.run(main()) == (True, [] if fails else ["begun", "ended"])
