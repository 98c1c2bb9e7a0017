"""Debuggers that die, two at once, processes that are killed: the stop stays, and is known."""

import json
import signal
from pathlib import Path

import numpy as np

NODES = Path(__file__).parents[1] / "cli" / "fault_nodes.py"


def test_who_has_stopped_a_run_is_known_when_the_debugger_is_dead(
        ros_loop, start_paused, start_command, attach, cartpole, tmp_path):
    run = start_paused(cartpole)
    debugger = start_command("dnne_ros", "debug", folder=tmp_path)

    def say(*words):
        command = start_command("dnne_ros", *words, folder=tmp_path)
        assert command.wait() == 0, command.output
        return command.output

    async def main():
        graph = await attach("another")
        await ros_loop.until(lambda: "paused by --paused" in debugger.output)
        await graph.do("go")
        await graph.do("pause")
        debugger.process.send_signal(signal.SIGKILL)

    ros_loop.run(main(), run)
    assert "/cartpole_ppo   1 process" in (top := say("top", "--once"))
    assert "paused by another" in top
    assert "the run is paused by another until run.paused is false" in run.output
    assert "/cartpole_ppo: goes on" in say("debug", "go")
    run.until(lambda: "the run goes on" in run.output.rpartition("by another")[2], "it goes on")


def test_two_debuggers_see_each_other_and_the_same_run(ros_loop, start_paused, attach, cartpole):
    run = start_paused(cartpole)

    async def main():
        one, two = await attach("one"), await attach("two")
        await one.state()
        assert (await two.state())["others"] == ["one"]
        await one.do("break", "ppo_trainer_6/reward", "number == 3")
        await two.do("watch", "ppo_trainer_6/reward")
        await two.do("go")
        stopped, seen = await one.stopped(None), await two.state()
        assert stopped["why"] == seen["why"]
        assert [each["id"] for each in seen["breakpoints"]] == [1, 2]
        assert [each["by"] for each in stopped["breakpoints"]] == ["one", "two"]
        await one.do("clear", "1")
        await two.do("clear", "2")
        await one.leave()
        assert (await two.state())["others"] == [] == (await two.state())["breakpoints"]

    ros_loop.run(main(), run)


def test_a_process_that_is_killed_at_a_stop_comes_back_to_it(
        ros_loop, start_paused, attach, tmp_path):
    written, count = tmp_path / "written", 60
    wanted = [n + 0.5 for n in range(count) if n % 7]
    graph_file = tmp_path / "graph.json"
    graph_file.write_text(json.dumps({
        "1": {"class_type": "Arrays", "inputs": {"count": count, "size": 10}},
        "2": {"class_type": "AddHalf", "inputs": {"array": ["1", 0]}},
        "3": {"class_type": "WriteArrays", "inputs": {
            "file": str(written), "rests": False, "array": ["2", 0]}}}))
    run = start_paused(graph_file, "--nodes", NODES, "--place", "split", "--respawn", settings=())

    def found():
        data = written.read_bytes() if written.exists() else b""
        return np.frombuffer(data[:len(data) // 16 * 16], "<f8").reshape(-1, 2)[:, 0].tolist()

    async def main():
        graph = await attach()
        await graph.do("break", "2/array", "number == 30")
        await graph.do("go")
        state = await graph.stopped(None)
        assert [each["number"] for each in state["items"] if each["why"]] == [30]
        old = next(each for name, each in run.children().items() if name.startswith("add"))
        old.kill()
        await ros_loop.until(lambda: any(
            name.startswith("add") and each.pid != old.pid
            for name, each in run.children().items()))
        graph = await attach("again")
        state = await graph.state()
        assert state["paused"] and [each["condition"] for each in state["breakpoints"]] == [
            "number == 30"]
        await graph.do("go")  # it did not have the item when it died, so it comes again
        state = await graph.stopped(None)
        assert [each["number"] for each in state["items"] if each["why"]] == [30]
        await graph.do("clear", "all")
        await graph.do("go")
        await ros_loop.until(lambda: len(found()) >= len(wanted))

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert found() == wanted


BAD = [
    (["break", "ppo_trainer/reward"], "the nearest: ppo_trainer_6"),
    (["break", "ppo_trainer_6/rewrd"], "has no linked port 'rewrd'; the nearest: reward"),
    (["break", "ppo_trainer_6/reward", "if", "reward", "<"], "character 9: expected"),
    (["brake", "ppo_trainer_6"], "brake: expected a graph, a file, a flight record or one of"),
    (["graph.json"], "there is no such file"), (["step", "ppo_trainer_6", "0"], "from 1"),
    (["clear", "3"], "expected 'all' or the number of a breakpoint (there are none)"),
    (["pause", "now"], "expected pause or pause boundary"), (["--graph", "none", "go"], "no word"),
    ([str(Path(__file__).parent)], "expected the folder of a flight record")]


def test_what_means_nothing_is_refused(start_paused, start_command, cartpole, tmp_path):
    run = start_paused(cartpole)
    run.until(lambda: "paused by --paused" in run.output, "the run")
    commands = [start_command("dnne_ros", "debug", *words, folder=tmp_path) for words, _ in BAD]
    for command, (words, problem) in zip(commands, BAD, strict=True):
        assert command.wait() == (1 if problem == "no word" else 2), (words, command.output)
        assert problem in command.output and "Traceback" not in command.output
    assert "the run goes on" not in run.output
