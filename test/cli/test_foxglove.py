"""``dnne-ros run --foxglove``: a split run at one address, for a viewer of the protocol."""

import json
import re
import socket

import pytest

pytest.importorskip("foxglove", reason="needs foxglove-sdk")
pytest.importorskip("websockets", reason="needs websockets")

from viewers import Viewer

RETURN = "/cartpole_ppo/ppo_trainer_6/mean_return"
STEPS = "/cartpole_ppo/isaac_gym_step_4/observations"
RATE = "/cartpole_ppo/ppo_trainer_6.learning_rate"


def layout_paths(repository):
    """Yield the message paths of the layout that ships, as (topic, field)."""
    layout = json.loads((repository / "config/foxglove/cartpole_ppo.json").read_text())

    def panels(part):
        return [part] if isinstance(part, str) else [
            each for side in ("first", "second") for each in panels(part[side])]

    assert sorted(panels(layout["layout"])) == sorted(layout["configById"])
    for panel in layout["configById"].values():
        if "topicToRender" in panel:
            yield panel["topicToRender"], ""
        for path in panel.get("paths", ()):
            topic, _, field = path["value"].partition(".")
            yield topic, field.partition("[")[0]


def test_a_split_run_is_shown_at_one_address_and_outlives_who_shows_it(
        start_run, cartpole, repository, ros_loop):
    run = start_run(cartpole, "--place", "split", "--foxglove", "0", "--set", "1.num_envs=64")
    run.until_progress()
    port = int(run.until(lambda: re.search(
        r"/cartpole_ppo is shown at ws://127\.0\.0\.1:(\d+)$", run.output, re.MULTILINE))[1])
    outside = ros_loop.node("outside")

    def watchers(topic):
        return [end.node_name for end in outside.get_subscriptions_info_by_topic(topic)
                if "foxglove" in end.node_name]

    async def watch():
        viewer = await Viewer.connect(port)
        for topic, field in layout_paths(repository):
            await viewer.until(lambda topic=topic: topic in viewer.channels)
            schema = viewer.channels[topic]["schema"].partition("=")[0]
            assert not field or re.search(rf" {field}$", schema, re.MULTILINE), (topic, field)
        await viewer.follow_graph()
        await viewer.until(lambda: viewer.graph["publishedTopics"].get(STEPS) == [
            "/cartpole_ppo/isaac_gym_step_4"])
        assert viewer.graph["subscribedTopics"][STEPS] == [
            "/cartpole_ppo/or_2", "/cartpole_ppo/ppo_trainer_6"]
        # Nodes of several processes.
        for topic in (RETURN, STEPS, "/diagnostics"):
            await viewer.subscribe(topic)
            await viewer.until(lambda topic=topic: viewer.messages.get(topic))
        assert (await viewer.set(**{RATE: 0.002})) == {RATE: 0.002}
        assert (await viewer.set(**{RATE: -1})) == {RATE: 0.002}
        await viewer.until(lambda: any(RATE in text for text in viewer.statuses))
        await ros_loop.until(lambda: watchers(STEPS))
        await viewer.unsubscribe(STEPS)
        await ros_loop.until(lambda: not watchers(STEPS))
        assert watchers(RETURN)
        await viewer.close()

    ros_loop.run(watch(), run)
    server, = (process for name, process in run.children().items() if name.startswith("python"))
    server.kill()
    run.until(lambda: "warning: --foxglove: nobody can watch any more" in run.output)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert run.report["updates"] > 0


@pytest.mark.parametrize("text, said", [
    ("{taken}", r"--foxglove 127\.0\.0\.1:\d+: cannot listen at 127\.0\.0\.1:\d+: Address"),
    ("many", r"expected PORT or HOST:PORT, a port from 0 to 65535, found 'many'")])
def test_an_address_that_is_none_or_taken_ends_the_run_before_it_starts(
        command, cartpole, tmp_path, text, said):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command("run", cartpole, "--foxglove", text.format(taken=taken.getsockname()[1]),
                       "--report", tmp_path / "r.json")
    assert done.returncode == 2
    assert re.search(said, done.stderr), done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "r.json").exists()


def test_a_namespace_that_no_graph_can_have_is_one_error(command):
    done = command("foxglove", "/a'b", "--at", "0")
    assert done.returncode == 2 and "expected a namespace such as /cartpole" in done.stderr
    assert "Traceback" not in done.stderr
