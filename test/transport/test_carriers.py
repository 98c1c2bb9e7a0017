"""What carries items between processes: which carrier is used, and carriers of one's own."""

import asyncio
from collections import deque
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from dnne_ros.transport.array_codec import ArrayCodec
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.payload import Array, Wire
from dnne_ros.transport.policy import EdgePolicy
from dnne_ros.transport.shared_memory import DIRECTORY
from dnne_ros.transport.unix_sockets import UnixSockets

LATEST, LOSSLESS = EdgePolicy.LATEST, EdgePolicy.LOSSLESS
FLOATS = codec_for(Wire(ArrayCodec, "float32"))


class Pipe:
    """One end of a line inside one process."""

    name = "pipe"
    most_bytes = 200_000

    def __init__(self, on_packet, on_closed):
        self.on_packet, self.on_closed = on_packet, on_closed
        self.other = None
        self._waiting = deque()
        self._loop = asyncio.get_running_loop()

    def send(self, parts):
        self._waiting.append(b"".join(parts))
        self._loop.call_soon(self._deliver)
        return True

    def close(self):
        other, self.other = self.other, None
        if other is not None and other.other is not None:
            other.other = None
            other.on_closed()

    def cut(self):
        """Break the connection; both ends are told."""
        other = self.other
        self.other = other.other = None
        self.on_closed()
        other.on_closed()

    def _deliver(self):
        if self._waiting and self.other is not None:
            self.other.on_packet(self._waiting.popleft())


class Pipes:
    """Lines inside one process, each a pair of pipes."""

    name = "pipe"
    listening = {}
    newest = None
    _numbers = count(1)

    def __init__(self, files, on_line):
        self._on_line = on_line
        self.address = f"pipe{next(self._numbers)}"
        self.listening[self.address] = self

    def connect(self, address, on_packet, on_closed):
        producer = self.listening.get(address)
        if producer is None:
            return None
        near = Pipe(on_packet, on_closed)
        far = near.other = Pipe(lambda packet: producer._on_line(far, packet), lambda: None)
        far.other = near
        Pipes.newest = near
        return near

    def close(self):
        self.listening.pop(self.address, None)


class StoredFile:
    """A message in a file of its own."""

    def __init__(self, path):
        self._path = path
        self.place = str(path).encode()

    def release(self):
        self._path.unlink()

    def retire(self):
        """Nothing to do: no file is written to again."""


def file_store(folder):
    """Return a kind of store that keeps messages as files in ``folder``."""
    class FileStore:
        name = "file"
        address = str(folder)
        _numbers = count(1)

        def put(self, parts, size):
            path = folder / f"message{next(self._numbers)}"
            path.write_bytes(b"".join(parts))
            return StoredFile(path)

        def reach(self, address):
            return address == str(folder)

        def find(self, place):
            data = Path(place.decode()).read_bytes()
            return lambda: memoryview(bytearray(b"head" + data))[4:]

        def lend(self, place):
            """Nobody can read a file where it lies."""

        def close(self):
            """Nothing to do: what is released is gone."""

    return FileStore


def numbers_through(edge, ros_loop, *values):
    """Return what the consumer named ``reader`` gets of these values."""
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*values))
        received = await edge.get("reader", len(values))
        await producer
        return received

    return ros_loop.run(main())


def floats(size, count):
    return [Array(np.full(size, value, np.float32), ("x",)) for value in range(count)]


def firsts(arrays):
    return [array.data[0] for array in arrays]


def transports(edge):
    return edge.consumers["reader"].transport, edge.readers["reader"].transport


def test_a_channel_of_ones_own_carries_what_fits(edges, ros_loop):
    edge = edges(carriers={"channels": (Pipes,), "stores": ()}, reader=(LOSSLESS, 4))
    assert numbers_through(edge, ros_loop, *range(500)) == list(range(500))
    assert transports(edge) == ("pipe", "pipe")
    assert edge.readers["reader"].stats.as_dict()["carried"] == {"pipe": 500}


def test_the_first_channel_that_reaches_the_producer_is_used(edges, ros_loop):
    class Unreachable(Pipes):
        name = "unreachable"

        def connect(self, address, on_packet, on_closed):
            return None

    edge = edges(carriers={"channels": (Unreachable, Pipes, UnixSockets)}, reader=(LOSSLESS, 4))
    assert numbers_through(edge, ros_loop, *range(20)) == list(range(20))
    assert transports(edge) == ("pipe", "pipe")


def test_a_frame_that_one_channel_has_no_room_for_comes_once_to_each(edges, ros_loop):
    """One consumer has pipes, which carry more than the sockets of the other."""
    edge = edges(FLOATS, carriers={"channels": (Pipes, UnixSockets), "stores": ()},
                 reader=(LOSSLESS, 5), other=(LOSSLESS, 5))
    edge.start()
    edge.endpoints["other"].channels["pipe"].connect = lambda *_: None

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*floats(40_000, 12)))
        received = await asyncio.gather(edge.get("reader", 12), edge.get("other", 12))
        await producer
        return received

    for received in ros_loop.run(main()):
        assert firsts(received) == list(range(12))
    assert transports(edge) == ("pipe", "pipe")
    assert edge.consumers["other"].transport == edge.readers["other"].transport == "dds"
    assert all(reader.stats.duplicated == 0 for reader in edge.readers.values())


def test_a_store_of_ones_own_keeps_what_is_large(edges, ros_loop, tmp_path):
    edge = edges(FLOATS, carriers={"stores": (file_store(tmp_path),)}, reader=(LOSSLESS, 4))
    values = [*floats(100, 3), *floats(50_000, 9)]
    assert firsts(numbers_through(edge, ros_loop, *values)) == [*range(3), *range(9)]
    assert transports(edge) == ("file+socket", "file+socket")
    assert len(list(tmp_path.iterdir())) <= 4  # what was handled is gone


def test_a_store_that_is_full_leaves_the_message_to_the_next(edges, ros_loop, tmp_path):
    class Full(file_store(tmp_path)):
        name = "full"

        def put(self, parts, size):
            return None

    edge = edges(FLOATS, carriers={"stores": (Full, file_store(tmp_path))}, reader=(LOSSLESS, 4))
    assert firsts(numbers_through(edge, ros_loop, *floats(50_000, 9))) == list(range(9))
    assert transports(edge) == ("file", "file")


def test_a_channel_that_breaks_leaves_the_rest_to_dds(edges, ros_loop):
    edge = edges(carriers={"channels": (Pipes,)}, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        await edge.put(1, 2, 3)
        first = await edge.get("reader", 3)
        Pipes.newest.cut()
        producer = asyncio.ensure_future(edge.put(4, 5))
        received = first + await edge.get("reader", 2)
        await producer
        return received

    assert ros_loop.run(main()) == [1, 2, 3, 4, 5]
    assert edge.readers["reader"].transport == "pipe+dds"


def test_what_would_carry_the_first_item(edges, ros_loop):
    edge = edges(reader=(LOSSLESS, 4))
    edge.start()
    assert transports(edge) == ("dds", "dds")
    ros_loop.run(edge.rendezvous())
    assert transports(edge) == ("socket", "socket")


def test_an_output_of_several_megabytes_goes_through_shared_memory(edges, ros_loop):
    edge = edges(FLOATS, plan={"bytes_in_flight": 20_000_000}, fast=(LOSSLESS, 100),
                 slow=(LOSSLESS, 100), newest=(LATEST, 1))
    edge.start()
    values = [np.full(2_000_000, i, np.float32) for i in range(12)]

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*(Array(value, ("x",)) for value in values)))
        fast = asyncio.ensure_future(edge.get("fast", 12))
        await edge.blocked(producer, sent=3, name="slow")  # 8 MB each: the fourth has no room
        slow = await edge.get("slow", 12)
        await producer
        return await fast, slow, await edge.get("newest", 1)

    for received in ros_loop.run(main())[:2]:
        assert [array.data[-1] for array in received] == list(range(12))
    for end in (*edge.consumers.values(), *edge.readers.values()):
        assert end.transport == "shared_memory"
    ours = edge.endpoint.stores[0].address.rpartition("_")[0]
    assert len(list(DIRECTORY.glob(f"{ours}_*"))) <= 10  # its memory is used again


def test_without_shared_memory_it_goes_through_dds(edges, ros_loop):
    edge = edges(FLOATS, carriers={"stores": ()}, reader=(LOSSLESS, 3))
    edge.start()
    values = [np.full(100_000, i, np.float32) for i in range(6)]

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*(Array(value, ("x",)) for value in values)))
        received = await edge.get("reader", 6)
        await producer
        return received

    assert [array.data[0] for array in ros_loop.run(main())] == list(range(6))
    assert edge.consumers["reader"].transport == edge.readers["reader"].transport == "dds"


def test_memory_that_is_gone_does_not_end_the_consumer(edges, ros_loop):
    edge = edges(FLOATS, reader=(LOSSLESS, 4))
    edge.start()

    async def main():
        await edge.rendezvous()
        edge.writer.send(FLOATS.parts(floats(40_000, 1)[0]))
        edge.endpoint.stores[0].close()  # as when the producer has ended
        with pytest.raises(TimeoutError):
            await edge.readers["reader"].get(timeout=0.1)

    ros_loop.run(main())


def test_a_connection_that_is_refused(edges, ros_loop):
    class Refusing(UnixSockets):
        def __init__(self, files, on_line):
            super().__init__(files, lambda line, packet: line.close())

    edge = edges(carriers={"channels": (Refusing,)}, reader=(LOSSLESS, 4))
    edge.start()
    reader = edge.readers["reader"]

    async def main():
        await ros_loop.until(lambda: reader.connected or reader.announce())
        await ros_loop.until(lambda: not edge.writer.missing())
        await edge.put(1, 2)
        return await edge.get("reader", 2)

    assert ros_loop.run(main()) == [1, 2]
    assert edge.consumers["reader"].transport == edge.readers["reader"].transport == "dds"


def test_large_frames_to_several_without_shared_memory(edges, ros_loop):
    edge = edges(FLOATS, carriers={"stores": ()},
                 **{f"reader{number}": (LOSSLESS, 10) for number in range(4)})
    edge.start()

    async def main():
        await edge.rendezvous()
        producer = asyncio.ensure_future(edge.put(*floats(40_000, 60)))
        received = await asyncio.gather(*(edge.get(name, 60) for name in edge.readers))
        await producer
        return received

    for arrays in ros_loop.run(main()):  # nobody tells them that something is lacking
        assert [array.data[0] for array in arrays] == list(range(60))
