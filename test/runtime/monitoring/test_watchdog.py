"""Deadlines, rates and silence, seen by a watchdog whose clock goes as fast as it likes."""

import asyncio
from types import SimpleNamespace

import pytest

from dnne_ros.node_api.fault_settings import default_fault_settings
from dnne_ros.node_api.health import Health, Level
from dnne_ros.runtime.monitoring.fault_record import FaultRecord
from dnne_ros.runtime.monitoring.watchdog import Watchdog


class Watched:
    """A node that works and waits as a test says, and what its watchdog makes of it."""

    def __init__(self, loop, settings):
        self.loop = loop
        self.settings = {**default_fault_settings(), **settings}
        self.monitor = SimpleNamespace(busy_since=None, last_sign=loop.time(), waits_for="",
                                       counts={}, signs={})
        self.health = Health()
        self.acts = []
        record = FaultRecord(self.health, lambda what, number: None)
        self.watchdog = Watchdog(self.settings, self.monitor, record, self.act, loop.time)

    async def act(self, policy, message):
        self.acts.append((policy, message))

    async def work(self, seconds):
        """Work on an item, then give an output."""
        self.monitor.waits_for = ""
        since = self.monitor.busy_since = self.loop.time()
        await asyncio.sleep(seconds)
        self.monitor.busy_since = None
        self.watchdog.worked(self.loop.time() - since, since)
        self.monitor.last_sign = self.monitor.signs["out"] = self.loop.time()
        self.monitor.counts["out"] = self.monitor.counts.get("out", 0) + 1

    async def wait(self, seconds):
        self.monitor.waits_for = "input one"
        await asyncio.sleep(seconds)

    def run(self, coroutine):
        async def main():
            watching = asyncio.ensure_future(self.watchdog.run())
            await coroutine
            watching.cancel()
        self.loop.run_until_complete(main())


@pytest.fixture
def watched(virtual_loop):
    """Make a node that is watched with these settings."""
    return lambda **settings: Watched(virtual_loop, {
        name.replace("__", "."): value for name, value in settings.items()})


def test_a_missed_deadline_is_acted_on_while_the_node_still_works(watched):
    node = watched(deadline__seconds=0.1, deadline__policy="safe_value")

    async def main():
        await node.work(0.05)
        working = asyncio.ensure_future(node.work(0.5))
        await asyncio.sleep(0.2)
        assert len(node.acts) == 1
        await working
        await asyncio.sleep(0.5)

    node.run(main())
    (policy, message), = node.acts
    assert policy == "safe_value" and message.startswith("works on an item for 0.1")
    assert node.health.values["deadline.missed"] == 1
    assert node.health.values["deadline.worst_s"] == pytest.approx(0.5)


def test_a_deadline_that_was_missed_between_two_looks_is_told_afterwards(watched):
    """The node held the loop up, so the watchdog could not look: it is too late to stand in."""
    node = watched(deadline__seconds=0.1, deadline__policy="safe_value")
    since = node.loop.time()
    node.watchdog.worked(0.3, since)
    node.run(asyncio.sleep(1))
    assert node.acts == [("warn", "took 0.3 s for an item; deadline.seconds is 0.1")]
    assert node.health.values["deadline.missed"] == 1


def test_waiting_for_others_misses_no_deadline(watched):
    node = watched(deadline__seconds=0.1)

    async def main():
        for _ in range(10):
            await node.work(0.05)
            await node.wait(3.0)

    node.run(main())
    assert node.acts == [] and "deadline.missed" not in node.health.values


def test_silence_is_told_once_and_is_over_with_the_next_output(watched):
    node = watched(watchdog__seconds=1.0)

    async def main():
        await node.work(0.5)
        await node.wait(10.0)
        await node.work(0.1)
        await asyncio.sleep(0.5)
        assert node.health.message == "was silent, and is back"
        await node.wait(10.0)

    node.run(main())
    assert len(node.acts) == 2 and node.acts[0][0] == "warn"
    assert "waits for input one; watchdog.seconds is 1" in node.acts[0][1]
    assert node.health.values["watchdog.silences"] == 2
    assert node.health.values["watchdog.longest_s"] == pytest.approx(10.0, abs=1.0)
    assert node.health.level == Level.ERROR


def test_a_policy_is_acted_on_again_while_the_silence_lasts(watched):
    node = watched(watchdog__seconds=1.0, watchdog__policy="safe_value")
    node.run(node.work(4.5))
    assert [policy for policy, _ in node.acts] == ["safe_value"] * 4


@pytest.mark.parametrize("busy, policy", [(True, "restart"), (False, "warn")])
def test_only_a_node_that_is_busy_is_made_anew(watched, busy, policy):
    node = watched(watchdog__seconds=1.0, watchdog__policy="restart")
    node.run(node.work(1.5) if busy else node.wait(1.5))
    assert [each for each, _ in node.acts] == [policy]


@pytest.mark.parametrize("wanted, gap, slow", [
    (10.0, 0.1, 0), (10.0, 0.104, 0), (10.0, 0.106, 29), (10.0, 0.2, 29), (0.5, 2.0, 0),
    (0.5, 2.09, 0), (0.5, 4.0, 14)])
def test_a_rate_that_is_too_low_is_seen_each_second(watched, wanted, gap, slow):
    """5 % less is allowed, whatever of an item falls into a second."""
    node = watched(deadline__rate_hz=wanted)

    async def main():
        for _ in range(round(30 / gap)):
            await node.work(gap)

    node.run(main())
    assert node.health.values.get("deadline.slow_seconds", 0) == pytest.approx(slow, abs=2)
    if slow:
        assert node.health.values["deadline.worst_hz"] == pytest.approx(1 / gap, rel=0.01)


def test_a_node_that_gives_nothing_any_more_gets_slower_and_slower(watched):
    node = watched(deadline__rate_hz=2.0)

    async def main():
        for _ in range(20):
            await node.work(0.5)
        await node.wait(10.0)

    node.run(main())
    assert node.health.values["deadline.worst_hz"] == pytest.approx(0.1, rel=0.15)


def test_settings_count_from_the_moment_that_they_change(watched):
    node = watched(deadline__seconds=100.0)

    async def main():
        await node.work(5.0)
        node.settings["deadline.seconds"] = 0.1
        await node.work(5.0)
        node.settings["deadline.seconds"] = 0.0
        await node.work(5.0)

    node.run(main())
    assert len(node.acts) == 1
