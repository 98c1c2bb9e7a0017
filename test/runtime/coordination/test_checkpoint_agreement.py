"""Processes that write one checkpoint together, on a bus that loses, delays and repeats."""

import asyncio
import json
import random
from collections import Counter

import pytest

from dnne_ros.checkpoints.checkpoint import Checkpoint
from dnne_ros.errors import InputError, NodeError
from dnne_ros.node_api.state import NodeState
from dnne_ros.runtime.coordination.run_control import TOPIC


@pytest.fixture
def checkpoint(tmp_path):
    """Return what the checkpoint holds: numbers by node; None if there is none."""
    def read(folder=""):
        try:
            return {node: state.values["number"]
                    for node, state in Checkpoint.read(tmp_path / "c" / folder).states().items()}
        except InputError as error:
            assert "no checkpoint here" in str(error)
            return None
    return read


@pytest.fixture
def files(tmp_path):
    """Return the names of the states' files that are there."""
    return lambda: sorted(file.name for file in (tmp_path / "c").glob("node_*/*"))


@pytest.fixture
def manifest(tmp_path):
    return lambda: json.loads((tmp_path / "c" / "checkpoint.json").read_text())


def test_all_write_and_the_leader_makes_it_count(
        members, saved_nodes, run_virtual, checkpoint, manifest, tmp_path):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=2), three=saved_nodes())
    run["two"].nodes.said = [{"rate_hz": 60.0}]
    assert run_virtual(run["lead"].control.save_here()) is True
    assert checkpoint() == {"a": 1, "b": 2}
    assert manifest()["aligned"] is True and manifest()["nodes"] == {"a": "Some", "b": "Some"}
    assert Checkpoint.read(tmp_path / "c").policy_interface() == {"rate_hz": 60.0}
    assert [kind for kind, _ in run["lead"].status.messages] == ["saving", "saved"]
    assert run["lead"].control.unsaved == ""


def test_a_checkpoint_without_all_nodes_is_not_written(
        members, saved_nodes, run_virtual, checkpoint, files):
    """A fresh training is stopped before its policy is there."""
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=2, c=3), three=saved_nodes(d=4))
    assert run_virtual(run["lead"].control.save_here()) is True
    del run["two"].nodes.states["c"]
    run["three"].nodes.states.clear()
    assert run_virtual(run["lead"].control.save_here()) is False
    assert run["lead"].control.unsaved.endswith(
        ": nothing to save yet of nodes c (Some), d (Some)")
    assert checkpoint() == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert files() == ["state.1.json"] * 4


def test_a_graph_without_states_has_no_checkpoint(members, saved_nodes, run_virtual, checkpoint):
    run = members(lead=saved_nodes(), two=saved_nodes())
    assert run_virtual(run["lead"].control.save_here()) is False
    assert run["lead"].control.unsaved.endswith(": no node of this graph keeps a state")
    assert checkpoint() is None


def test_nodes_that_contradict_each_other_are_named_and_the_rest_is_saved(
        members, saved_nodes, run_virtual, checkpoint):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=2))
    run["lead"].nodes.said, run["two"].nodes.said = [{"rate_hz": 60}], [{"rate_hz": 50}]
    assert run_virtual(run["lead"].control.save_here())
    assert checkpoint() == {"a": 1, "b": 2}
    assert "rate_hz is both 60 and 50" in run["lead"].status.warnings[0]


@pytest.mark.parametrize("error, said", [
    (NodeError("/g/b", "save_state() failed: ValueError: no"), "two: /g/b: save_state() failed"),
    (OSError(28, "No space left on device"), "two: [Errno 28] No space left"),
])
def test_a_saver_that_fails_is_named_and_nothing_of_it_is_left(
        members, saved_nodes, run_virtual, checkpoint, files, error, said):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=2), three=saved_nodes(c=3))
    run_virtual(run["lead"].control.save_here())
    run["two"].nodes.error = error
    run["lead"].nodes.states["a"] = NodeState(values={"number": 10})
    assert run_virtual(run["lead"].control.save_here()) is False
    assert said in run["lead"].control.unsaved and "not written to" in run["lead"].control.unsaved
    assert checkpoint() == {"a": 1, "b": 2, "c": 3}
    assert files() == ["state.1.json"] * 3
    run["two"].nodes.error = None
    assert run_virtual(run["lead"].control.save_here()) is True
    assert checkpoint() == {"a": 10, "b": 2, "c": 3}
    assert run["lead"].control.unsaved == ""


def test_the_leaders_own_nodes_may_fail_too(members, saved_nodes, run_virtual, checkpoint):
    run = members(lead=saved_nodes(a=1))
    run["lead"].nodes.states["a"] = NodeState(values={"number": object()})
    assert run_virtual(run["lead"].control.save_here()) is False
    assert "node a: what it saves cannot be written" in run["lead"].control.unsaved
    assert checkpoint() is None


def test_who_never_answers_is_named_after_a_while_with_who_fails(
        members, saved_nodes, run_virtual, virtual_loop, network):
    run = members(lead=saved_nodes(a=1), dead=saved_nodes(b=2), bad=saved_nodes(c=3))
    network.cut.add("dead")
    run["bad"].nodes.error = OSError("it broke")
    began = virtual_loop.time()
    assert run_virtual(run["lead"].control.save_here()) is False
    assert virtual_loop.time() - began == pytest.approx(30.0)
    assert run["lead"].control.unsaved.endswith(": no answer from dead; bad: it broke")


def test_nodes_that_do_not_come_to_an_end_with_their_states(members, saved_nodes, run_virtual):
    run = members(lead=saved_nodes(a=1))
    run["lead"].nodes.seconds = 1e9
    assert run_virtual(run["lead"].control.save_here()) is False
    assert "have not given their states within 30 s" in run["lead"].control.unsaved


def test_a_late_answer_to_a_failed_try_is_not_taken_for_the_next(
        members, saved_nodes, run_virtual, virtual_loop, network, checkpoint, files):
    """The slow process writes its old state while the next checkpoint is under way."""
    run = members(lead=saved_nodes(a=1), slow=saved_nodes(b=1))
    run["slow"].nodes.seconds = 29.0
    network.delay = lambda sender, receiver, topic, message: 2.0 if sender == "slow" else 0.0

    async def main():
        assert not await run["lead"].control.save_here()  # the answer is there after 31 s
        run["slow"].nodes.seconds = 0.0
        for nodes, name in ((run["lead"].nodes, "a"), (run["slow"].nodes, "b")):
            nodes.states[name] = NodeState(values={"number": 2})
        assert await run["lead"].control.save_here()
        await asyncio.sleep(100)

    run_virtual(main())
    assert checkpoint() == {"a": 2, "b": 2}
    assert set(files()) == {"state.2.json"}


def test_who_is_found_again_and_hears_all_again_changes_nothing(
        members, saved_nodes, run_virtual, network, checkpoint):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1))

    async def main():
        assert await run["lead"].control.save_here()
        run["two"].nodes.states["b"] = NodeState(values={"number": 2})
        network.tell_again("two")
        await asyncio.sleep(10)

    run_virtual(main())
    assert checkpoint() == {"a": 1, "b": 1}
    assert run["two"].nodes.asked == [True]


def test_who_hears_a_request_twice_keeps_what_it_has_answered_with(
        members, saved_nodes, run_virtual, network, checkpoint):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1), slow=saved_nodes(c=1))
    run["slow"].nodes.seconds = 20.0

    async def main():
        saving = asyncio.ensure_future(run["lead"].control.save_here())
        await asyncio.sleep(1)
        run["two"].nodes.states["b"] = NodeState(values={"number": 2})
        network.tell_again("two")
        assert await saving

    run_virtual(main())
    assert checkpoint() == {"a": 1, "b": 1, "c": 1}


def test_who_joins_late_does_not_answer_what_is_settled(
        members, saved_nodes, run_virtual, network, checkpoint):
    nodes = {"lead": saved_nodes(a=1), "two": saved_nodes(b=1)}
    run = members(**nodes)

    async def main():
        assert await run["lead"].control.save_here()
        assert await run["lead"].control.save_here()
        network.forget("two")
        nodes["two"] = saved_nodes(b=2)  # a process that was killed and started again
        members(joining="two", **nodes)
        await asyncio.sleep(10)

    run_virtual(main())
    assert checkpoint() == {"a": 1, "b": 1}
    assert nodes["two"].asked == []


def test_who_joins_late_answers_what_the_leader_waits_for(
        members, saved_nodes, run_virtual, network, checkpoint):
    nodes = {"lead": saved_nodes(a=1), "two": saved_nodes(b=1)}
    run = members(**nodes)

    async def main():
        network.forget("two")
        saving = asyncio.ensure_future(run["lead"].control.save_here())
        await asyncio.sleep(5)
        members(joining="two", **nodes)
        assert await saving

    run_virtual(main())
    assert checkpoint() == {"a": 1, "b": 1}


def test_many_may_answer_while_the_leader_is_busy(
        members, saved_nodes, run_virtual, network, checkpoint):
    """A queue for ten messages would lose the answers of all others."""
    run = members(lead=saved_nodes(a=1), **{f"p{i}": saved_nodes() for i in range(40)})

    async def main():
        saving = asyncio.ensure_future(run["lead"].control.save_here())
        await asyncio.sleep(0)
        network.deaf.add("lead")
        await asyncio.sleep(20)
        network.listen("lead")
        assert await saving

    run_virtual(main())
    assert checkpoint() == {"a": 1}


def test_another_process_has_the_leader_write(
        members, saved_nodes, run_virtual, network, checkpoint, manifest):
    """Two that announce boundaries in two processes: one writes at a time, and only the leader."""
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1), announcers=2)
    run["two"].nodes.seconds = run["lead"].nodes.seconds = 1.0

    async def main():
        return await asyncio.gather(*(member.control.save_here() for member in run.values()))

    assert run_virtual(main()) == [True, True]
    assert checkpoint() == {"a": 1, "b": 1} and manifest()["generation"] == 2
    assert manifest()["aligned"] is False  # where one stands still, the other need not
    senders = {sender for sender, _, message in network.said
               if json.loads(message)["say"] == "save"}
    assert senders == {"lead"}


def test_a_wish_that_the_leader_does_not_hear(members, saved_nodes, run_virtual, network):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1))
    network.cut.add("lead")
    assert run_virtual(run["two"].control.save_here()) is False


def test_only_the_leader_is_obeyed(members, saved_nodes, run_virtual, network, checkpoint):
    """Another process that takes itself for the leader, with the run's id."""
    known = {"run": "run 1", "process": "three"}
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1), three=saved_nodes(c=1))

    async def main():
        await network.hear(
            TOPIC, {**known, "say": "save", "id": "x", "folder": "", "generation": 7,
                    "aligned": True},
            {**known, "say": "save_result", "id": "x", "written": True}, sender="three")
        assert await run["lead"].control.save_here()

    run_virtual(main())
    assert run["two"].nodes.asked == [True] and checkpoint() == {"a": 1, "b": 1, "c": 1}


def test_the_best_state_goes_to_a_folder_of_its_own(members, saved_nodes, run_virtual, checkpoint):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=2))

    async def main():
        assert await run["lead"].control.save_here("best")
        run["two"].nodes.states["b"] = NodeState(values={"number": 3})
        assert await run["lead"].control.save_here()

    run_virtual(main())
    assert checkpoint("best") == {"a": 1, "b": 2} and checkpoint() == {"a": 1, "b": 3}


@pytest.mark.parametrize("order", range(8))
def test_a_bus_that_delays_at_random_gives_whole_checkpoints(
        members, saved_nodes, run_virtual, network, checkpoint, order):
    """Each state counts up with each checkpoint: numbers of one checkpoint are all the same."""
    chance = random.Random(order)
    network.delay = lambda *_: chance.choice([0.0, 0.1, 5.0, 40.0])
    run = members(lead=saved_nodes(a=0), two=saved_nodes(b=0), three=saved_nodes(c=0))
    outcomes = Counter()

    async def main():
        for number in range(1, 20):
            for member, name in zip(run.values(), "abc"):
                member.nodes.states[name] = NodeState(values={"number": number})
                member.nodes.seconds = chance.choice([0.0, 0.0, 1.0])
            written = await run["lead"].control.save_here()
            outcomes[written] += 1
            await asyncio.sleep(chance.choice([0.0, 0.0, 50.0]))
            if written:
                assert checkpoint() == dict.fromkeys("abc", number)
        await asyncio.sleep(200)

    run_virtual(main())
    assert outcomes[True] and outcomes[False]
    assert len(set(checkpoint().values())) == 1


def test_strangers_on_the_topic_end_nothing(
        members, saved_nodes, run_virtual, network, checkpoint):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1))
    known = {"run": "run 1", "process": "lead"}
    texts = [b"", b"\xff", b"{", b"[]", b"1", b"[" * 100_000, {}]
    texts += [{**known, **content} for content in (
        {}, {"say": 1}, {"say": "dance"}, {"say": "over"}, {"say": "save"},
        {"say": "save", "id": "x", "folder": "../..", "generation": 1, "aligned": True},
        {"say": "save", "id": "x", "folder": "", "generation": float("inf"), "aligned": True},
        {"say": "save", "id": [], "folder": "", "generation": 1, "aligned": True},
        {"say": "save_result", "id": "x"}, {"run": "run 2", "say": "over", "reason": "x"},
        {"process": "stranger", "say": "over", "reason": "x"})]
    texts += [{**known, "process": "two", **content} for content in (
        {"say": "saved", "id": "x", "nodes": "a", "statements": [], "error": ""},
        {"say": "saved", "id": "x", "nodes": [], "statements": [3], "error": ""},
        {"say": "save_wish", "id": "x", "folder": 3, "aligned": True}, {"process": [1]})]

    async def main():
        await network.hear(TOPIC, *texts)
        assert await run["lead"].control.save_here()

    run_virtual(main())
    assert checkpoint() == {"a": 1, "b": 1}
    assert not any(member.control.ended.is_set() for member in run.values())
    assert all("means nothing" in warning for warning in run["lead"].status.warnings)
