"""What is recorded of outputs and inputs, and what happens where the disk is slow or full."""

import asyncio
import errno
import io

import pytest

pytest.importorskip("mcap")
import torch
from mcap.reader import make_reader

from dnne_ros.node_api.port_types import Int, Tensor
from dnne_ros.recording import ends
from dnne_ros.recording.ends import RecordedInput, RecordedOutput
from dnne_ros.recording.node_log import Kind, read_rows
from dnne_ros.recording.recorder import Recorder
from dnne_ros.recording.shared_file import SharedFile
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.transport.codecs import codec_for
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy

ITEMS, LOG = 1, 2


class Recorded:
    """An output that is recorded, and what is in the file in the end."""

    def __init__(self, path, type, *, drops=False, edges=()):
        self.failures = []
        self.path = path
        self.recorder = Recorder(SharedFile(path, "run", bytes, b"", None),
                                 asyncio.get_running_loop(), self.failures.append)
        self.log = self.recorder.log(LOG)
        self.end = RecordedOutput(self.recorder, ITEMS, type, self.log, 3, drops=drops)
        self.output = OutputPort(type, [self.end, *edges], None, None, None)
        self.end.number = lambda: self.output.number
        self.type = type

    def close(self):
        """Return numbers and values of the items, and the rows of the log."""
        self.recorder.close()
        found = {ITEMS: [], LOG: []}
        data = self.path.read_bytes()
        from dnne_ros.recording.chunk_cache import ChunkCache
        from dnne_ros.recording.scan import scan

        with self.path.open("rb") as file:
            for chunk in scan("", file.fileno()).chunks:
                for channel, messages in ChunkCache().messages(file.fileno(), chunk).items():
                    found[channel] += messages
        assert make_reader(io.BytesIO(data)).get_summary() is not None
        codec = codec_for(self.type.sent_as())
        return ([(each.number, self.type.unpack(codec.decode(each.data)))
                 for each in found[ITEMS]], read_rows(each.data for each in found[LOG]))


def test_each_item_is_there_once_with_its_number(tmp_path):
    async def run():
        edge = LocalEdge("e", EdgePolicy.LOSSLESS, 5000)
        recorded = Recorded(tmp_path / "a.mcap", Tensor("float32"), edges=[edge])
        for number in range(3000):
            await recorded.output.send(torch.full((2, 100), float(number)))
        items, rows = recorded.close()
        assert [number for number, _ in items] == list(range(1, 3001))
        assert all(bool((value == number - 1).all()) for number, value in items)
        assert [(row.kind, row.port, row.number) for row in rows] == [
            (Kind.SENT, 3, number) for number in range(1, 3001)]
        assert edge.stats.sent == 3000
    asyncio.run(run())


def test_a_value_is_recorded_as_it_was_when_it_was_sent(tmp_path):
    async def run():
        recorded = Recorded(tmp_path / "a.mcap", Tensor("float32"))
        value = torch.zeros(1000)
        await recorded.output.send(value)
        value += 1  # which no node may do
        items, _ = recorded.close()
        assert not items[0][1].any()
    asyncio.run(run())


class SlowFile:
    """A file that takes a chunk when it is told to."""

    def __init__(self):
        import threading

        self.go = threading.Semaphore(0)
        self.chunks = 0

    def append(self, records):
        self.go.acquire()
        self.chunks += 1

    def close(self):
        pass


@pytest.mark.parametrize("drops", [False, True])
def test_a_slow_disk_holds_the_sender_back_unless_it_may_drop(drops, monkeypatch):
    monkeypatch.setattr(ends, "PENDING_BYTES", 3 * 2**20)

    async def run():
        file = SlowFile()
        recorder = Recorder(file, asyncio.get_running_loop(), pytest.fail)
        end = RecordedOutput(recorder, ITEMS, Tensor("float32"), recorder.log(LOG), 0, drops=drops)
        output = OutputPort(Tensor("float32"), [end], None, None, None)
        end.number = lambda: output.sent
        items = [asyncio.ensure_future(output.send(torch.zeros(2**18))) for _ in range(6)]
        if drops:
            await asyncio.gather(*items)
            assert (output.sent, end.dropped) == (6, 3)
        else:
            while output.sent < 3:
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
            assert output.sent == 3 and not items[3].done()
            assert output.waited_ns >= 0
        file.go.release(100)
        await asyncio.gather(*items)
        assert output.sent == 6
        recorder.close()
    asyncio.run(run())


def test_a_full_disk_ends_the_recording_and_not_the_graph(tmp_path, monkeypatch):
    async def run():
        recorded = Recorded(tmp_path / "a.mcap", Tensor("float32"))
        await recorded.output.send(torch.zeros(2**18))
        while recorded.recorder.pending:
            await asyncio.sleep(0.001)

        def full(*_):
            raise OSError(errno.ENOSPC, "No space left on device", "a.mcap")

        monkeypatch.setattr("os.pwritev", full)
        for _ in range(200):  # more than may wait to be written
            await recorded.output.send(torch.ones(2**18))
            await asyncio.sleep(0)
        while not recorded.failures:
            await asyncio.sleep(0.001)
        await recorded.output.send(torch.ones(2**18))
        assert recorded.output.sent == 202 and recorded.recorder.failed
        monkeypatch.undo()
        items, _ = recorded.close()
        assert [number for number, _ in items] == [1]
        assert [error.errno for error in recorded.failures] == [errno.ENOSPC]
    asyncio.run(run())


def test_little_is_in_the_file_soon(tmp_path):
    """A kill takes no more than the last half second."""
    async def run():
        recorded = Recorded(tmp_path / "a.mcap", Int())
        before = (tmp_path / "a.mcap").stat().st_size
        await recorded.output.send(7)
        while recorded.recorder.pending:
            await asyncio.sleep(0.001)
        assert (tmp_path / "a.mcap").stat().st_size > before
        recorded.recorder.close()
    asyncio.run(run())


def taken(rows):
    return [(Kind(row.kind).name, row.number) for row in rows]


@pytest.mark.parametrize("policy", list(EdgePolicy))
def test_what_a_node_takes_is_noted_with_its_number(policy, tmp_path):
    async def run():
        recorded = Recorded(tmp_path / "a.mcap", Int())
        edge = LocalEdge("e", policy, 2)
        source = RecordedInput(edge, recorded.log, 1, in_order=policy is EdgePolicy.LOSSLESS)
        edge.deliver("a")
        assert await source.get(None) == "a"
        with pytest.raises(TimeoutError):
            await source.get(0.0)
        for value in "bcd" if policy is not EdgePolicy.LOSSLESS else "cd":
            edge.deliver(value)
        found = await source.get_batch(3, 0.0)
        _, rows = recorded.close()
        if policy is EdgePolicy.LATEST:
            assert found == ["d"]
            assert taken(rows) == [("TAKEN", 1), ("WAITED", 0), ("TAKEN", 4), ("WAITED", 0)]
        else:
            first = 3 if policy is EdgePolicy.DROP_OLDEST else 2
            assert found == ["c", "d"]
            assert taken(rows) == [("TAKEN", 1), ("WAITED", 0), ("TAKEN", first),
                                   ("TAKEN", first + 1), ("WAITED", 0)]
    asyncio.run(run())
