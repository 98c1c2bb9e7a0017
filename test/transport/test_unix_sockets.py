"""Sockets between processes of one machine, both ends in one event loop."""

import asyncio
import os
import resource

import pytest
from support.lines import send_all

from dnne_ros.transport.unix_sockets import MAX_PACKET, UnixSockets


class Pair:
    """A carrier that listens, and one that connects to it."""

    def __init__(self, ros):
        self.ros = ros
        self.files = ros.loop.ros
        self.accepted, self.came, self.back = [], [], []
        self.closed = {"near": False, "far": False}
        self.listening = UnixSockets(self.files, self._on_line)
        self.far = UnixSockets(self.files, print).connect(
            self.listening.address, self.back.append, lambda: self.closed.update(far=True))

    def _on_line(self, line, packet):
        self.accepted.append(line)
        self.came.append(packet)
        line.on_packet = self.came.append
        line.on_closed = lambda: self.closed.update(near=True)

    async def rendezvous(self):
        self.far.send([b"fir", b"st"])
        await self.ros.until(lambda: self.accepted)

    def close(self):
        self.far.close()
        self.listening.close()


@pytest.fixture
def pair(ros_loop):
    pair = Pair(ros_loop)
    yield pair
    pair.close()


def test_packets_keep_their_order_and_bounds_both_ways(pair, ros_loop):
    packets = [bytes([number % 256]) * (1 + number * 97 % 5000) for number in range(300)]

    async def main():
        await pair.rendezvous()
        send_all(pair.far, packets)
        send_all(pair.accepted[0], packets)
        await ros_loop.until(lambda: len(pair.came) == 301 and len(pair.back) == 300)

    ros_loop.run(main())
    assert pair.came == [b"first", *packets] and pair.back == packets


def test_a_packet_that_finds_no_room_goes_when_there_is_some(pair, ros_loop):
    packets = [number.to_bytes(4, "little") * (MAX_PACKET // 4) for number in range(200)]

    async def main():
        await pair.rendezvous()
        assert 0 < send_all(pair.far, packets) < 200
        await ros_loop.until(lambda: len(pair.came) == 201)

    ros_loop.run(main())
    assert pair.came[1:] == packets


def test_each_end_learns_that_the_other_is_gone(ros_loop):
    for end in ("near", "far"):
        pair = Pair(ros_loop)

        async def main():
            await pair.rendezvous()
            (pair.far if end == "near" else pair.accepted[0]).close()
            await ros_loop.until(lambda: pair.closed[end])
            assert pair.accepted[0].send([b"to nobody"])
            assert pair.far.send([b"to nobody"])

        ros_loop.run(main())
        pair.close()


def test_what_was_sent_before_the_end_still_arrives(pair, ros_loop):
    async def main():
        await pair.rendezvous()
        pair.far.send([b"last words"])
        pair.far.close()
        await ros_loop.until(lambda: pair.closed["near"])

    ros_loop.run(main())
    assert pair.came == [b"first", b"last words"]


@pytest.mark.parametrize("address", ["", "dnne_ros_1_nowhere", "x" * 300])
def test_nobody_at_that_address(ros_loop, address):
    assert UnixSockets(ros_loop.loop.ros, print).connect(address, print, print) is None


def test_asyncio_and_dds_go_on_while_sockets_are_busy(pair, ros_loop):
    """A pair of nodes exchanges packets without a pause; timers, threads and topics still run."""
    from std_msgs.msg import Int64

    node = ros_loop.node("beside")
    heard = []
    publisher = node.create_publisher(Int64, "beside", 10)
    node.create_subscription(Int64, "beside", heard.append, 10)

    async def main():
        await pair.rendezvous()
        await ros_loop.until(lambda: publisher.get_subscription_count() > 0)
        pair.accepted[0].on_packet = lambda packet: pair.accepted[0].send([packet])
        pair.far.on_packet = lambda packet: pair.far.send([packet])
        pair.far.send([b"ball"])
        for number in range(20):
            publisher.publish(Int64(data=number))
            await asyncio.sleep(0.002)
            assert await asyncio.to_thread(lambda: number) == number
        await ros_loop.until(lambda: len(heard) == 20)

    ros_loop.run(main())


@pytest.fixture
def without_descriptors():
    """Return ``use_up()``: from then on this process can open no more files."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def use_up():
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))

    yield use_up
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_who_finds_no_descriptor_is_turned_away_and_does_not_wait(
        pair, ros_loop, without_descriptors):
    pair.far.send([b"never read"])
    without_descriptors()
    ros_loop.run(ros_loop.until(lambda: pair.closed["far"]))
    assert not pair.accepted


def test_without_descriptors_there_is_no_address(ros_loop, without_descriptors):
    without_descriptors()
    carrier = UnixSockets(ros_loop.loop.ros, print)
    assert carrier.address == ""
    carrier.close()
