from collections import Counter
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings, strategies as st

from dnne_ros.graph.drawing import draw

SVG = "{http://www.w3.org/2000/svg}"
NODES = {"1": ("Source", {"position": (-300.0, 40.0), "size": (500.0, 90.0)}),
         "2": ("Scale", {"position": (400.0, -80.5), "title": "Gain"}), "3": "Display"}
LINKS = ["1.tensor > 2.value", "2.scaled > 3.value"]


def drawn(graph, process_of=None):
    svg = draw(graph, process_of or dict.fromkeys(graph.nodes, "main"))
    return ElementTree.fromstring(svg)


def texts(root):
    return [element.text for element in root.iter(SVG + "text")]


def edge_lines(root):
    return {line.find(SVG + "title").text: line for line in root.iter(SVG + "path")}


def test_every_node_port_and_edge_is_there(build):
    graph = build(NODES, LINKS)
    root = drawn(graph)
    found = texts(root)
    for text in ("SourceNode", "Gain", "DisplayNode", "/my_graph/source_1", "/my_graph/scale_2",
                 "/my_graph/display_3", "value", "scaled", "tensor", "TENSOR · latest",
                 "TENSOR · lossless", "process main"):
        assert text in found, text
    ports = sum(len(node.type.inputs) + len(node.type.outputs) for node in graph.nodes.values())
    assert len(list(root.iter(SVG + "circle"))) == ports
    assert set(edge_lines(root)) == {
        "source_1/tensor → scale_2/value: TENSOR float32, lossless, capacity 100, local",
        "scale_2/scaled → display_3/value: TENSOR float32, latest, capacity 100, local"}


def test_the_sample_graph(cartpole):
    root = drawn(cartpole)
    assert len(edge_lines(root)) == len(cartpole.edges)
    names = Counter(texts(root))
    assert all(names[f"/cartpole_ppo/{node.ros_name}"] == 1 for node in cartpole.nodes.values())


def test_nodes_keep_their_places_and_the_others_stand_below(build):
    root = drawn(build(NODES, LINKS))
    places = [(float(rect.get("x")), float(rect.get("y")), float(rect.get("width")))
              for rect in root.iter(SVG + "rect") if rect.get("stroke-width")]
    assert places[:2] == [(-300.0, 40.0, 500.0), (400.0, -80.5, 240.0)]
    assert places[2][1] > 40.0 + 90.0


def test_a_graph_without_any_place(build):
    places = {rect.get("x") for rect in drawn(build(
        {"1": "Source", "2": "Scale"}, ["1.tensor > 2.value"])).iter(SVG + "rect")
        if rect.get("stroke-width")}
    assert len(places) == 2


def test_everything_lies_inside_the_picture(build):
    root = drawn(build(NODES, LINKS))
    left, top, width, height = map(float, root.get("viewBox").split())
    for rect in root.iter(SVG + "rect"):
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        assert left <= x and top <= y and x + w <= left + width and y + h <= top + height


def test_edges_show_whether_they_cross_or_are_implied(build):
    graph = build(NODES, LINKS)
    root = drawn(graph, {"1": "sim", "2": "learn", "3": "learn"})
    lines = edge_lines(root)
    crossing = next(line for title, line in lines.items() if title.endswith("between processes"))
    inside = next(line for title, line in lines.items() if title.endswith("local"))
    assert crossing.get("stroke-dasharray") and not inside.get("stroke-dasharray")
    assert {"process sim", "process learn"} <= set(texts(root))
    colors = [rect.get("stroke") for rect in root.iter(SVG + "rect") if rect.get("stroke-width")]
    assert colors[1] == colors[2] != colors[0]


def test_groups_are_drawn_as_frames(build):
    root = drawn(build(NODES, LINKS, groups=[("Learning <&>", (0.0, 0.0, 300.0, 200.0))]))
    assert "Learning <&>" in texts(root)


@pytest.mark.parametrize("title", [
    "<script>alert(1)</script>", "a & b", "\0\x1b]]>", "\ud800", "\ufffe", "x" * 10_000, "日本語",
    "&lt;", '"\'', "\u202e"])
def test_hostile_titles_give_a_well_formed_picture(build, title):
    root = drawn(build({"1": ("Source", {"title": title})}, name=title,
                       groups=[(title, (0.0, 0.0, 10.0, 10.0))]))
    assert not list(root.iter(SVG + "script"))
    assert "/graph/source_1" in texts(root) or len(texts(root)) > 3


@given(st.text(st.characters(), max_size=30))
@settings(max_examples=100)
def test_any_title(build, title):
    drawn(build({"1": ("Source", {"title": title})}, groups=[(title, (0.0, 0.0, 10.0, 10.0))]))
