"""The generated parameter file, read by rcl itself."""

from pathlib import Path

import pytest

from dnne_ros.catalogue.catalogue import Catalogue
from dnne_ros.catalogue.plugins import add_plugins_of_file
from dnne_ros.exporting.package import package_files
from dnne_ros.graph.building import build_graph
from dnne_ros.parameter_files.checking import check_parameter_file
from dnne_ros.placement.planning import place
from dnne_ros.workflow.reading import parse_workflow

TEXTS = ("", "on", "1", "1.5", "null", "~", "it's \"quoted\"", "two\nlines\r\n", "tab\t", "\\n",
         "${HOME} $(env HOME) {{ x }} {% y %}", "# no comment", ": - & * !!int", "é日本😀\u202e",
         "\x07\x1b\x85\u2028\ufeff", "x" * 5000, " spaces ")


@pytest.fixture
def written(tmp_path):
    """Return a function that writes the parameter file for a text, and its graph."""
    catalogue = Catalogue(())
    add_plugins_of_file(catalogue, Path(__file__).with_name("nodes_for_tests.py"))

    def write(text):
        workflow, problems = parse_workflow(
            {"1": {"class_type": "Speaker", "inputs": {"text": text, "on": True,
                                                       "amount": 1e-300, "count": -2**63}}},
            "talk", "talk.json", catalogue.signature)
        graph = build_graph(workflow, catalogue, problems)
        files = package_files(graph, place(graph), "talk", standalone=False)
        path = tmp_path / "talk.params.yaml"
        path.write_text(files["config/talk.params.yaml"], encoding="utf-8")
        return graph, path
    return write


@pytest.mark.parametrize("text", TEXTS, ids=[ascii(text)[:20] for text in TEXTS])
def test_rcl_reads_the_same_values(written, text):
    rclpy = pytest.importorskip("rclpy")
    graph, path = written(text)
    check_parameter_file(path, graph, "/robot/talk")
    context = rclpy.Context()
    rclpy.init(args=["--ros-args", "--params-file", str(path)], context=context)
    try:
        node = rclpy.create_node("speaker_1", namespace="/robot/talk", context=context,
                                 automatically_declare_parameters_from_overrides=True)
        for name, value in graph.nodes["1"].values.items():
            found = node.get_parameter(name).value
            assert (found, type(found)) == (value, type(value))
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


def test_a_graph_without_values_has_a_file_too(export, tmp_path):
    rclpy = pytest.importorskip("rclpy")
    nodes = tmp_path / "plain.py"
    nodes.write_text("from dnne_ros.node_api.node import Node\n\n\n"
                     'class Plain(Node):\n    """Have no widgets."""\n')
    workflow = tmp_path / "one.json"
    workflow.write_text('{"1": {"class_type": "Plain", "inputs": {}}}')
    package = export(workflow, "--nodes", str(nodes))
    context = rclpy.Context()
    rclpy.init(args=package.parameters, context=context)
    rclpy.shutdown(context=context)


def test_every_value_is_explained(written):
    _, path = written("hello")
    text = path.read_text(encoding="utf-8")
    assert "    # A small number.\n    # A number of at least 0.0. Default: 1.0e-05;" in text
    assert '    text: "hello"' in text
    assert "    'on': true" in text
