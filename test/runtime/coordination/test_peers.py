"""Processes that look for each other at the start and miss each other later."""

import asyncio
from types import SimpleNamespace

import pytest

from dnne_ros.errors import PeerError
from dnne_ros.options.run_settings import RunSettings
from dnne_ros.runtime.coordination.peers import Peers
from dnne_ros.runtime.coordination.run_channel import ProcessGroup
from dnne_ros.transport.consumer import Consumer
from dnne_ros.transport.policy import EdgePolicy, WhenAbsent


class Process:
    """What `Peers` looks after in one process, and what it said."""

    def __init__(self, network, status, name, names, clock, run_id="run 1", **hosts):
        self.name = name
        self.status = status
        self.ended = asyncio.Event()
        self.twins = []
        self.dropped = []
        self.wiring = SimpleNamespace(readers={}, writers=[], drop=self.dropped.append)
        others = tuple(each for each in names if each != name)
        self.peers = Peers(
            ProcessGroup(name, others, names[0], run_id), network.bus(name), self.wiring,
            RunSettings(peer_timeout=20.0, absent_after=3.0), status, self.ended,
            {each: f"node_{each}" for each in names}, lambda: self.twins, clock, **hosts)

    def reads_from(self, process, edge, when_absent=WhenAbsent.WAIT, connected=True):
        reader = SimpleNamespace(process=process, when_absent=when_absent, connected=connected,
                                 announced=0)

        def announce():
            reader.announced += 1

        reader.announce = announce
        self.wiring.readers[edge] = reader
        return reader

    def writes_to(self, process, edge, when_absent=WhenAbsent.WAIT, missing=()):
        consumer = Consumer(edge, edge, EdgePolicy.LOSSLESS, 10, process, when_absent)
        writer = SimpleNamespace(consumers=[consumer], replaced=False, missing=lambda: missing)
        self.wiring.writers.append(writer)
        return writer

    async def live(self):
        await self.peers.rendezvous()
        while not self.ended.is_set():
            self.peers.poll()
            await asyncio.sleep(0.2)


@pytest.fixture
def processes(network, virtual_loop, make_status):
    """Make processes of one run by name."""
    def make(*names, only=None, **options):
        return {name: Process(network, make_status(), name, names, virtual_loop.time, **options)
                for name in (names if only is None else [only])}
    return make


async def begin(*made):
    """Let processes live, each in a task, until all have met."""
    tasks = [asyncio.ensure_future(process.live()) for process in made]
    await asyncio.sleep(5)
    return tasks


async def end(made, tasks):
    for process in made:
        process.ended.set()
    await asyncio.gather(*tasks)


def test_nobody_starts_before_all_are_there(processes, run_virtual, virtual_loop):
    made = processes("a", "b", "c")
    starts = {}

    async def start(process, seconds):
        await asyncio.sleep(seconds)
        await process.peers.rendezvous()
        starts[process.name] = virtual_loop.time()
        while len(starts) < 3:
            process.peers.poll()
            await asyncio.sleep(0.2)

    async def main():
        began = virtual_loop.time()
        await asyncio.gather(*(start(process, seconds)
                               for process, seconds in zip(made.values(), (0.0, 5.0, 9.0))))
        return began

    began = run_virtual(main())
    assert all(time >= began + 9.0 for time in starts.values())


@pytest.mark.parametrize("lost", range(5))
def test_words_that_are_lost_only_delay_the_start(processes, run_virtual, network, lost):
    made = processes("a", "b", "c")
    count = iter(range(10**6))
    network.drops = lambda *_: next(count) % 5 != lost

    async def main():
        async def live(process):
            await process.peers.rendezvous()
            while not all(started):
                started[list(made).index(process.name)] = True
                process.peers.poll()
                await asyncio.sleep(0.2)
        started = [False] * 3
        await asyncio.gather(*map(live, made.values()))

    run_virtual(main())


def test_who_waits_at_the_start_says_so_to_producers_that_it_knows(processes, run_virtual):
    """Another may have taken such a one's place meanwhile, and waits for a word."""
    a = processes("a", "b", only="a")["a"]
    reader = a.reads_from("b", "edge")
    missing = ["a consumer"]
    a.writes_to("b", "other edge", missing=missing)

    async def main():
        meeting = asyncio.ensure_future(a.peers.rendezvous())
        await asyncio.sleep(5)
        while_an_end_is_missing = reader.announced
        missing.clear()
        await asyncio.sleep(5)  # b is not ready
        a.ended.set()
        await meeting
        return while_an_end_is_missing

    announced = run_virtual(main())
    assert announced >= 3 and reader.announced >= announced + 3


def test_who_does_not_come_is_named(processes, run_virtual):
    a = processes("a", "b", "c", only="a")["a"]
    a.reads_from("b", "b/out → a/in", connected=False)
    a.writes_to("c", "a/out → c/in", missing=["c/in"])
    with pytest.raises(PeerError, match=r"^a: no word after 20 s from c/in, the source of b/out"):
        run_virtual(a.peers.rendezvous())
    assert a.wiring.readers["b/out → a/in"].announced > 1


def test_a_process_that_is_there_but_never_ready_is_named(processes, run_virtual):
    a = processes("a", "b", only="a")["a"]
    with pytest.raises(PeerError, match="no word after 20 s from process b; .*--peer-timeout"):
        run_virtual(a.peers.rendezvous())


def test_who_still_makes_its_nodes_is_waited_for(processes, run_virtual, virtual_loop):
    """A process that makes its nodes serves no loop, and says so at times; then it is silent."""
    both = processes("a", "b")
    both["a"].reads_from("b", "b/out → a/in", connected=False)
    began = virtual_loop.time()

    async def busy():
        for _ in range(10):
            await asyncio.sleep(15.0)
            both["b"].peers.still_making()

    async def run():
        await asyncio.gather(both["a"].peers.rendezvous(), busy())

    with pytest.raises(PeerError, match="^a: no word after 20 s from the source of b/out"):
        run_virtual(run())
    assert 170.0 <= virtual_loop.time() - began < 190.0


def test_a_run_that_is_stopped_does_not_wait_for_anybody(processes, run_virtual, virtual_loop):
    a = processes("a", "b", only="a")["a"]
    a.reads_from("b", "b/out → a/in", connected=False)
    a.ended.set()
    began = virtual_loop.time()
    run_virtual(a.peers.rendezvous())
    assert virtual_loop.time() - began < 1.0


def test_a_silent_process_is_named_with_what_becomes_of_its_edges(
        processes, run_virtual, network):
    made = list(processes("a", "b").values())
    a = made[0]
    a.reads_from("b", "b/out → a/in")
    writer = a.writes_to("b", "a/out → b/in", WhenAbsent.DROP)

    async def main():
        tasks = await begin(*made)
        network.cut.add("b")
        await asyncio.sleep(10)
        network.cut.clear()
        await asyncio.sleep(2)
        await end(made, tasks)

    run_virtual(main())
    assert a.status.warnings == [
        "process b (node_b) has given no sign of life for 3 s; a/out → b/in: dropped; "
        "b/out → a/in: waits", "process b is back"]
    assert a.dropped == writer.consumers


@pytest.mark.parametrize("end_of_edge", ["reads", "writes"])
def test_an_edge_that_may_not_wait_ends_the_run(processes, run_virtual, network, end_of_edge):
    a, b = processes("a", "b").values()
    if end_of_edge == "reads":
        a.reads_from("b", "the edge", WhenAbsent.FAIL)
    else:
        a.writes_to("b", "the edge", WhenAbsent.FAIL)

    async def main():
        first, second = await begin(a, b)
        network.cut.add("b")
        with pytest.raises(PeerError, match="process b .* the edge may not wait for it"):
            await first
        await end([b], [second])

    run_virtual(main())


def test_a_process_that_was_replaced_ends(processes, run_virtual):
    a, b = processes("a", "b").values()
    writer = a.writes_to("b", "the edge")

    async def main():
        first, second = await begin(a, b)
        writer.replaced = True
        with pytest.raises(PeerError, match="a: another process has taken its place"):
            await first
        await end([b], [second])

    run_virtual(main())


def test_a_killed_process_comes_back_although_its_dead_twin_is_still_seen(
        processes, run_virtual, network):
    a, b = processes("a", "b").values()

    async def main():
        first, second = await begin(a, b)
        second.cancel()
        network.forget("b")
        again = processes("a", "b", only="b")["b"]
        again.twins = ["/g/node_b"]
        third, = await begin(again)
        assert not third.done()
        await end([a, again], [first, third])

    run_virtual(main())


def test_a_second_copy_of_a_graph_does_not_start(processes, run_virtual):
    a, b = processes("a", "b").values()

    async def main():
        tasks = await begin(a, b)
        copies = processes("a", "b", run_id="run 2").values()
        for copy in copies:
            copy.twins = [f"/g/node_{copy.name}"]
        outcomes = await asyncio.gather(*(copy.live() for copy in copies),
                                        return_exceptions=True)
        assert all(isinstance(each, PeerError) and "another copy" in str(each)
                   for each in outcomes)
        assert not any(task.done() for task in tasks)
        await end([a, b], tasks)

    run_virtual(main())


def test_a_copy_that_is_stopped_while_it_looks_says_nothing(processes, run_virtual):
    a = processes("a", "b", only="a")["a"]
    a.twins = ["/g/node_a"]
    a.ended.set()
    run_virtual(a.peers.rendezvous())


def test_a_twin_of_a_graph_in_one_process_is_worth_a_word(processes, run_virtual):
    a = processes("a")["a"]

    async def main():
        tasks = await begin(a)
        await asyncio.sleep(100)  # it is old by then
        a.twins = ["/g/node_a"]
        await asyncio.sleep(100)
        await end([a], tasks)

    run_virtual(main())
    assert a.status.warnings == []  # it is the newcomer that says so

    async def newcomer():
        copy = processes("a")["a"]
        copy.twins = ["/g/node_a"]
        tasks = await begin(copy)
        await asyncio.sleep(100)
        await end([copy], tasks)
        return copy

    warning, = run_virtual(newcomer()).status.warnings
    assert warning.startswith("/g/node_a: another copy of this graph is running")


def test_a_host_that_has_fallen_silent_ends_the_run_with_its_name(processes, run_virtual, network):
    a, b, c = processes("a", "b", "c", hosts={"robot": ("b", "c")}).values()
    a.reads_from("b", "the edge")

    async def main():
        first, *others = await begin(a, b, c)
        network.cut.add("b")
        await asyncio.sleep(10)
        assert not first.done()  # c is there, and so is the host
        network.cut.add("c")
        with pytest.raises(PeerError, match=r"^host robot \(node_b, node_c\) has given no sign of "
                                            "life for 3 s$"):
            await first
        await end([b, c], others)

    run_virtual(main())


@pytest.mark.parametrize(("returning", "when_absent", "said"), [
    (("robot",), WhenAbsent.WAIT, "host robot (node_b) has given no sign of life for 3 s; it is "
     "taken up again when it is back"),
    ((), WhenAbsent.DROP, "process b (node_b) has given no sign of life for 3 s; the edge: "
     "dropped"),
])
def test_a_host_that_may_be_away_is_waited_for(
        processes, run_virtual, network, returning, when_absent, said):
    made = list(processes("a", "b", hosts={"robot": ("b",)}, returning=returning).values())
    a = made[0]
    a.writes_to("b", "the edge", when_absent)

    async def main():
        tasks = await begin(*made)
        network.cut.add("b")
        await asyncio.sleep(10)
        network.cut.clear()
        await asyncio.sleep(2)
        await end(made, tasks)

    run_virtual(main())
    assert said in a.status.warnings and a.status.warnings[-1] == "process b is back"
