"""A node gets what it took, in the order and at the time in which it took it."""

import asyncio

import pytest

pytest.importorskip("mcap")
from dnne_ros.recording.node_log import Kind, Row, Shows
from dnne_ros.replaying.context import ReplaySteadyClock
from dnne_ros.replaying.feed import Ended, NodeFeed
from dnne_ros.replaying.recorded_loop import RecordedLoop

A, B = 0, 1
END = 10_000.0
"""Behind all that happens, in the loop's time."""


def run(rows, node, fetch=None, rate=None):
    """Run ``node(feed)`` on rows (kind, port, number), a second apart; returns what it returns."""
    loop = RecordedLoop(rate)
    applied = []
    feed = NodeFeed([Row(*row, second * 10**9) for second, row in enumerate(rows)], 0, loop,
                    fetch or {A: lambda n: f"a{n}", B: lambda n: f"b{n}"},
                    lambda row: applied.append((row.kind, loop.time())))
    ended = loop.create_future()

    def end():
        if feed.skip_unsent():
            loop.call_later(1.0, end)
        elif not ended.done():
            ended.set_result(None)

    loop.call_at(END, end)

    async def live():
        task = asyncio.ensure_future(node(feed))
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        task.cancel()
        await asyncio.wait({task})
        return "stopped"
    try:
        return loop.run_until_complete(live()), feed, applied
    finally:
        loop.close()


def test_the_order_between_inputs_is_the_recorded_one():
    rows = [(Kind.TAKEN, A, 1), (Kind.TAKEN, B, 1), (Kind.TAKEN, B, 2), (Kind.TAKEN, A, 2)]

    async def node(feed):
        order = []

        async def pump(port):
            while True:
                order.append(await feed.take(port))

        pumps = [asyncio.ensure_future(pump(port)) for port in (B, A)]
        while not feed.through:
            await asyncio.sleep(0.5)
        for each in pumps:
            each.cancel()
        return order

    found, feed, _ = run(rows, node)
    assert found == ["a1", "b1", "b2", "a2"]
    assert feed.through and feed.taken == 4


def test_items_come_when_they_came():
    async def node(feed):
        await feed.take(A)
        await feed.take(A)
        return asyncio.get_running_loop().time()

    found, *_ = run([(Kind.TAKEN, A, 1), (Kind.SENT, B, 1), (Kind.TAKEN, A, 2)],
                    lambda feed: (feed.note_sent(B, 1), node(feed))[1])
    assert found == pytest.approx(2.0)


def test_a_wait_in_vain_is_one_again():
    async def node(feed):
        with pytest.raises(TimeoutError):
            await feed.take(A)
        return await feed.take(A)

    assert run([(Kind.WAITED, A, 0), (Kind.TAKEN, A, 1)], node)[0] == "a1"


def test_what_happened_between_an_item_and_an_answer_happens_there_again():
    """A change comes when the node waits, neither before it took the item nor after its answer."""
    async def node(feed):
        await feed.take(A)
        feed.note_sent(B, 1)
        await asyncio.sleep(0)
        await feed.take(A)
        await asyncio.sleep(0.1)
        feed.note_sent(B, 2)
        return "done"

    rows = [(Kind.TAKEN, A, 1), (Kind.SENT, B, 1), (Kind.PARAMETER, 0, 1), (Kind.TAKEN, A, 2),
            (Kind.UPDATED, 0, 5), (Kind.SENT, B, 2)]
    found, feed, applied = run(rows, node)
    assert found == "done" and feed.through
    assert [kind for kind, _ in applied] == [Kind.PARAMETER, Kind.UPDATED]
    assert applied[0][1] < 3.0 <= applied[1][1]


def test_a_node_that_sends_no_more_goes_on():
    async def node(feed):
        return [await feed.take(A), await feed.take(A)]

    found, feed, _ = run([(Kind.TAKEN, A, 1), (Kind.SENT, B, 1), (Kind.TAKEN, A, 2)], node)
    assert found == ["a1", "a2"]
    assert [(row.kind, row.number) for row in feed.skipped] == [(Kind.SENT, 1)]


def test_it_ends_where_the_recording_does():
    async def node(feed):
        while True:
            await feed.take(A)

    def fetch(number):
        if number > 1:
            raise Ended
        return number

    found, feed, _ = run([(Kind.TAKEN, A, 1), (Kind.TAKEN, A, 2), (Kind.TAKEN, A, 3)], node,
                         {A: fetch})
    assert found == "stopped"
    assert feed.taken == 1 and feed.through


def test_clock_and_boundaries_show_what_they_did():
    async def node(feed):
        await feed.take(A)
        return [*(feed.now_ns(Shows.RATE) for _ in range(3)), feed.saves(), feed.saves()]

    rows = [(Kind.CLOCK, 0, 70), (Kind.TAKEN, A, 1), (Kind.CLOCK, 0, 90), (Kind.BOUNDARY, 0, 1)]
    assert run(rows, node)[0] == [70, 90, 90, True, False]


def test_time_passes_as_fast_as_is_asked_for():
    import time

    async def sleeps(feed):
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run([], sleeps)[0] >= 3600
    before = time.monotonic()

    async def naps(feed):
        await asyncio.sleep(1.0)
        return "up"

    assert run([], naps, rate=50.0)[0] == "up"
    assert time.monotonic() - before >= 0.02


def test_waits_are_over_in_the_recorded_order():
    """Whatever they were for, and whichever was to be over first."""
    rows = [(Kind.TAKEN, A, 1), (Kind.WOKE, 0, 2), (Kind.CLOCK, Shows.STEADY, 70 * 10**9),
            (Kind.WOKE, 0, 1), (Kind.TAKEN, A, 2), (Kind.WOKE, 0, 4)]

    async def node(feed):
        clock = ReplaySteadyClock(feed)
        order = [await feed.take(A)]
        event = asyncio.Event()

        async def wait(what, name):
            found = await what
            order.append((name, found, round(clock.now(), 3)))

        waits = [wait(clock.sleep(0.5), "first"), wait(clock.came_within(event, None), "second"),
                 wait(clock.sleep(3600.0), "not over"), wait(clock.sleep(0.0), "last")]
        tasks = [asyncio.ensure_future(each) for each in waits]
        order.append(await feed.take(A))
        await tasks[3]
        tasks[2].cancel()
        await asyncio.wait({tasks[2]})
        return order

    (order, _, _) = run(rows, node)
    assert order == ["a1", ("second", False, 70.0), ("first", None, 72.0), "a2",
                     ("last", None, 74.0)]


def test_a_wait_that_begins_late_is_over_at_once():
    rows = [(Kind.WOKE, 0, 1), (Kind.TAKEN, A, 1)]

    async def node(feed):
        await feed.take(A)
        await ReplaySteadyClock(feed).sleep(3600.0)
        return asyncio.get_running_loop().time()

    assert run(rows, node)[0] == pytest.approx(1.0)


def test_before_the_loop_runs_clocks_show_what_they_showed():
    """In `setup`."""
    feed = NodeFeed([Row(Kind.CLOCK, Shows.STEADY, 5, 0), Row(Kind.CLOCK, Shows.STAMP, 6, 0)], 0,
                    RecordedLoop(None), {}, print)
    assert [feed.now_ns(Shows.STAMP), feed.now_ns(Shows.STEADY)] == [6, 5]
    assert feed.now_ns(Shows.STEADY) == 5  # the node looks more often: time has not gone on


def test_who_waits_for_the_rest_of_a_time_comes_to_its_end():
    """A timer may come a nanosecond early, also where time stands still between two of them."""
    async def node(feed):
        loop = asyncio.get_running_loop()
        end = loop.time() + 0.1
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, 0.1 - 5e-10))
        return loop.time()

    assert run([], node)[0] == pytest.approx(0.1)


def test_who_is_through_at_once_has_sent_what_it_did():
    async def node(feed):
        feed.note_sent(A, 1)

    assert run([(Kind.SENT, A, 1)], node)[1].through
