"""A replica's changes on their way to the owner, lost, early, or of somebody else."""

import asyncio

import pytest

from dnne_ros.runtime.coordination.replication import DELIVERY, accept_updates, send_updates

TOPIC = "trainer_1/model/_updates"


class Value:
    """Stands for a model: it has a version, and refuses to go to 13."""

    def __init__(self):
        self.version = 0
        self._listeners = []

    def on_change(self, listener):
        self._listeners.append(listener)

    def change(self, version):
        self.version = version
        for listener in self._listeners:
            listener(version)

    def apply(self, version):
        if version == 13:
            raise ValueError("not 13")
        self.version = version


class ValueType:
    """Its port type."""

    def pack_update(self, version):
        return str(version).encode()

    def unpack_update(self, payload):
        return int(payload)


class Way:
    """A way back to the owner that is there while it has somebody to tell."""

    def __init__(self):
        self.tell = None
        self.lost = None

    def send_feedback(self, message):
        if self.tell is not None:
            self.tell(message)
        return self.tell is not None

    def notify_channel_lost(self, call):
        self.lost = call


@pytest.fixture
def ends(network):
    """Return a replica, the owner's value in a list that a test may empty, and the warnings."""
    def make(owned):
        warnings = []
        accept_updates(network.bus("owner"), TOPIC, ValueType(),
                       lambda: owned[0] if owned else None, warnings.append)
        replica = Value()
        send_updates(network.bus("trainer"), TOPIC, ValueType(), Way())(replica)
        return replica, warnings
    return make


def test_a_change_takes_the_way_back_and_the_topic_where_there_is_none(network, run_virtual):
    owner, replica, way, applied = Value(), Value(), Way(), []
    owner.apply = applied.append
    apply = accept_updates(network.bus("owner"), TOPIC, ValueType(), lambda: owner, print)
    send_updates(network.bus("trainer"), TOPIC, ValueType(), way)(replica)

    async def main():
        way.tell = apply
        replica.change(1)
        assert applied == [1]
        way.tell = None
        way.lost()
        await asyncio.sleep(0.1)
        assert applied == [1, 1]  # it may have been lost with the way
        replica.change(2)
        await asyncio.sleep(0.1)

    run_virtual(main())
    assert applied == [1, 1, 2]


def test_changes_come_in_order(ends, run_virtual):
    owner = Value()
    replica, warnings = ends([owner])

    async def main():
        for version in range(1, 5):
            replica.change(version)
            await asyncio.sleep(0.1)
            assert owner.version == version

    run_virtual(main())
    assert not warnings


def test_an_owner_that_is_busy_ends_with_the_newest_of_few_that_wait(ends, run_virtual, network):
    owner = Value()
    replica, _ = ends([owner])
    applied = []
    owner.apply = applied.append

    async def main():
        network.deaf.add("owner")
        for version in range(1, 21):
            replica.change(version)
            await asyncio.sleep(0.1)
        network.listen("owner")

    run_virtual(main())
    assert applied == [*range(13, 21)]


def test_what_a_stranger_says_does_not_take_the_place_of_an_update(ends, run_virtual, network):
    """As another copy of the graph does on the same topic, with a key of its own."""
    owner = Value()
    replica, _ = ends([owner])
    stranger = network.bus("stranger").publisher(TOPIC, DELIVERY)

    async def main():
        network.deaf.add("owner")
        replica.change(1)
        stranger.publish(b"other")
        await asyncio.sleep(0.1)
        network.listen("owner")

    run_virtual(main())
    assert owner.version == 1


def test_an_owner_that_joins_late_gets_the_newest(ends, run_virtual, network):
    replica = Value()
    send_updates(network.bus("trainer"), TOPIC, ValueType(), Way())(replica)
    owner = Value()

    async def main():
        for version in (1, 2, 3):
            replica.change(version)
        accept_updates(network.bus("owner"), TOPIC, ValueType(), lambda: owner, print)
        await asyncio.sleep(1)

    run_virtual(main())
    assert owner.version == 3


def test_what_is_for_another_copy_or_no_update_is_dropped(ends, run_virtual, network):
    owned = []
    replica, warnings = ends(owned)

    async def main():
        replica.change(1)
        await asyncio.sleep(1)
        assert not warnings  # nobody here has sent the model yet
        owned.append(Value())
        await network.hear(TOPIC, b"", b"\xff", b"nine")
        replica.change(13)
        await asyncio.sleep(1)
        replica.change(14)
        await asyncio.sleep(1)

    run_virtual(main())
    assert owned[0].version == 14
    assert len(warnings) == 4 and "not 13" in warnings[-1] and TOPIC in warnings[0]
