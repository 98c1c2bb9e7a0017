"""A drawing whose nodes are put into a group node is the same graph."""

import copy
from pathlib import Path

from cartpole_drawings import graph_of, grouped
from hypothesis import given, settings, strategies as st

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.workflow.json_text import load_json

CONFIG = Path(__file__).parents[2] / "config" / "workflows"
DRAWINGS = [load_json(CONFIG / f"{name}.json") for name in ("cartpole_ppo", "mnist_mlp")]
CATALOGUE = Catalogue()


@settings(max_examples=20, deadline=None)
@given(st.data(), st.sampled_from(DRAWINGS))
def test_a_group_node_changes_nothing(data, drawing):
    plain = graph_of(drawing, Path("x.json"), CATALOGUE)
    ids = [node["id"] for node in drawing["nodes"]]
    chosen = data.draw(st.sets(st.sampled_from(ids), min_size=1))
    drawing = copy.deepcopy(drawing)
    host = grouped(drawing, chosen)
    found = graph_of(drawing, Path("x.json"), CATALOGUE)
    inside = {str(id): f"{host}:{host + number}" for number, id in enumerate(
        (id for id in ids if id in chosen), start=1)}
    assert {inside.get(id, id): node[:2] for id, node in plain["nodes"].items()} == {
        id: node[:2] for id, node in found["nodes"].items()}
    assert {(*(_moved(end, inside) for end in edge[:2]), *edge[2:]) for edge in plain["edges"]
            } == found["edges"]


def _moved(end, inside):
    node, _, port = end.partition(".")
    return f"{inside.get(node, node)}.{port}"
