"""Connections between machines, both ends in one event loop, and whoever else connects."""

import asyncio
import os
import resource
import socket
import struct

import pytest
from hypothesis import given, strategies as st
from support.lines import send_all

from dnne_ros.transport.addresses import nearest
from dnne_ros.transport.packet_reader import PacketReader
from dnne_ros.transport.tcp_sockets import TcpSockets

KEY = b"known to this run alone"
HEAD = struct.Struct("<Q16s")


class Pair:
    """A carrier that listens, and a line to it, by way of ``port`` if that is given."""

    def __init__(self, ros, key=KEY, port=None):
        self.ros = ros
        self.files = ros.loop.ros
        self.accepted, self.came, self.back = [], [], []
        self.closed = {"near": False, "far": False}
        self.listening = TcpSockets(self.files, self._on_line, KEY)
        self.port = int(self.listening.address.rpartition(":")[2])
        self.connecting = TcpSockets(self.files, print, key)
        self.far = self.connecting.connect(
            f"127.0.0.1:{port or self.port}", lambda packet: self.back.append(bytes(packet)),
            lambda: self.closed.update(far=True))

    def _on_line(self, line, packet):
        self.accepted.append(line)
        self.came.append(bytes(packet))
        line.on_packet = lambda packet: self.came.append(bytes(packet))
        line.on_closed = lambda: self.closed.update(near=True)

    async def rendezvous(self):
        self.far.send([b"fir", b"st"])
        await self.ros.until(lambda: self.accepted)

    def close(self):
        for each in (self.far, self.listening, self.connecting):
            each.close()


@pytest.fixture
def make_pair(ros_loop):
    """Make both ends; they are closed at the end."""
    made = []

    def make(**options):
        made.append(Pair(ros_loop, **options))
        return made[-1]

    yield make
    for pair in made:
        pair.close()


def test_packets_keep_their_order_and_bounds_both_ways(make_pair, ros_loop):
    pair = make_pair()
    packets = [bytes([number % 256]) * (number * 997 % 150_000) for number in range(300)]

    async def main():
        await pair.rendezvous()
        send_all(pair.far, packets)
        send_all(pair.accepted[0], packets)
        await ros_loop.until(lambda: len(pair.came) == 301 and len(pair.back) == 300)

    ros_loop.run(main())
    assert pair.came == [b"first", *packets] and pair.back == packets


def test_large_packets_between_small_ones(make_pair, ros_loop):
    pair = make_pair()
    packets = [b"small", bytes(range(256)) * 40_000, b"", b"x" * 70_000, b"y" * 20_000_000, b"end"]

    async def main():
        await pair.rendezvous()
        send_all(pair.accepted[0], packets)
        await ros_loop.until(lambda: len(pair.back) == len(packets))

    ros_loop.run(main())
    assert pair.back == packets


def test_a_packet_that_finds_no_room_goes_when_there_is_some(make_pair, ros_loop):
    pair = make_pair()
    packets = [struct.pack("<I", number) + bytes(1_000_000) for number in range(60)]

    async def main():
        await pair.rendezvous()
        assert send_all(pair.far, packets) < 60
        await ros_loop.until(lambda: len(pair.came) == 61)

    ros_loop.run(main())
    assert pair.came[1:] == packets


def test_the_end_of_one_is_seen_by_the_other(make_pair, ros_loop):
    pair = make_pair()

    async def main():
        await pair.rendezvous()
        pair.accepted[0].close()
        await ros_loop.until(lambda: pair.closed["far"])

    ros_loop.run(main())
    assert not pair.closed["near"]


def test_nobody_there_is_seen_as_an_end(make_pair, ros_loop):
    free = socket.socket()
    free.bind(("127.0.0.1", 0))  # and does not listen
    pair = make_pair(port=free.getsockname()[1])
    ros_loop.run(ros_loop.until(lambda: pair.closed["far"]))
    free.close()


def test_who_has_another_key_gets_nothing_through(make_pair, ros_loop):
    pair = make_pair(key=b"somebody else's")
    pair.far.send([b"fir", b"st"])
    ros_loop.run(ros_loop.until(lambda: pair.closed["far"]))
    assert not pair.came and not pair.accepted


class Middle:
    """Somebody between the two, who may change what goes from the one that connects."""

    def __init__(self, port, change):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._there = port
        self._change = change

    async def run(self):
        """Hand on both ways, packet by packet."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        near, _ = await loop.sock_accept(self._listener)
        far = socket.create_connection(("127.0.0.1", self._there))
        for each in (near, far):
            each.setblocking(False)
        back = loop.create_task(self._hand_back(far, near))
        await loop.sock_sendall(far, await loop.sock_recv(near, 16))
        packets = []
        begun = b""
        while data := await loop.sock_recv(near, 65536):
            begun += data
            while len(begun) >= HEAD.size:
                length, _ = HEAD.unpack_from(begun)
                if len(begun) < HEAD.size + length:
                    break
                packet, begun = begun[:HEAD.size + length], begun[HEAD.size + length:]
                packets.append(packet)
                for each in self._change(packets):
                    await loop.sock_sendall(far, each)
        back.cancel()
        for each in (near, far, self._listener):
            each.close()

    async def _hand_back(self, source, target):
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(source, 65536):
            await loop.sock_sendall(target, data)
        target.shutdown(socket.SHUT_RDWR)


def flipped(packets):
    return [packets[-1] if len(packets) != 3 else packets[-1][:-1] + b"!"]


def repeated(packets):
    return [packets[-1], packets[-1]] if len(packets) == 3 else [packets[-1]]


def left_out(packets):
    return [] if len(packets) == 3 else [packets[-1]]


@pytest.mark.parametrize("change", [flipped, repeated, left_out])
def test_who_stands_between_can_end_the_connection_and_change_nothing(
        make_pair, ros_loop, change):
    sent = [b"first", b"second", b"third", b"fourth", b"fifth"]

    async def main():
        first = make_pair()
        middle = Middle(first.port, change)
        between = asyncio.get_running_loop().create_task(middle.run())
        through = first.connecting.connect(f"127.0.0.1:{middle.port}", print,
                                           lambda: first.closed.update(far=True))
        send_all(through, sent)
        await ros_loop.until(lambda: first.closed["near"])
        through.close()
        await between
        return first.came

    came = ros_loop.run(main())
    assert came == sent[:3 if change is repeated else 2]


@pytest.mark.parametrize("said", [
    b"x" * 1000, bytes(16) + HEAD.pack(5, bytes(16)) + b"hello", bytes(16) + b"\xff" * 24,
    bytes(16) + HEAD.pack(2**31, bytes(16))])
def test_strangers_are_sent_away_without_memory_for_them(make_pair, ros_loop, said):
    pair = make_pair()

    async def main():
        stranger = socket.create_connection(("127.0.0.1", pair.port))
        stranger.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(stranger, said)
        while await loop.sock_recv(stranger, 100):
            pass  # its greeting, then the end
        stranger.close()
        await pair.rendezvous()

    ros_loop.run(main())
    assert pair.came == [b"first"]


def test_many_that_say_nothing_do_not_keep_others_out(make_pair, ros_loop):
    pair = make_pair()

    async def main():
        silent = []
        for _ in range(100):
            silent.append(socket.create_connection(("127.0.0.1", pair.port)))
            silent[-1].setblocking(False)
            await asyncio.get_running_loop().sock_recv(silent[-1], 16)  # its greeting: it is in
        late = pair.connecting.connect(f"127.0.0.1:{pair.port}", print, print)
        late.send([b"fir", b"st"])
        await ros_loop.until(lambda: pair.accepted)
        gone = [each for each in silent[:30]
                if not await asyncio.get_running_loop().sock_recv(each, 1)]
        assert len(gone) == 30
        late.close()
        for each in silent:
            each.close()

    ros_loop.run(main())
    assert pair.came == [b"first"]


def test_without_descriptors_dds_carries_on(make_pair, ros_loop):
    pair = make_pair()
    ros_loop.run(pair.rendezvous())
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    late = socket.socket()
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, limits[1]))
    try:
        late.connect(("127.0.0.1", pair.port))
        late.setblocking(False)

        async def turned_away():
            with pytest.raises(ConnectionResetError):
                await asyncio.get_running_loop().sock_recv(late, 1)
            pair.accepted[0].send([b"goes on"])
            await ros_loop.until(lambda: pair.back)

        ros_loop.run(turned_away())
        carrier = TcpSockets(ros_loop.loop.ros, print, KEY)
        assert carrier.address == "" and carrier.connect("10.0.0.1:80", print, print) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        late.close()
    assert pair.back == [b"goes on"]


@pytest.mark.parametrize("address", [
    "", ":", "10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:99999", "name:80", ":80",
    "300.1.1.1:80"])
def test_what_is_no_address_leads_to_nobody(ros_loop, address):
    assert TcpSockets(ros_loop.loop.ros, print, KEY).connect(address, print, print) is None


@pytest.mark.parametrize(("addresses", "own", "found"), [
    (["172.17.0.1", "10.0.0.9"], ["10.0.0.2", "172.17.0.1"], "10.0.0.9"),
    (["192.168.7.1", "10.1.2.3"], ["10.1.9.9"], "10.1.2.3"),
    (["10.0.0.1"], [], "10.0.0.1"), (["10.0.0.1"], ["10.0.0.1"], ""), ([], ["10.0.0.1"], "")])
def test_the_nearest_address_is_taken_and_not_one_of_our_own(addresses, own, found):
    assert nearest(addresses, own) == found


@given(st.lists(st.integers(0, 300_000), max_size=8),
       st.lists(st.integers(1, 200_000), min_size=1, max_size=8))
def test_packets_come_out_as_they_went_in_however_they_are_cut(sizes, cuts):
    reader = PacketReader(4, 8)
    reader.trust()
    bodies = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    stream = memoryview(b"hail" + b"".join(struct.pack("<Q", len(body)) + body for body in bodies))
    found, number = [], 0
    while stream:
        room = reader.room()
        size = min(len(room), cuts[number % len(cuts)], len(stream))
        room[:size] = stream[:size]
        stream, number = stream[size:], number + 1
        found += [bytes(body) for _, body in reader.packets(size)]
    assert found == [b"hail", *bodies] and not reader.refused
