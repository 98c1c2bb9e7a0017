"""Which nodes of a recording can run again, and what is said of the others."""

from types import SimpleNamespace

import pytest

from dnne_ros.errors import InputError
from dnne_ros.recording.about import ports_of
from dnne_ros.replaying.plan import plan


def recording(graph, *without, also=()):
    """Return a recording of ``graph`` that lacks some nodes, and all of their items."""
    nodes = {}
    for node in graph.nodes.values():
        if node.id not in without:
            ports = ports_of(graph, node)
            nodes[node.ros_name] = SimpleNamespace(
                type=node.type.type_name, inputs=ports["inputs"], outputs=ports["outputs"])
    nodes |= dict.fromkeys(also)
    return SimpleNamespace(nodes=nodes, holds=lambda name, port: name in nodes)


def test_a_whole_recording_runs_again(cartpole_graph):
    found = plan(cartpole_graph, recording(cartpole_graph), "ppo_agent_3", "run.mcap")
    assert "3" in found.nodes


def test_a_process_that_was_killed_before_it_wrote_anything_makes_no_other_graph(cartpole_graph):
    with pytest.raises(InputError) as error:
        plan(cartpole_graph, recording(cartpole_graph, "2"), "or_2,ppo_agent_3", "run.mcap")
    assert "or_2: nothing of it is in the recording: its process has ended" in str(error.value)
    assert "items of or_2/output are not in the recording (its process has" in str(error.value)
    assert "--record-edges" not in str(error.value)
    assert "another graph" not in str(error.value)


def test_a_recording_of_another_graph_is_named(cartpole_graph):
    with pytest.raises(InputError, match="it is a recording of another graph"):
        plan(cartpole_graph, recording(cartpole_graph, "2", also=["camera_9"]), "or_2", "run.mcap")
