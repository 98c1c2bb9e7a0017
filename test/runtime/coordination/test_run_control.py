"""How processes end a run together, whoever says so or is gone, and what is saved before."""

import asyncio
import json

import pytest

from dnne_ros.node_api.checkpoint_trigger import CheckpointTrigger


@pytest.fixture
def manifest(tmp_path):
    """Return what the checkpoint says of itself; None if there is none."""
    def read():
        path = tmp_path / "c" / "checkpoint.json"
        return json.loads(path.read_text()) if path.exists() else None
    return read


@pytest.fixture
def fused(members, saved_nodes):
    return members(lead=saved_nodes(a=1))["lead"]


@pytest.fixture
def pair(members, saved_nodes):
    return members(lead=saved_nodes(a=1), two=saved_nodes(b=1))


def test_a_stop_before_the_first_boundary_saves_what_there_is(fused, run_virtual, manifest):
    run_virtual(fused.control.stop("duration"))
    assert fused.control.ended.is_set() and fused.control.reason == "duration"
    assert manifest()["aligned"] is False and fused.control.unsaved == ""


def test_a_stop_waits_a_moment_for_the_next_boundary(fused, run_virtual, manifest):
    async def train():
        for epoch in range(100):
            await asyncio.sleep(0.4)
            await fused.control.boundary(epoch, None).reached()

    async def main():
        training = asyncio.ensure_future(train())
        await asyncio.sleep(1.0)
        await fused.control.stop("interrupted")
        training.cancel()

    run_virtual(main())
    assert manifest()["aligned"] is True and manifest()["generation"] == 1
    assert fused.control.reason == "interrupted"


def test_boundaries_that_do_not_come_are_not_waited_for(
        fused, run_virtual, virtual_loop, manifest):
    fused.control.boundary(1, None)
    began = virtual_loop.time()
    run_virtual(fused.control.stop("interrupted"))
    assert virtual_loop.time() - began == pytest.approx(1.0)
    assert manifest()["aligned"] is False


def test_a_stop_does_not_replace_what_a_boundary_is_still_saving(
        fused, run_virtual, manifest):
    """The state of a boundary fits together; one that is saved behind it would not."""
    fused.nodes.seconds = 5.0

    async def main():
        fused.control.boundary(1, None)
        stop = asyncio.ensure_future(fused.control.stop("interrupted"))
        await asyncio.sleep(0.5)
        boundary = asyncio.ensure_future(fused.control.boundary(2, None).reached())
        await stop
        await asyncio.sleep(30)
        assert not boundary.done()

    run_virtual(main())
    assert fused.nodes.asked == [True]
    assert manifest()["aligned"] is True and manifest()["generation"] == 1


def test_a_stop_during_a_checkpoint_ends_the_run_there(fused, run_virtual, manifest):
    fused.nodes.seconds = 5.0
    trigger = CheckpointTrigger("epoch", "1")

    async def main():
        boundary = asyncio.ensure_future(fused.control.boundary(1, None, trigger).reached())
        await asyncio.sleep(1)
        await fused.control.stop("interrupted")
        assert not boundary.done()  # nobody goes on

    run_virtual(main())
    assert fused.nodes.asked == [True] and manifest()["aligned"] is True


def test_a_save_that_breaks_in_an_unforeseen_way_still_ends_the_run(
        members, saved_nodes, run_virtual):
    fused = members(lead=saved_nodes(a=1), settings={"seed": 1j})["lead"]  # is no JSON
    with pytest.raises(TypeError):
        run_virtual(fused.control.stop("interrupted"))
    assert fused.control.ended.is_set()
    assert "no checkpoint was written to" in fused.control.unsaved


def test_a_goal_that_is_reached_saves_and_ends(members, saved_nodes, run_virtual, manifest):
    member = members(lead=saved_nodes(a=1), settings={"until_return": 10.0})["lead"]

    async def main():
        await member.control.boundary(1, 9.0).reached()
        last = asyncio.ensure_future(member.control.boundary(2, 10.0).reached())
        await member.control.ended.wait()
        assert not last.done()

    run_virtual(main())
    assert member.control.reason == "until_return" and manifest()["generation"] == 1


@pytest.mark.parametrize("limit, metric", [
    ("max_updates", "total_updates"), ("max_env_steps", "total_env_steps"),
    ("max_env_steps", "env_steps")])
def test_a_limit_ends_the_run_at_the_boundary_at_which_it_is_reached(
        members, saved_nodes, run_virtual, manifest, limit, metric):
    member = members(lead=saved_nodes(a=1), settings={limit: 100})["lead"]

    async def main():
        for count in (40, 80):
            member.control.report({metric: count})
            await member.control.boundary(count, None).reached()
        member.control.report({metric: 120})
        assert not member.control.ended.is_set()
        last = asyncio.ensure_future(member.control.boundary(120, None).reached())
        await member.control.ended.wait()
        assert not last.done()

    run_virtual(main())
    assert member.control.reason == limit and manifest()["aligned"] is True


def test_environment_steps_without_boundaries_end_a_run_as_they_are_reported(
        members, saved_nodes, run_virtual, manifest):
    member = members(lead=saved_nodes(a=1),
                     settings={"max_env_steps": 100, "inference": True})["lead"]

    async def main():
        member.control.report({"env_steps": 99})
        await asyncio.sleep(5)
        assert not member.control.ended.is_set()
        member.control.report({"env_steps": 130})
        await member.control.ended.wait()

    run_virtual(main())
    assert member.control.reason == "max_env_steps" and manifest() is None


@pytest.mark.parametrize("who", ["lead", "two"])
def test_whoever_stops_all_end_and_the_state_of_all_is_saved(
        pair, run_virtual, manifest, who):
    run_virtual(pair[who].control.stop("seen"))
    for member in pair.values():
        run_virtual(member.control.ended.wait())
        assert member.control.reason == "seen"
    assert set(manifest()["nodes"]) == {"a", "b"}


@pytest.mark.parametrize("seconds", [2.0, 25.0])
def test_a_checkpoint_that_takes_long_is_waited_for_by_all(
        pair, run_virtual, manifest, seconds):
    """All are told to stop at the same time, as a supervisor does."""
    pair["two"].nodes.seconds = seconds

    async def main():
        await asyncio.gather(*(member.control.stop("duration") for member in pair.values()))

    run_virtual(main())
    assert manifest() is not None and set(manifest()["nodes"]) == {"a", "b"}
    assert pair["lead"].control.unsaved == ""


def test_a_leader_that_is_gone_is_not_waited_for(pair, run_virtual, virtual_loop, network):
    network.cut.add("lead")
    began = virtual_loop.time()
    run_virtual(pair["two"].control.stop("interrupted"))
    assert pair["two"].control.ended.is_set()
    assert virtual_loop.time() - began <= 3.0 + 1e-6


def test_a_leader_that_dies_while_it_saves_is_given_up(pair, run_virtual, virtual_loop, network):
    pair["lead"].nodes.seconds = 20.0

    async def main():
        saving = asyncio.ensure_future(pair["lead"].control.stop("interrupted"))
        stop = asyncio.ensure_future(pair["two"].control.stop("interrupted"))
        await asyncio.sleep(2)
        network.cut.add("lead")
        await stop
        saving.cancel()

    run_virtual(main())
    assert pair["two"].control.ended.is_set()


def test_a_process_that_leaves_while_others_save_is_not_waited_for(
        pair, run_virtual, virtual_loop, manifest):
    pair["two"].nodes.seconds = 1e6
    began = virtual_loop.time()

    async def main():
        saving = asyncio.ensure_future(pair["lead"].control.save_here())
        await asyncio.sleep(1)
        pair["two"].control.end("gone")
        await pair["lead"].control.ended.wait()
        assert not await saving

    run_virtual(main())
    assert virtual_loop.time() - began < 2.0
    assert "two: it has left" in pair["lead"].control.unsaved and manifest() is None


def test_an_end_that_another_process_decides_waits_for_what_is_being_written(
        members, saved_nodes, run_virtual, manifest):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1))
    run["lead"].nodes.seconds = 5.0

    async def main():
        saving = asyncio.ensure_future(run["lead"].control.save_here())
        await asyncio.sleep(1)  # the other one has answered by now
        run["two"].control.end("over there")
        await run["lead"].control.ended.wait()
        assert saving.done() and saving.result()

    run_virtual(main())
    assert run["lead"].control.reason == "over there" and manifest()["generation"] == 1


def test_when_a_process_has_failed_nobody_waits_for_a_checkpoint_of_all(
        pair, run_virtual, virtual_loop, network, manifest):
    network.cut.add("two")
    began = virtual_loop.time()
    run_virtual(pair["lead"].control.stop("failed"))
    run_virtual(pair["two"].control.stop("failed"))
    assert virtual_loop.time() == began and manifest() is None
    assert "a process of the run has failed" in pair["lead"].control.unsaved


def test_a_run_that_never_began_has_nothing_to_save(
        members, saved_nodes, run_virtual, virtual_loop, manifest):
    member = members(lead=saved_nodes(a=1), two=saved_nodes(b=1), begun=False)["lead"]
    began = virtual_loop.time()
    run_virtual(member.control.stop("interrupted"))
    assert virtual_loop.time() == began and manifest() is None
    assert "the run ended before it had begun" in member.control.unsaved


def test_what_was_not_to_be_saved_is_not_missed(members, saved_nodes, run_virtual):
    run = members(lead=saved_nodes(a=1), two=saved_nodes(b=1), directory=None)
    trigger = CheckpointTrigger("epoch", "1")

    async def main():
        for epoch in range(3):
            await run["lead"].control.boundary(epoch, None, trigger).reached()
        await run["lead"].control.stop("duration")

    run_virtual(main())
    assert run["lead"].nodes.asked == [] and run["lead"].control.unsaved == ""
    assert len(run["lead"].status.warnings) == 1
    assert "no --save-checkpoint-dir" in run["lead"].status.warnings[0]


def test_every_trigger_is_asked_and_both_kinds_are_saved(fused, run_virtual, tmp_path):
    fused.control.save_when(CheckpointTrigger("epoch", "2"))
    best = CheckpointTrigger("best_metric", "0")

    async def main():
        for epoch, metric in ((1, 5.0), (2, 4.0), (3, 6.0)):
            await fused.control.boundary(epoch, metric, best).reached()

    run_virtual(main())
    directories = [saved["directory"] for saved in fused.status.of("saved")]
    assert directories == [str(tmp_path / "c" / folder) for folder in ("best", "", "best")]


@pytest.mark.parametrize("value,saved", [("max", [1, 3]), ("min", [1, 2])])
def test_the_best_is_the_highest_score_or_the_lowest_loss(fused, run_virtual, value, saved):
    best, epochs = CheckpointTrigger("best_metric", value), []

    async def main():
        for epoch, metric, loss in ((1, 5.0, 0.5), (2, 4.0, 0.4), (3, 6.0, 0.6)):
            boundary = fused.control.boundary(epoch, metric, best, loss=loss)
            if boundary.saves:
                epochs.append(epoch)
            await boundary.reached()

    run_virtual(main())
    assert epochs == saved


@pytest.mark.parametrize("lost", ["stop", "stopping", "over"])
def test_a_lost_word_does_not_keep_anybody(pair, run_virtual, network, lost):
    network.drops = lambda sender, receiver, topic, message: json.loads(message)["say"] == lost

    async def main():
        await asyncio.gather(*(member.control.stop("duration") for member in pair.values()))

    run_virtual(main())
    assert all(member.control.ended.is_set() for member in pair.values())
