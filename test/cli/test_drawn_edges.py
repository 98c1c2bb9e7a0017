"""What tools see of a graph: its edges, from node to node, in every placement, and no more."""

import json
from collections import Counter

import pytest
from rqt_graph import picture
from std_msgs.msg import Float64

from dnne_ros.bench.mnist import write_random_digits
from dnne_ros.catalogue.catalogue import BUILT_IN, Catalogue
from dnne_ros.graph.building import build_graph
from dnne_ros.workflow.reading import read_workflow

SPY = """
from dnne_ros.runtime.edges.public_topic import PublicTopic

publish = PublicTopic.publish

def publish_and_tell(topic, message):
    with open({file!r}, "a") as file:
        file.write(topic.name + "\\n")
    publish(topic, message)

PublicTopic.publish = publish_and_tell
"""
BY_HAND = {
    "cartpole_ppo": {"simulate": ["1", "4", "5"], "act": ["2", "3"], "show": ["7"]},
    "mnist_mlp": {"data": ["1", "2", "3"], "count": ["11"]},
    "cartpole_on_robot": {"see": ["8"], "act": ["3", "5"]},
}
PLACES = ["fused", pytest.param("split", marks=pytest.mark.slow), "by hand"]


@pytest.fixture
def arguments(request, tmp_path):
    """Return what a workflow needs to run, and goes on until it is ended."""
    def make(workflow):
        if workflow == "mnist_mlp":
            for prefix in ("train", "t10k"):
                write_random_digits(tmp_path, prefix, 32)
            return ("--set", f"1.data_path={tmp_path}", "--set", "2.batch_size=8",
                    "--set", "11.max_epochs=1000000")
        if workflow == "cartpole_on_robot":
            return ("--inference", "--load-checkpoint-dir", request.getfixturevalue("trained"))
        return ("--set", "1.num_envs=8")
    return make


@pytest.fixture
def start(start_run, repository, arguments, tmp_path):
    """Start a workflow that writes down what it publishes: the run, its edges, the file."""
    def begin(workflow, place, *more):
        if place == "by hand":
            place = tmp_path / "place.json"
            place.write_text(json.dumps({"processes": BY_HAND[workflow]}))
        file, spy = tmp_path / "published", tmp_path / "spy.py"
        file.touch()
        spy.write_text(SPY.format(file=str(file)))
        path = repository / "config" / "workflows" / f"{workflow}.json"
        run = start_run(path, *arguments(workflow), "--place", place, "--quiet", "--nodes", spy,
                        *more)
        return run, edges_of(path), file
    return begin


def edges_of(path):
    """Return (node, topic, node that subscribes) of each edge of the graph, by full names."""
    catalogue = Catalogue(BUILT_IN)
    workflow, problems = read_workflow(str(path), catalogue.signature)
    graph = build_graph(workflow, catalogue, problems)
    names = {id: f"/{graph.namespace}/{node.ros_name}" for id, node in graph.nodes.items()}
    return Counter((names[edge.source.node], f"/{graph.namespace}/{graph.topic(edge.source)}",
                    names[edge.target.node]) for edge in graph.edges)


def endpoints(node):
    """Return (node, topic, node that subscribes) for each two endpoints on topics not hidden."""
    def names(infos):
        return [f"{each.node_namespace.rstrip('/')}/{each.node_name}" for each in infos]

    return Counter(
        (source, topic, end) for topic, _ in node.get_topic_names_and_types()
        if "/_" not in topic  # by ROS' own rule
        for source in names(node.get_publishers_info_by_topic(topic))
        for end in names(node.get_subscriptions_info_by_topic(topic)))


def is_drawn(node, edges):
    """Tell whether the graph calls and rqt_graph's picture show these edges and no others."""
    seen = picture(node)
    return endpoints(node) == edges and seen is not None and seen.lines == edges.keys()


@pytest.mark.parametrize("workflow", BY_HAND)
@pytest.mark.parametrize("place", PLACES)
def test_each_edge_is_drawn_and_nothing_else(start, ros_loop, workflow, place):
    run, edges, published = start(workflow, place)
    looker = ros_loop.node("looker")
    ros_loop.run(ros_loop.until(lambda: is_drawn(looker, edges)), run)
    seen = picture(looker)
    assert seen.nodes == {"/looker", *(each[0] for each in edges), *(each[2] for each in edges)}
    assert not seen.red
    if workflow == "cartpole_ppo":  # the others may be through or wait
        run.until(lambda: "mean return" in run.output, "what the display says")
    run.interrupt()
    assert run.wait() == 130, run.output
    assert not published.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("place", [
    "split", pytest.param("by hand", marks=pytest.mark.long)])
def test_a_process_that_starts_again_makes_nobody_publish(start, ros_loop, place):
    run, edges, published = start("cartpole_ppo", place, "--respawn")
    process = "display_7" if place == "split" else "show"
    looker = ros_loop.node("looker")
    topic = "/cartpole_ppo/ppo_trainer_6/mean_return"

    async def main():
        await ros_loop.until(lambda: is_drawn(looker, edges))
        before = run.child(process)
        before.kill()
        await ros_loop.until(lambda: (new := run.child(process)) and new.pid != before.pid)
        # Until DDS forgets it, what was killed is there beside what has taken its place.
        await ros_loop.until(lambda: len(looker.get_subscriptions_info_by_topic(topic)) == 2)
        await ros_loop.until(lambda: is_drawn(looker, edges))
        assert not published.read_text()
        heard = []
        looker.create_subscription(Float64, topic, heard.append, 10)
        await ros_loop.until(lambda: heard)

    ros_loop.run(main(), run)
    run.interrupt()
    assert run.wait() == 130, run.output
    assert set(published.read_text().split()) == {topic}
