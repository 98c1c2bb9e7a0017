"""What an editor sends to a server is read as the graph in it."""

import pytest

GRAPH = {"1": {"class_type": "IsaacGymEnvNode", "inputs": {"num_envs": 8}},
         "2": {"class_type": "ORNode", "inputs": {"input_b": ["1", 1]}}}
CANVAS = {"nodes": [{"id": 1, "type": "IsaacGymEnvNode", "pos": [3, 4], "size": [5, 6],
                     "widgets_values": ["Cartpole", 99],
                     "properties": {"dnne_ros": {"process": "sim"}}}, 5],
          "links": [[1, 1, 0, 7, 0, "*"]],
          "groups": [{"title": "All", "bounding": [0, 1, 2, 3]}]}


@pytest.mark.parametrize("body", [
    {"client_id": "x", "prompt": GRAPH, "extra_data": {"extra_pnginfo": {"workflow": CANVAS}}},
    {"output": GRAPH, "workflow": CANVAS}])
def test_graph_counts_and_the_canvas_adds_places_and_options(parse, body):
    parsed = parse(body)
    assert parsed.problems == []
    assert parsed.links == {("1.observations", "2.input_b")}
    world = parsed.nodes["1"]
    assert (world.widgets, world.position, world.size, world.options) == (
        {"num_envs": 8}, (3.0, 4.0), (5.0, 6.0), {"process": "sim"})
    assert [group.title for group in parsed.workflow.groups] == ["All"]
    assert parsed.nodes["2"].position is None


@pytest.mark.parametrize("extra", [{}, {"extra_data": None}, {"extra_data": {"extra_pnginfo": 3}}])
def test_body_without_a_canvas(parse, extra):
    parsed = parse({"prompt": GRAPH, **extra})
    assert (parsed.links, parsed.problems) == ({("1.observations", "2.input_b")}, [])
