"""What is recorded: numbers of items, times, shapes; bounded, sampled, and there after a kill."""

import asyncio
import signal
import subprocess
import sys
from collections import namedtuple

import pytest
import torch

from dnne_ros.errors import InputError
from dnne_ros.node_api.port_types import AnyValue
from dnne_ros.runtime.edges.output_port import OutputPort
from dnne_ros.tracing.describing import Describer
from dnne_ros.tracing.parts import parts_in, read_parts
from dnne_ros.tracing.reading import read_ring
from dnne_ros.tracing.ring import SIZE, Kind, Ring
from dnne_ros.tracing.tracer import NodeTracer, Tracer
from dnne_ros.transport.local_edge import LocalEdge
from dnne_ros.transport.policy import EdgePolicy

MS = 1_000_000


def acts_of(trace, node, kind):
    return [act for act in trace.acts[node] if act.kind is kind]


def test_an_item_is_followed_from_where_it_was_sent_to_where_it_was_taken(
        traced_graph, run_async):
    graph = traced_graph
    graph.link("a/out", "b/in")

    async def a(take, give):
        for number in range(3):
            graph.work(2)
            await give("out", torch.zeros(4, number + 1))

    async def b(take, give):
        for _ in range(3):
            await take("in")
            graph.work(5)

    trace = graph.run(run_async, a=a, b=b)
    sent, taken = acts_of(trace, "a", Kind.SENT), acts_of(trace, "b", Kind.TAKEN)
    assert [act.number for act in sent] == [act.number for act in taken] == [1, 2, 3]
    assert [act.text for act in sent] == ["float32 4×1", "float32 4×2", "float32 4×3"]
    assert [act.size for act in sent] == [16, 32, 48]
    assert all(one.began < other.ended for one, other in zip(sent, taken, strict=True))
    assert [round(act.worked / MS) for act in sent[1:]] == [2, 2]
    assert [round(act.worked / MS) for act in taken[1:]] == [5, 5]


@pytest.mark.parametrize("policy, capacity, expected", [
    (EdgePolicy.LOSSLESS, 9, [1, 2, 3, 4, 5]),
    (EdgePolicy.DROP_OLDEST, 2, [4, 5]),
    (EdgePolicy.LATEST, 1, [5])])
def test_numbers_are_those_of_the_sender_whatever_was_dropped(
        traced_graph, run_async, policy, capacity, expected):
    graph = traced_graph
    graph.link("a/out", "b/in", capacity, policy)
    sent = asyncio.Event()

    async def a(take, give):
        for _ in range(5):
            await give("out")
        sent.set()

    async def b(take, give):
        await sent.wait()
        for _ in expected:
            await take("in")

    trace = graph.run(run_async, a=a, b=b)
    assert [act.number for act in acts_of(trace, "b", Kind.TAKEN)] == expected


def test_a_priority_changes_the_order_and_no_number(run_async):
    async def main():
        edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 9, lambda value: value)
        for value in (3, 1, 2):
            edge.deliver(value)
        taken = [(await edge.get(), edge.number) for _ in range(3)]
        assert taken == [(1, 2), (2, 3), (3, 1)]

    run_async(main())


def test_a_blocked_sender_says_for_how_long(traced_graph, run_async):
    graph = traced_graph
    graph.link("a/out", "b/in", capacity=1)

    async def a(take, give):
        for _ in range(3):
            await give("out")

    async def b(take, give):
        for _ in range(3):
            graph.work(7)
            await take("in")
            for _ in range(5):  # the sender's turn
                await asyncio.sleep(0)

    sent = acts_of(graph.run(run_async, a=a, b=b), "a", Kind.SENT)
    assert sent[0].blocked == 0
    assert [round(act.blocked / MS) for act in sent[1:]] == [7, 7]


def test_both_ends_sample_the_same_items(traced_graph, run_async):
    graph = traced_graph
    graph.every = 4
    graph.link("a/out", "b/in")

    async def a(take, give):
        for _ in range(20):
            await give("out")

    async def b(take, give):
        for _ in range(20):
            await take("in")

    trace = graph.run(run_async, a=a, b=b)
    assert trace.every == 4
    assert [act.number for act in trace.acts["a"]] == [4, 8, 12, 16, 20]
    assert [act.number for act in trace.acts["b"]] == [4, 8, 12, 16, 20]


def test_batches_and_inputs_at_which_nothing_comes(run_async, tmp_path, clock):
    async def main():
        edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 9)
        tracer = Tracer(tmp_path, "main", about("b"), 1, 10)
        port = NodeTracer(tracer, "b").input("in", edge)
        for value in range(5):
            edge.deliver(value)
        assert await port.get_batch(3, None) == [0, 1, 2]
        assert await port.get_batch(3, 0.0) == [3, 4]
        assert await port.get_batch(3, 0.0) == []
        with pytest.raises(TimeoutError):
            await port.get(0.0)
        tracer.close()

    run_async(main())
    acts = read_parts(parts_in(tmp_path)).acts["b"]
    assert [(act.kind, act.number, act.count) for act in acts] == [
        (Kind.TAKEN, 3, 3), (Kind.TAKEN, 5, 2), (Kind.WAITED, 0, 1), (Kind.WAITED, 0, 1)]


def about(*nodes):
    return {"graph": "/made", "run": "1", "host": "", "outside": [], "edges": [],
            "nodes": dict.fromkeys(nodes, "Made")}


def test_a_ring_keeps_the_newest_records(tmp_path):
    ring = Ring(tmp_path / "a.ring", 10)
    for number in range(1, 26):
        ring.write(ring.offset(), number, number, number, 1, 0, number + 1, 0, 0, Kind.TAKEN, 0)
    assert (tmp_path / "a.ring").stat().st_size == 10 * SIZE
    records, full = read_ring(tmp_path / "a.ring")
    assert full and [record.number for record in records] == list(range(16, 26))


def test_what_was_half_written_is_left_out(tmp_path):
    ring = Ring(tmp_path / "a.ring", 3)
    for number in (1, 2):
        ring.write(ring.offset(), number, number, number, 1, 0, number + 1, 0, 0, Kind.TAKEN, 0)
    data = (tmp_path / "a.ring").read_bytes()
    torn = data[:SIZE] + (9).to_bytes(8, "little") * 2 + data[SIZE + 16:]
    (tmp_path / "a.ring").write_bytes(torn)
    records, full = read_ring(tmp_path / "a.ring")
    assert not full and [record.number for record in records] == [1]


def test_a_disk_without_room_is_refused_and_nothing_is_left(tmp_path):
    with pytest.raises(OSError, match=r"a\.ring"):
        Ring(tmp_path / "a.ring", 2**40)
    assert not list(tmp_path.iterdir())


KILLED = """
import os, pathlib, signal, sys
from dnne_ros.tracing.tracer import NodeTracer, Tracer
about = {"graph": "/made", "run": "1", "host": "", "outside": [], "edges": [],
         "nodes": {"a": "Made"}}
tracer = Tracer(pathlib.Path(sys.argv[1]), "main", about, 1, 2000)
node = NodeTracer(tracer, "a")
for number in range(1, 1001):
    node.mark("here", number)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_all_of_its_records(tmp_path, repository):
    done = subprocess.run([sys.executable, "-c", KILLED, tmp_path], cwd=repository)
    assert done.returncode == -signal.SIGKILL
    [names] = parts_in(tmp_path)
    with names.open("ab") as file:
        file.write(b'{"text": 1, "is": "hal')  # it was saying something
    acts = read_parts([names]).acts["a"]
    assert [act.number for act in acts] == list(range(1, 1001))


def test_a_node_at_an_input_as_recording_ends_goes_on(run_async, tmp_path):
    async def main():
        edge = LocalEdge("a/out → b/in", EdgePolicy.LOSSLESS, 9)
        tracer = Tracer(tmp_path, "main", about("b"), 1, 10)
        node = NodeTracer(tracer, "b")
        output = node.output("out", OutputPort(AnyValue(), [], None, None, None))
        taking = asyncio.ensure_future(node.input("in", edge).get(None))
        await asyncio.sleep(0)
        tracer.close()
        edge.deliver("value")
        assert await taking == "value"
        node.mark("late")
        await output.send("of a kind that is new")

    run_async(main())
    acts = read_parts(parts_in(tmp_path)).acts["b"]
    assert [(act.kind, act.text) for act in acts] == [
        (Kind.TAKEN, ""), (Kind.MARK, ""), (Kind.SENT, "")], "nobody takes down new names any more"


def test_a_process_that_records_twice_has_two_parts(tmp_path):
    for _ in range(2):
        tracer = Tracer(tmp_path, "main", about("a"), 1, 10)
        NodeTracer(tracer, "a").mark("here")
        tracer.close()
    trace = read_parts(parts_in(tmp_path))
    assert [act.text for act in trace.acts["a"]] == ["here", "here"]


def test_a_folder_of_something_else_is_said_to_be_none(tmp_path):
    (tmp_path / "a.1.names").write_text("{}\n")
    (tmp_path / "b.2.names").write_text("")
    with pytest.raises(InputError) as error:
        read_parts(parts_in(tmp_path))
    assert len(error.value.problems) == 2
    with pytest.raises(InputError, match="nothing was recorded"):
        read_parts([])


def test_values_are_described_by_what_is_in_them():
    texts = [""]

    def number(text):
        if text not in texts:
            texts.append(text)
        return texts.index(text)

    describe = Describer(number).describe
    pair = namedtuple("Pair", "mean std")
    for value, text, size in [
            (torch.zeros(2, 3), "float32 2×3", 24), (torch.tensor(1.0), "float32 scalar", 4),
            ("text", "str", 4), (7, "int", 0), (None, "NoneType", 0),
            (pair(torch.zeros(2), torch.zeros(3)), "Pair (mean float32 2, std float32 3)", 20),
            ({"a": torch.zeros(2, dtype=torch.int64), "b": 1}, "dict (a int64 2)", 16)]:
        for _ in range(2):
            found, bytes_ = describe(value)
            assert (texts[found], bytes_) == (text, size)


def test_a_trace_begins_where_the_fullest_ring_does(tmp_path, clock):
    """Before, the items of one process would seem to come from nowhere."""
    for process, count in (("busy", 50), ("idle", 5)):
        tracer = Tracer(tmp_path, process, about("busy", "idle"), 1, 10)
        node = NodeTracer(tracer, process)
        for number in range(count):
            node.mark(f"{process} {number}")
        tracer.close()
    assert [act.text for act in read_parts(parts_in(tmp_path)).acts["busy"]] == [
        f"busy {number}" for number in range(40, 50)]
    assert len(read_parts(parts_in(tmp_path)).acts["idle"]) == 5
    idle, = [path for path in parts_in(tmp_path) if "idle" in path.name]
    assert len(read_parts([idle]).acts["idle"]) == 5


def test_parts_of_an_earlier_run_are_left_out(tmp_path):
    for run in ("old", "new"):
        tracer = Tracer(tmp_path, "main", {**about("a"), "run": run}, 1, 10)
        NodeTracer(tracer, "a").mark(run)
        tracer.close()
    assert [act.text for act in read_parts(parts_in(tmp_path)).acts["a"]] == ["new"]
